/** The first version of the order's machine: orders placed under it run on here until they are migrated. */
import { assign, fromPromise, setup } from 'xstate';
import type {
  ConfirmationOutcome,
  OrderInput,
  PaymentOutcome,
  Reason,
  RecallOutcome,
  RefundOutcome,
  ReleaseOutcome,
  ShippingOutcome,
  ValidationOutcome,
} from './order-types.ts';

type Ending = 'rejected' | 'declined' | 'cancelled';
type Command = { type: 'order.cancel'; reason?: string } | { type: 'order.retry' };

/** What version 1 remembers beyond its state. */
export interface OrderContextV1 {
  orderId: string;
  policy: { paymentOverdueMs: number; shippingOverdueMs: number };
  chargeAttempt: number;
  payment?: { paymentId: string; status: 'captured' | 'refunded' };
  shipment?: { shipmentId: string; carrier: string; trackingNumber: string };
  confirmation?: { messageId: string };
  ending?: Ending;
  reason?: Reason;
  stuckIn?: 'recalling' | 'refunding' | 'releasing' | 'confirming';
}

/** Work is declared here by its shapes alone; a processor in `src/jobs` of the same name does it. */
function work<TOutcome, TInput>() {
  return fromPromise<TOutcome, TInput>(() =>
    Promise.reject(new Error('An invocation runs as a job, never inside the machine.')),
  );
}

const machineSetup = setup({
  types: {
    input: {} as OrderInput,
    context: {} as OrderContextV1,
    events: {} as Command,
  },
  // An invocation's source is `queue.verb`: the part before the dot names its Bull queue.
  actors: {
    'validation.check': work<ValidationOutcome, { orderId: string }>(),
    'payment.capture': work<PaymentOutcome, { chargeKey: string }>(),
    'shipping.book': work<ShippingOutcome, { shipmentKey: string }>(),
    'confirmation.send': work<ConfirmationOutcome, { messageKey: string }>(),
    'compensation.recall': work<RecallOutcome, { shipmentKey: string }>(),
    'compensation.refund': work<RefundOutcome, { chargeKey: string; refundKey: string }>(),
    'compensation.release': work<ReleaseOutcome, { orderId: string }>(),
  },
  delays: {
    'payment.overdue': ({ context }) => context.policy.paymentOverdueMs,
    'shipping.overdue': ({ context }) => context.policy.shippingOverdueMs,
  },
  guards: {
    endsRejected: ({ context }) => context.ending === 'rejected',
    endsDeclined: ({ context }) => context.ending === 'declined',
    stuckInRecalling: ({ context }) => context.stuckIn === 'recalling',
    stuckInRefunding: ({ context }) => context.stuckIn === 'refunding',
    stuckInReleasing: ({ context }) => context.stuckIn === 'releasing',
  },
  actions: {
    endAs: assign((_, to: { ending: Ending; code: string; detail: string }) => ({
      ending: to.ending,
      reason: { code: to.code, detail: to.detail },
    })),
    beStuckIn: assign((_, at: { state: NonNullable<OrderContextV1['stuckIn']> }) => ({ stuckIn: at.state })),
    rememberCancel: assign(({ event }) => ({
      ending: 'cancelled' as const,
      reason: {
        code: 'cancelled_by_request',
        detail: ('reason' in event && event.reason) || 'The order was cancelled on request.',
      },
    })),
  },
});

const chargeKey = (context: OrderContextV1) => `${context.orderId}.charge.${context.chargeAttempt}`;
const shipmentKey = (context: OrderContextV1) => `${context.orderId}.shipment`;

/** What every compensating state does when its attempts are used up: it waits for an operator. */
const stuckIn = (state: NonNullable<OrderContextV1['stuckIn']>) =>
  ({ target: 'needsAttention', actions: { type: 'beStuckIn', params: { state } } }) as const;

const unavailable = (target: 'recalling' | 'refunding' | 'releasing', ending: Ending, stage: string) =>
  ({
    target,
    actions: {
      type: 'endAs',
      params: { ending, code: `${stage}_unavailable`, detail: `The ${stage} stage failed at every attempt.` },
    },
  }) as const;

const rejectedFor = (reason: Reason) => ({ ending: 'rejected' as const, reason });

/** Version 1 of the order machine: placed, validated, charged, shipped, confirmed, or undone exactly. */
export const orderMachineV1 = machineSetup.createMachine({
  id: 'order',
  version: '1',
  context: ({ input }) => ({ orderId: input.orderId, policy: input.policy, chargeAttempt: 1 }),
  initial: 'placed',
  states: {
    placed: { always: 'validating' },
    validating: {
      invoke: {
        id: 'validation',
        src: 'validation.check',
        input: ({ context }) => ({ orderId: context.orderId }),
        onDone: [
          { guard: ({ event }) => event.output.type === 'stock.held', target: 'charging' },
          {
            guard: ({ event }) => event.output.type === 'order.refused' && event.output.heldSome,
            target: 'releasing',
            actions: assign(({ event }) =>
              event.output.type === 'order.refused' ? rejectedFor(event.output.reason) : {},
            ),
          },
          {
            target: 'rejected',
            actions: assign(({ event }) =>
              event.output.type === 'order.refused' ? rejectedFor(event.output.reason) : {},
            ),
          },
        ],
        onError: unavailable('releasing', 'rejected', 'validation'),
      },
      on: { 'order.cancel': { target: 'releasing', actions: 'rememberCancel' } },
    },
    charging: {
      invoke: {
        id: 'payment',
        src: 'payment.capture',
        input: ({ context }) => ({ chargeKey: chargeKey(context) }),
        onDone: [
          {
            guard: ({ event }) => event.output.type === 'payment.captured',
            target: 'shipping',
            actions: assign(({ event }) =>
              event.output.type === 'payment.captured'
                ? { payment: { paymentId: event.output.paymentId, status: 'captured' as const } }
                : {},
            ),
          },
          {
            target: 'releasing',
            actions: assign(({ event }) =>
              event.output.type === 'payment.declined'
                ? { ending: 'declined' as const, reason: event.output.reason }
                : {},
            ),
          },
        ],
        onError: unavailable('refunding', 'declined', 'payment'),
      },
      after: {
        'payment.overdue': {
          target: 'refunding',
          actions: {
            type: 'endAs',
            params: {
              ending: 'declined',
              code: 'payment_overdue',
              detail: 'The payment was not settled in time.',
            },
          },
        },
      },
      on: { 'order.cancel': { target: 'refunding', actions: 'rememberCancel' } },
    },
    shipping: {
      invoke: {
        id: 'shipment',
        src: 'shipping.book',
        input: ({ context }) => ({ shipmentKey: shipmentKey(context) }),
        onDone: [
          {
            guard: ({ event }) => event.output.type === 'shipment.booked',
            target: 'confirming',
            actions: assign(({ event }) => {
              if (event.output.type !== 'shipment.booked') return {};
              const { shipmentId, carrier, trackingNumber } = event.output;
              return { shipment: { shipmentId, carrier, trackingNumber } };
            }),
          },
          {
            target: 'refunding',
            actions: assign(({ event }) =>
              event.output.type === 'shipment.refused' ? rejectedFor(event.output.reason) : {},
            ),
          },
        ],
        onError: unavailable('recalling', 'rejected', 'shipping'),
      },
      after: {
        'shipping.overdue': {
          target: 'recalling',
          actions: {
            type: 'endAs',
            params: {
              ending: 'rejected',
              code: 'shipping_overdue',
              detail: 'The carrier did not take the order in time.',
            },
          },
        },
      },
      on: { 'order.cancel': { target: 'recalling', actions: 'rememberCancel' } },
    },
    confirming: {
      invoke: {
        id: 'confirmation',
        src: 'confirmation.send',
        input: ({ context }) => ({ messageKey: `${context.orderId}.confirmation` }),
        onDone: {
          target: 'completed',
          actions: assign(({ event }) => ({ confirmation: { messageId: event.output.messageId } })),
        },
        onError: stuckIn('confirming'),
      },
    },
    recalling: {
      invoke: {
        id: 'recall',
        src: 'compensation.recall',
        input: ({ context }) => ({ shipmentKey: shipmentKey(context) }),
        onDone: 'refunding',
        onError: stuckIn('recalling'),
      },
    },
    refunding: {
      invoke: {
        id: 'refund',
        src: 'compensation.refund',
        input: ({ context }) => ({ chargeKey: chargeKey(context), refundKey: `${context.orderId}.refund` }),
        onDone: {
          target: 'releasing',
          actions: assign(({ context, event }) =>
            context.payment && event.output.refundedMinor > 0
              ? { payment: { ...context.payment, status: 'refunded' as const } }
              : {},
          ),
        },
        onError: stuckIn('refunding'),
      },
    },
    releasing: {
      invoke: {
        id: 'release',
        src: 'compensation.release',
        input: ({ context }) => ({ orderId: context.orderId }),
        onDone: [
          { guard: 'endsRejected', target: 'rejected' },
          { guard: 'endsDeclined', target: 'declined' },
          { target: 'cancelled' },
        ],
        onError: stuckIn('releasing'),
      },
    },
    needsAttention: {
      on: {
        'order.retry': [
          { guard: 'stuckInRecalling', target: 'recalling' },
          { guard: 'stuckInRefunding', target: 'refunding' },
          { guard: 'stuckInReleasing', target: 'releasing' },
          { target: 'confirming' },
        ],
      },
    },
    completed: { type: 'final' },
    rejected: { type: 'final' },
    declined: { type: 'final' },
    cancelled: { type: 'final' },
  },
});
