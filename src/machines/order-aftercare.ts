/** The order's states when its work is done: parcels on their way, returns, refunds. */
import { assign } from 'xstate';
import { orderSetup } from './order-setup.ts';
import { attention, giveBack, takeBack } from './order-transitions.ts';
import { afterReturn, returnedByHand, takeBackInput } from './order-work.ts';

const completed = orderSetup.createStateConfig({
  tags: 'settled',
  on: {
    'order.return': takeBack,
    'order.refund': giveBack,
    'shipment.tracked': { guard: 'advancesParcel', target: 'resting', actions: 'trackParcel' },
  },
});

const delivered = orderSetup.createStateConfig({
  tags: 'settled',
  on: { 'order.return': takeBack, 'order.refund': giveBack },
});

const parcelLost = orderSetup.createStateConfig({
  exit: 'settleLostParcels',
  on: {
    'order.return': takeBack,
    'order.refund': giveBack,
    'order.complete': 'resting',
    'shipment.tracked': { guard: 'advancesParcel', actions: 'trackParcel' },
  },
});

const returning = orderSetup.createStateConfig({
  invoke: {
    id: 'return',
    src: 'compensation.takeback',
    input: ({ context }) => takeBackInput(context),
    onDone: {
      target: 'acknowledging',
      actions: assign(({ context, event }) => afterReturn(context, event.output.refundedMinor)),
    },
    onError: attention('returning'),
  },
});

/** An operator has given the money back by other means: the engine does its part for the goods. */
const concluding = orderSetup.createStateConfig({
  invoke: {
    id: 'conclusion',
    src: 'compensation.takeback',
    input: ({ context }) => {
      const { returnKey, restock } = takeBackInput(context);
      return { returnKey, restock };
    },
    onDone: { target: 'acknowledging', actions: assign(({ context }) => returnedByHand(context)) },
    onError: attention('returning'),
  },
});

const acknowledging = orderSetup.createStateConfig({
  invoke: {
    id: 'acknowledgement',
    src: 'confirmation.notify',
    input: ({ context }) => ({
      messageKey: `${context.input.orderId}.refund.${context.refunds}`,
      template: 'refunded' as const,
    }),
    onDone: 'resting',
    // A mailbox that takes nothing must not keep the order from its rest.
    onError: 'resting',
  },
});

/** The states of an order whose work is done. */
export const aftercare = { completed, delivered, parcelLost, returning, concluding, acknowledging };
