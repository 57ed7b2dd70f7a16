/** What the order's machine asks of its work, and what it makes of facts and outcomes: pure functions of the context. */
import {
  addLines,
  amountOf,
  bySku,
  dueMinor,
  keptLines,
  nextParcel,
  paidMinor,
  unsentLines,
} from './order-lines.ts';
import type {
  LineQuantity,
  OrderCommand,
  OrderContext,
  OrderFact,
  ParcelStatus,
  Payment,
  PaymentOutcome,
  Return,
  Shipment,
  ShippingOutcome,
  ValidationOutcome,
} from './order-types.ts';

type Fact<TType extends OrderFact['type']> = Extract<OrderFact, { type: TType }>;

/** Units of a product, or the money of a refund, as the work of a stage takes them. */
export interface Units {
  sku: string;
  quantity: number;
}
export interface RefundRequest {
  chargeKey: string;
  refundKey: string;
  amountMinor: number;
}

/** What is left to hold after units were cancelled, and what is too much paid. */
export interface Adjustment {
  keep: Units[];
  /** The parcel that may be on its way to being booked, when nothing is left to send. */
  recallKey?: string;
  refund?: RefundRequest;
}

/** What comes back: the goods that can be sold again, and the money for them. */
export interface TakeBack {
  returnKey: string;
  restock: Units[];
  refund?: RefundRequest;
}

const SENT: readonly ParcelStatus[] = ['booked', 'pickedUp', 'inTransit', 'delivered'];

/** The idempotency key of the present attempt to charge. */
export const chargeKey = ({ input, chargeAttempt }: OrderContext): string =>
  `${input.orderId}.charge.${chargeAttempt}`;

/** The idempotency key of that parcel, counted from 1. */
const shipmentKey = ({ input }: OrderContext, parcel: number): string =>
  `${input.orderId}.shipment${parcel === 1 ? '' : `.${parcel}`}`;

const parcels = ({ shipments }: OrderContext): number => shipments?.length ?? 0;

/** The means to pay with; undefined when there is none, or the last one was declined. */
export const paymentTokenOf = ({ input, paymentToken }: OrderContext): string | undefined =>
  paymentToken === undefined ? input.paymentToken : (paymentToken ?? undefined);

/** What a charge is made with. */
export const chargeInput = (context: OrderContext) => ({
  chargeKey: chargeKey(context),
  amountMinor: context.chargeMinor ?? dueMinor(context),
  paymentToken: paymentTokenOf(context) ?? '',
});

/** What a parcel is booked with. */
export function bookingInput(context: OrderContext): { shipmentKey: string; lines?: LineQuantity[] } {
  const lines = nextParcel(context);
  return { shipmentKey: shipmentKey(context, parcels(context) + 1), ...(lines && { lines }) };
}

/** Every parcel booked, and the one that may be on its way to being so. */
export const recallInput = (context: OrderContext) => ({
  shipmentKeys: Array.from({ length: parcels(context) + 1 }, (_, index) => shipmentKey(context, index + 1)),
});

/** The parcel with its booking, after the earlier ones. */
export function booked(
  context: OrderContext,
  {
    shipmentId,
    carrier,
    trackingNumber,
    status = 'booked',
  }: Extract<ShippingOutcome, { type: 'shipment.booked' }>,
): Shipment[] {
  const lines = nextParcel(context);
  const shipment = {
    shipmentId,
    carrier,
    trackingNumber,
    status,
    ...(lines && { lines }),
  };
  return [...(context.shipments ?? []), shipment];
}

const partialRefundKey = ({ input }: OrderContext, count: number) => `${input.orderId}.refund.${count}`;

/** Whether the money has come in. */
export const isPaid = ({ payment }: OrderContext): boolean =>
  payment !== undefined && payment.status !== 'pending';

/** What was captured beyond what is due now, in minor units. */
export const overpaidMinor = (context: OrderContext): number =>
  Math.max(0, paidMinor(context.payment) - dueMinor(context));

/** What the cancelling of units asks of stock and money. */
export function adjustmentInput(context: OrderContext): Adjustment {
  const keep = bySku(context.input, keptLines(context));
  const none = bySku(
    context.input,
    context.input.lines.map((_, index) => ({ line: index + 1, quantity: 0 })),
  );
  const kept = new Map(keep.map(({ sku, quantity }) => [sku, quantity]));
  const amountMinor = isPaid(context) ? overpaidMinor(context) : 0;
  const recallKey = shipmentKey(context, parcels(context) + 1);
  return {
    ...(unsentLines(context).length === 0 && { recallKey }),
    keep: none.map(({ sku }) => ({ sku, quantity: kept.get(sku) ?? 0 })),
    ...(amountMinor > 0 && {
      refund: {
        chargeKey: chargeKey(context),
        refundKey: partialRefundKey(context, (context.refunds ?? 0) + 1),
        amountMinor,
      },
    }),
  };
}

/** What a return asks of stock and money. */
export function takeBackInput(context: OrderContext): TakeBack {
  const { lines, restock, amountMinor } = context.returning ?? { lines: [], restock: false, amountMinor: 0 };
  const count = context.refunds ?? 1;
  return {
    returnKey: `${context.input.orderId}.return.${count}`,
    restock: restock ? bySku(context.input, lines) : [],
    ...(amountMinor > 0 && {
      refund: { chargeKey: chargeKey(context), refundKey: partialRefundKey(context, count), amountMinor },
    }),
  };
}

/** The return that a command begins: never more money than is left. */
export function returnOf(
  context: OrderContext,
  command: Extract<OrderCommand, { type: 'order.return' | 'order.refund' }>,
): Return {
  const reason = command.reason === undefined ? {} : { reason: command.reason };
  if (command.type === 'order.refund')
    return { lines: [], restock: false, amountMinor: command.amountMinor, ...reason };
  const { lines, restock } = command;
  const amountMinor = Math.min(amountOf(context.input, lines), paidMinor(context.payment));
  return { lines, restock, amountMinor, ...reason };
}

/** The context after a return is settled. */
export function afterReturn(context: OrderContext, refundedMinor: number): Partial<OrderContext> {
  const lines = context.returning?.lines ?? [];
  return {
    returning: undefined,
    ...(lines.length > 0 && { returned: addLines(context.returned, lines) }),
    ...refunded(context, refundedMinor),
  };
}

/** The context after a return whose money an operator has given back by other means than the gateway. */
export function returnedByHand(context: OrderContext): Partial<OrderContext> {
  const amountMinor = context.returning?.amountMinor ?? 0;
  const after = afterReturn(context, amountMinor);
  if (amountMinor === 0 || after.payment === undefined) return after;
  const byHandMinor = (context.payment?.byHandMinor ?? 0) + amountMinor;
  return { ...after, payment: { ...after.payment, byHandMinor } };
}

/** The money as it stands after that much more was given back. */
export function refunded({ payment }: OrderContext, amountMinor: number): Pick<OrderContext, 'payment'> {
  if (payment === undefined || amountMinor === 0) return {};
  const refundedMinor = payment.refundedMinor + amountMinor;
  const status = refundedMinor >= payment.capturedMinor ? 'refunded' : 'partlyRefunded';
  return { payment: { ...payment, refundedMinor, status } };
}

/** The money when all of it was given back, which may have come in without the order hearing of it. */
export const undone = ({ payment }: OrderContext, amountMinor: number): Pick<OrderContext, 'payment'> =>
  payment === undefined || amountMinor === 0
    ? {}
    : { payment: { ...payment, status: 'refunded', capturedMinor: amountMinor, refundedMinor: amountMinor } };

/** What a refusal by validation ends the order as. */
export const rejectedFor = (outcome: ValidationOutcome): Partial<OrderContext> =>
  outcome.type === 'order.refused' ? { ending: 'rejected', reason: outcome.reason } : {};

/** What a decline is remembered as: as the order's end, or as the reason why it waits. */
export const declinedFor = (
  outcome: PaymentOutcome,
  ending: 'declined' | undefined,
): Partial<OrderContext> =>
  outcome.type === 'payment.declined' ? { ...(ending && { ending }), reason: outcome.reason } : {};

/** A payment that has come in. */
export const receive = ({ paymentId, amountMinor }: { paymentId: string; amountMinor: number }): Payment => ({
  paymentId,
  status: 'captured',
  capturedMinor: amountMinor,
  refundedMinor: 0,
});

/** Whether the fact is news of that parcel: it only ever goes forwards, and not on from where it is delivered or lost. */
function isNewsOf(parcel: Shipment, { trackingNumber, status }: Partial<Fact<'shipment.tracked'>>): boolean {
  if (parcel.trackingNumber !== trackingNumber || status === undefined) return false;
  if (parcel.status === 'delivered' || parcel.status === 'lost') return false;
  return status === 'lost' || SENT.indexOf(status) > SENT.indexOf(parcel.status);
}

/** Whether the fact is news of any parcel: what operators send together can have one number. */
export const advances = ({ shipments }: OrderContext, fact: Partial<Fact<'shipment.tracked'>>): boolean =>
  shipments?.some((parcel) => isNewsOf(parcel, fact)) === true;

/** The parcels after that fact. */
export const track = ({ shipments }: OrderContext, fact: Fact<'shipment.tracked'>): Shipment[] =>
  (shipments ?? []).map((parcel) => (isNewsOf(parcel, fact) ? { ...parcel, status: fact.status } : parcel));
