/** The order's states until it is paid: its stock is held, its money taken, or it waits for one of both. */
import { and, assign } from 'xstate';
import { orderSetup } from './order-setup.ts';
import {
  attention,
  cancel,
  cancelLines,
  cancelLinesNow,
  cancelUnlessSent,
  endAs,
  failed,
  failedMeanwhile,
  hold,
  holdNow,
  settled,
  settledMeanwhile,
} from './order-transitions.ts';
import {
  adjustmentInput,
  chargeInput,
  chargeKey,
  declinedFor,
  receive,
  refunded,
  rejectedFor,
} from './order-work.ts';

const validating = orderSetup.createStateConfig({
  invoke: {
    id: 'validation',
    src: 'validation.check',
    input: ({ context }) => ({ orderId: context.input.orderId }),
    onDone: [
      {
        guard: ({ event }) => event.output.type === 'stock.held',
        target: 'proceeding',
        actions: assign(({ event: { output } }) =>
          output.type === 'stock.held' ? { held: output.held } : {},
        ),
      },
      {
        guard: ({ event }) => event.output.type === 'order.refused' && event.output.heldSome,
        target: 'releasing',
        actions: assign(({ event }) => rejectedFor(event.output)),
      },
      { target: 'notifying', actions: assign(({ event }) => rejectedFor(event.output)) },
    ],
    onError: attention('validating'),
  },
  on: { 'order.cancel': cancel, 'order.cancelLines': cancelLines, 'order.hold': hold },
});

const adjusting = orderSetup.createStateConfig({
  invoke: {
    id: 'adjustment',
    src: 'compensation.adjust',
    input: ({ context }) => adjustmentInput(context),
    onDone: {
      target: 'proceeding',
      actions: assign(({ context, event }) => ({
        adjust: undefined,
        refunds: (context.refunds ?? 0) + 1,
        ...refunded(context, event.output.refundedMinor),
      })),
    },
    onError: attention('adjusting'),
  },
  on: {
    'order.cancel': cancelUnlessSent,
    'order.hold': hold,
    'payment.settled': settledMeanwhile,
    'payment.failed': failedMeanwhile,
  },
});

const charging = orderSetup.createStateConfig({
  entry: ['beginCharge', 'beginWaiting'],
  invoke: {
    id: 'payment',
    src: 'payment.capture',
    input: ({ context }) => chargeInput(context),
    onDone: [
      {
        guard: ({ event }) => event.output.type === 'payment.captured',
        target: 'proceeding',
        actions: assign(({ event: { output } }) =>
          output.type === 'payment.captured' ? { payment: receive(output) } : {},
        ),
      },
      {
        guard: ({ event }) => event.output.type === 'payment.pending',
        target: 'proceeding',
        actions: assign(({ event: { output } }) =>
          output.type === 'payment.pending'
            ? { payment: { ...receive({ ...output, amountMinor: 0 }), status: 'pending' as const } }
            : {},
        ),
      },
      {
        guard: 'waitsAfterDecline',
        target: 'proceeding',
        actions: [assign(({ event }) => declinedFor(event.output, undefined)), 'nextAttempt'],
      },
      { target: 'releasing', actions: assign(({ event }) => declinedFor(event.output, 'declined')) },
    ],
    onError: attention('charging'),
  },
  after: {
    'payment.overdue': {
      target: 'undoing',
      actions: endAs('declined', 'payment_overdue', 'The payment was not settled in time.'),
    },
  },
  on: {
    'order.cancel': cancel,
    'order.cancelLines': cancelLines,
    'order.hold': hold,
    'payment.settled': settled,
    'payment.failed': failed,
  },
});

const awaitingPayment = orderSetup.createStateConfig({
  entry: 'beginWaiting',
  after: { 'payment.expired': 'settling' },
  on: {
    'order.pay': { guard: 'payable', target: 'charging', actions: 'rememberToken' },
    'order.cancel': cancel,
    'order.cancelLines': cancelLinesNow,
    'order.hold': holdNow,
    'payment.settled': settled,
    'payment.failed': failed,
  },
});

/** A last look before a payment is given up: the money may have come, and its news been lost. */
const settling = orderSetup.createStateConfig({
  invoke: {
    id: 'settlement',
    src: 'payment.settle',
    input: ({ context }) => ({ chargeKey: chargeKey(context) }),
    onDone: [
      {
        guard: ({ event }) => event.output.type === 'payment.captured',
        target: 'proceeding',
        actions: assign(({ event: { output } }) =>
          output.type === 'payment.captured' ? { payment: receive(output), failure: undefined } : {},
        ),
      },
      {
        guard: and(['paymentFailed', 'waitsAfterDecline']),
        target: 'proceeding',
        actions: ['takeFailure', 'nextAttempt'],
      },
      { guard: 'paymentFailed', target: 'releasing', actions: ['takeFailure', 'endDeclined'] },
      {
        target: 'releasing',
        actions: endAs('expired', 'payment_expired', 'The order was not paid in time.'),
      },
    ],
    onError: attention('settling'),
  },
  on: { 'order.cancel': cancel, 'payment.settled': settled },
});

const onHold = orderSetup.createStateConfig({
  on: {
    'order.resume': { target: 'proceeding', actions: 'forgetHold' },
    'order.cancel': cancelUnlessSent,
    'order.cancelLines': cancelLinesNow,
    'payment.settled': settledMeanwhile,
    'payment.failed': failedMeanwhile,
  },
});

/** The states of an order until it is paid. */
export const paying = { validating, adjusting, charging, awaitingPayment, settling, onHold };
