/** The second version of the order's machine: orders placed under it run on here until they are migrated. */
import { assign } from 'xstate';
import { createOrderMachine } from './order-machine.ts';
import { notTakenInTime, sending } from './order-sending.ts';
import { attention } from './order-transitions.ts';

/**
 * What version 3 is without what it has learned: it gives up a booking without asking the carrier, has no way out of a
 * return that fails but to retry it, counts the wait for the money anew each time, and forgets what attempts failed of.
 */
export const orderMachineV2 = createOrderMachine('2', {
  ...sending.shipping,
  after: {
    'shipping.overdue': [
      { guard: 'sentInPart', ...attention('shipping') },
      { target: 'undoing', actions: notTakenInTime },
    ],
  },
}).provide({
  guards: { givesBackByHand: () => false },
  actions: { beginWaiting: assign({}), noteTrouble: assign({}) },
});
