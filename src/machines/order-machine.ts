/** The order's machine: plain XState, no I/O, no clock. `src/actors` runs it durably. */
import { and } from 'xstate';
import { aftercare } from './order-aftercare.ts';
import { paying } from './order-paying.ts';
import { sending } from './order-sending.ts';
import { orderSetup } from './order-setup.ts';
import { undoing } from './order-undoing.ts';

type StateConfig = Parameters<typeof orderSetup.createStateConfig>[0];

/**
 * The machine as a version of that name: placed, validated, paid, sent, confirmed, and all that can happen on the way
 * and afterwards. `proceeding`, `undoing` and `resting` are crossroads: an order never stays in them. An order rests in
 * the states tagged `settled`: its work is done, and only a return, a refund or a carrier's news moves it again.
 * @param shipping what versions differ in
 */
export const createOrderMachine = (version: string, shipping: StateConfig = sending.shipping) =>
  orderSetup.createMachine({
    id: 'order',
    version,
    context: ({ input }) => ({ input, chargeAttempt: 1 }),
    initial: 'placed',
    on: { 'shipment.tracked': { guard: 'advancesParcel', actions: 'trackParcel' } },
    states: {
      placed: { always: 'validating' },
      ...paying,
      proceeding: {
        always: [
          { guard: 'mustAdjust', target: 'adjusting' },
          { guard: 'onHold', target: 'onHold' },
          { guard: and(['paid', 'nothingToSend']), target: 'confirming' },
          { guard: and(['paid', 'byHand']), target: 'awaitingShipment' },
          { guard: 'paid', target: 'shipping' },
          { guard: 'paymentFailed', target: 'settling' },
          { guard: 'unpayable', target: 'awaitingPayment' },
          { target: 'charging' },
        ],
      },
      ...sending,
      shipping,
      resting: {
        always: [
          { guard: 'everythingReturned', target: 'returned' },
          { guard: 'parcelLost', target: 'parcelLost' },
          { guard: 'everythingDelivered', target: 'delivered' },
          { target: 'completed' },
        ],
      },
      ...aftercare,
      undoing: {
        always: [
          { guard: 'paid', target: 'recalling' },
          { guard: 'chargeBegun', target: 'refunding' },
          { target: 'releasing' },
        ],
      },
      ...undoing,
      ended: {
        always: [
          { guard: 'endsRejected', target: 'rejected' },
          { guard: 'endsDeclined', target: 'declined' },
          { guard: 'endsExpired', target: 'expired' },
          { target: 'cancelled' },
        ],
      },
      returned: { type: 'final' },
      rejected: { type: 'final' },
      declined: { type: 'final' },
      cancelled: { type: 'final' },
      expired: { type: 'final' },
    },
  });

/** Version 3, which new orders run on. */
export const orderMachine = createOrderMachine('3');
