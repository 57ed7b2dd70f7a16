/** The vocabulary of the order's machine: its work, deadlines, conditions and what it remembers. */
import { assign, fromPromise, setup } from 'xstate';
import {
  addLines,
  dueMinor,
  handedOver,
  keptLines,
  paidMinor,
  returnableLines,
  unitsOf,
  unsentLines,
  within,
} from './order-lines.ts';
import type {
  AdjustmentOutcome,
  ConfirmationOutcome,
  Ending,
  LineQuantity,
  LocationOutcome,
  NoticeOutcome,
  OrderCommand,
  OrderContext,
  OrderFact,
  OrderInput,
  PaymentOutcome,
  RecallOutcome,
  RefundOutcome,
  ReleaseOutcome,
  ReturnOutcome,
  ShippingOutcome,
  StuckState,
  ValidationOutcome,
} from './order-types.ts';
import {
  type Adjustment,
  advances,
  chargeKey,
  isPaid,
  overpaidMinor,
  paymentTokenOf,
  receive,
  returnOf,
  type TakeBack,
  track,
} from './order-work.ts';

const DAY_MS = 86_400_000;

/** Work is declared here by its shapes alone; a processor in `src/jobs` of the same name does it. */
function work<TOutcome, TInput>() {
  return fromPromise<TOutcome, TInput>(() =>
    Promise.reject(new Error('An invocation runs as a job, never inside the machine.')),
  );
}

type OrderEvent = OrderCommand | OrderFact;
type Given<TType extends OrderEvent['type']> = Extract<OrderEvent, { type: TType }>;

/** A condition on a command: without the command's fields it asks whether there is any that would do. */
const asks =
  <TType extends OrderEvent['type']>(
    _type: TType,
    holds: (context: OrderContext, event: Partial<Given<TType>>) => boolean,
  ) =>
  ({ context, event }: { context: OrderContext; event: OrderEvent }) =>
    holds(context, event as Partial<Given<TType>>);

/** Whether the lines asked for are among the available ones; with none asked for, whether there are any. */
const among = (asked: readonly LineQuantity[] | undefined, available: readonly LineQuantity[]) =>
  asked === undefined ? available.length > 0 : within(asked, available);

const sentInPart = ({ shipments }: OrderContext) => shipments?.some(handedOver) === true;

/** Cancelling the last unit by lines is refused while nothing was sent: that is what `order.cancel` is for. */
function cancellable(context: OrderContext, asked: readonly LineQuantity[] | undefined): boolean {
  const unsent = unsentLines(context);
  const lines = asked ?? unsent.slice(0, 1).map(({ line }) => ({ line, quantity: 1 }));
  if (!within(lines, unsent)) return false;
  const cancelled = addLines(context.cancelled, lines);
  return keptLines({ input: context.input, cancelled }).length > 0;
}

/** When the event came, in milliseconds since 1970, as the runtime says it. */
const timeOf = (event: object) => (event as { at?: number }).at;

/** How long an unpaid order still keeps its stock: what is left of one wait, however often it is taken up again. */
function unpaidTimeLeftMs({ input, unpaidSinceMs }: OrderContext, nowMs: number | undefined): number {
  const wholeMs = input.policy.unpaidExpiryMs ?? DAY_MS;
  if (unpaidSinceMs === undefined || nowMs === undefined) return wholeMs;
  return Math.max(0, unpaidSinceMs + wholeMs - nowMs);
}

/** XState's setup of the order machine; its states are in `order-machine.ts`. */
export const orderSetup = setup({
  types: {
    input: {} as OrderInput,
    context: {} as OrderContext,
    events: {} as OrderEvent,
    tags: {} as 'settled',
  },
  // An invocation's source is `queue.verb`: the part before the dot names its Bull queue.
  actors: {
    'validation.check': work<ValidationOutcome, { orderId: string }>(),
    'payment.capture': work<
      PaymentOutcome,
      { chargeKey: string; amountMinor: number; paymentToken: string }
    >(),
    'payment.settle': work<PaymentOutcome, { chargeKey: string }>(),
    'shipping.book': work<ShippingOutcome, { shipmentKey: string; lines?: LineQuantity[] }>(),
    'shipping.locate': work<LocationOutcome, { shipmentKey: string; lines?: LineQuantity[] }>(),
    'confirmation.send': work<ConfirmationOutcome, { messageKey: string }>(),
    'confirmation.close': work<{ type: 'stock.sold' }, { orderId: string }>(),
    'confirmation.notify': work<NoticeOutcome, { messageKey: string; template: Ending | 'refunded' }>(),
    'compensation.adjust': work<AdjustmentOutcome, Adjustment>(),
    'compensation.recall': work<RecallOutcome, { shipmentKeys: string[] }>(),
    'compensation.refund': work<RefundOutcome, { chargeKey: string; refundKey: string }>(),
    'compensation.release': work<ReleaseOutcome, { orderId: string }>(),
    'compensation.takeback': work<ReturnOutcome, TakeBack>(),
  },
  delays: {
    'payment.overdue': ({ context }) => context.input.policy.paymentOverdueMs,
    'payment.expired': ({ context, event }) => unpaidTimeLeftMs(context, timeOf(event)),
    'shipping.overdue': ({ context }) => context.input.policy.shippingOverdueMs,
  },
  guards: {
    mustAdjust: ({ context }) => context.adjust === true || (isPaid(context) && overpaidMinor(context) > 0),
    onHold: ({ context }) => context.hold !== undefined,
    paid: ({ context }) => isPaid(context),
    chargeBegun: ({ context }) => context.chargeMinor !== undefined,
    unpayable: ({ context }) =>
      context.payment?.status === 'pending' || paymentTokenOf(context) === undefined,
    waitsAfterDecline: ({ context }) => context.input.onDecline === 'wait',
    nothingToSend: ({ context }) => unsentLines(context).length === 0,
    byHand: ({ context }) => context.input.fulfilment === 'manual',
    nothingHandedOver: ({ context }) => !sentInPart(context),
    sentInPart: ({ context }) => sentInPart(context),
    notCancelledYet: ({ context }) => context.ending !== 'cancelled',
    cancellableLines: asks('order.cancelLines', (context, { lines }) => cancellable(context, lines)),
    cancelsRest: asks(
      'order.cancelLines',
      (context, { lines = unsentLines(context) }) =>
        context.stuckIn === 'shipping' &&
        cancellable(context, lines) &&
        unitsOf(lines) === unitsOf(unsentLines(context)),
    ),
    payable: ({ context }) => context.payment === undefined,
    sendable: asks('order.ship', (context, { lines }) => among(lines, unsentLines(context))),
    returnable: asks('order.return', (context, { lines }) => among(lines, returnableLines(context))),
    refundable: asks(
      'order.refund',
      ({ payment }, { amountMinor = 1 }) => amountMinor >= 1 && amountMinor <= paidMinor(payment),
    ),
    settlesThisCharge: asks(
      'payment.settled',
      (context, event) => !isPaid(context) && event.chargeKey === chargeKey(context),
    ),
    paymentFailed: ({ context }) => context.failure !== undefined,
    failsThisCharge: asks(
      'payment.failed',
      (context, event) => !isPaid(context) && event.chargeKey === chargeKey(context),
    ),
    advancesParcel: asks('shipment.tracked', advances),
    parcelLost: ({ context }) =>
      context.shipments?.some(({ status, settled }) => status === 'lost' && !settled) === true,
    everythingDelivered: ({ context }) =>
      context.shipments !== undefined &&
      context.shipments.length > 0 &&
      context.shipments.every(({ status }) => status === 'delivered'),
    everythingReturned: ({ context }) => returnableLines(context).length === 0,
    endsRejected: ({ context }) => context.ending === 'rejected',
    endsDeclined: ({ context }) => context.ending === 'declined',
    endsExpired: ({ context }) => context.ending === 'expired',
    canBeUndone: ({ context }) =>
      !['confirming', 'returning'].includes(context.stuckIn ?? '') && !sentInPart(context),
    stuckForMoney: ({ context }) => context.stuckIn === 'charging' || context.stuckIn === 'settling',
    givesBackByHand: ({ context }) => context.stuckIn === 'returning',
    stuckIn: ({ context }, state: StuckState) => context.stuckIn === state,
  },
  actions: {
    endAs: assign((_, to: { ending: Ending; code: string; detail: string }) => ({
      ending: to.ending,
      reason: { code: to.code, detail: to.detail },
    })),
    beStuckIn: assign(({ context }, at: { state: StuckState }) => ({
      stuckIn: at.state,
      ...(context.ending === undefined && {
        reason: { code: 'attempts_used_up', detail: `The work of ${at.state} failed at every attempt.` },
      }),
    })),
    /** Only an error has words; a deadline and a refusal have none. */
    noteTrouble: assign(({ event }) => ({
      trouble: (event as { error?: { message?: string } }).error?.message,
    })),
    beginWaiting: assign(({ context, event }) => ({
      unpaidSinceMs: context.unpaidSinceMs ?? timeOf(event),
    })),
    rememberCancel: assign(({ event }) => ({
      ending: 'cancelled' as const,
      reason: {
        code: 'cancelled_by_request',
        detail: ('reason' in event && (event.reason as string)) || 'The order was cancelled on request.',
      },
    })),
    rememberHold: assign(({ event }) => ({
      hold: { reason: (event as Given<'order.hold'>).reason },
    })),
    forgetHold: assign({ hold: undefined }),
    /** What an operator has taken in hand is no reason any more, but for an order that ends. */
    forgetTrouble: assign(({ context }) => ({
      trouble: undefined,
      ...(context.ending === undefined && { reason: undefined }),
    })),
    cancelLines: assign(({ context, event }) => ({
      cancelled: addLines(context.cancelled, (event as Given<'order.cancelLines'>).lines),
      adjust: true,
    })),
    beginCharge: assign(({ context }) => ({
      chargeMinor: context.chargeMinor ?? dueMinor(context),
      reason: undefined,
    })),
    /** Only after a definite decline: the next charge is another one. */
    nextAttempt: assign(({ context }) => ({
      chargeAttempt: context.chargeAttempt + 1,
      chargeMinor: undefined,
      payment: undefined,
      paymentToken: null,
    })),
    rememberFailure: assign(({ event }) => ({ failure: (event as Given<'payment.failed'>).reason })),
    takeFailure: assign(({ context }) => ({ reason: context.failure, failure: undefined })),
    endDeclined: assign({ ending: () => 'declined' as const }),
    rememberToken: assign(({ event }) => ({ paymentToken: (event as Given<'order.pay'>).token })),
    settlePayment: assign(({ event }) => ({
      payment: receive(event as Given<'payment.settled'>),
      failure: undefined,
    })),
    /** What was barred before it came in was no payment. */
    forgetPendingPayment: assign(({ context }) =>
      context.payment?.status === 'pending' ? { payment: undefined } : {},
    ),
    sendByHand: assign(({ context, event }) => {
      const { carrier, trackingNumber, lines = unsentLines(context) } = event as Given<'order.ship'>;
      const earlier = context.shipments ?? [];
      const shipmentId = `${context.input.orderId}.byhand.${earlier.length + 1}`;
      return {
        shipments: [...earlier, { shipmentId, carrier, trackingNumber, status: 'pickedUp' as const, lines }],
      };
    }),
    trackParcel: assign(({ context, event }) => ({
      shipments: track(context, event as Given<'shipment.tracked'>),
    })),
    settleLostParcels: assign(({ context }) => ({
      shipments: (context.shipments ?? []).map((shipment) =>
        shipment.status === 'lost' ? { ...shipment, settled: true } : shipment,
      ),
    })),
    beginReturn: assign(({ context, event }) => ({
      refunds: (context.refunds ?? 0) + 1,
      returning: returnOf(context, event as Given<'order.return' | 'order.refund'>),
    })),
  },
});
