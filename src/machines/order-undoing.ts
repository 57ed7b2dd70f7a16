/** The order's states while it is undone, and where it waits for an operator. */
import { assign } from 'xstate';
import { orderSetup } from './order-setup.ts';
import {
  attention,
  cancel,
  cancelMeanwhile,
  cancelRest,
  failedWhileStuck,
  settledWhileStuck,
} from './order-transitions.ts';
import type { StuckState } from './order-types.ts';
import { chargeKey, recallInput, undone } from './order-work.ts';

const recalling = orderSetup.createStateConfig({
  invoke: {
    id: 'recall',
    src: 'compensation.recall',
    input: ({ context }) => recallInput(context),
    onDone: 'refunding',
    onError: attention('recalling'),
  },
  on: { 'order.cancel': cancelMeanwhile },
});

const refunding = orderSetup.createStateConfig({
  invoke: {
    id: 'refund',
    src: 'compensation.refund',
    input: ({ context }) => ({
      chargeKey: chargeKey(context),
      refundKey: `${context.input.orderId}.refund`,
    }),
    onDone: {
      target: 'releasing',
      actions: assign(({ context, event }) => undone(context, event.output.refundedMinor)),
    },
    onError: attention('refunding'),
  },
  on: { 'order.cancel': cancelMeanwhile },
});

const releasing = orderSetup.createStateConfig({
  entry: 'forgetPendingPayment',
  invoke: {
    id: 'release',
    src: 'compensation.release',
    input: ({ context }) => ({ orderId: context.input.orderId }),
    onDone: 'notifying',
    onError: attention('releasing'),
  },
  on: { 'order.cancel': cancelMeanwhile },
});

const notifying = orderSetup.createStateConfig({
  invoke: {
    id: 'notice',
    src: 'confirmation.notify',
    input: ({ context }) => {
      const template = context.ending ?? 'cancelled';
      return { messageKey: `${context.input.orderId}.${template}`, template };
    },
    onDone: 'ended',
    // A mailbox that takes nothing must not keep the order from its end.
    onError: 'ended',
  },
});

const goOn = (state: StuckState) => ({ guard: { type: 'stuckIn', params: state }, target: state }) as const;

const needsAttention = orderSetup.createStateConfig({
  exit: 'forgetTrouble',
  on: {
    'order.retry': [
      goOn('validating'),
      goOn('charging'),
      goOn('settling'),
      goOn('adjusting'),
      goOn('shipping'),
      goOn('confirming'),
      goOn('recalling'),
      goOn('refunding'),
      goOn('releasing'),
      goOn('returning'),
    ],
    'order.cancel': { ...cancel, guard: 'canBeUndone' },
    'order.cancelLines': cancelRest,
    'order.complete': [
      { guard: { type: 'stuckIn', params: 'confirming' }, target: 'closing' },
      { guard: 'givesBackByHand', target: 'concluding' },
    ],
    'payment.settled': settledWhileStuck,
    'payment.failed': failedWhileStuck,
  },
});

/** The states of an order that is undone, or waits for an operator. */
export const undoing = { recalling, refunding, releasing, notifying, needsAttention };
