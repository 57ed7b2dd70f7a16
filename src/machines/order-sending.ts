/** The order's states from its payment to its completion. */
import { assign } from 'xstate';
import { orderSetup } from './order-setup.ts';
import { attention, cancelLinesNow, cancelUnlessSent, endAs, hold, holdNow } from './order-transitions.ts';
import type { LocationOutcome, OrderContext, ShippingOutcome } from './order-types.ts';
import { booked, bookingInput } from './order-work.ts';

const awaitingShipment = orderSetup.createStateConfig({
  on: {
    'order.ship': { guard: 'sendable', target: 'proceeding', actions: 'sendByHand' },
    'order.cancel': cancelUnlessSent,
    'order.cancelLines': cancelLinesNow,
    'order.hold': holdNow,
  },
});

export const notTakenInTime = endAs(
  'rejected',
  'shipping_overdue',
  'The carrier did not take the order in time.',
);

/** What a booking adds, whether it was made now or found again. */
const withBooking = (context: OrderContext, outcome: ShippingOutcome | LocationOutcome) =>
  outcome.type === 'shipment.booked' ? { shipments: booked(context, outcome) } : {};

/** Once a parcel is in the carrier's hands, an order cannot be undone as a whole: an operator decides on the rest. */
const shipping = orderSetup.createStateConfig({
  invoke: {
    id: 'shipment',
    src: 'shipping.book',
    input: ({ context }) => bookingInput(context),
    onDone: [
      {
        guard: ({ event }) => event.output.type === 'shipment.booked',
        target: 'proceeding',
        actions: assign(({ context, event }) => withBooking(context, event.output)),
      },
      {
        guard: 'sentInPart',
        target: 'needsAttention',
        actions: [
          assign(({ event: { output } }) =>
            output.type === 'shipment.refused' ? { reason: output.reason } : {},
          ),
          ...attention('shipping').actions,
        ],
      },
      {
        target: 'undoing',
        actions: assign(({ event: { output } }) =>
          output.type === 'shipment.refused' ? { ending: 'rejected' as const, reason: output.reason } : {},
        ),
      },
    ],
    onError: attention('shipping'),
  },
  after: {
    'shipping.overdue': 'locating',
  },
  on: { 'order.cancel': cancelUnlessSent, 'order.hold': hold },
});

/** A last look before a booking is given up: the carrier may have the parcel, and its reply been lost. */
const locating = orderSetup.createStateConfig({
  invoke: {
    id: 'location',
    src: 'shipping.locate',
    input: ({ context }) => bookingInput(context),
    onDone: [
      {
        guard: ({ event }) => event.output.type === 'shipment.booked',
        target: 'proceeding',
        actions: assign(({ context, event }) => withBooking(context, event.output)),
      },
      { guard: 'sentInPart', ...attention('shipping') },
      { target: 'undoing', actions: notTakenInTime },
    ],
    onError: attention('shipping'),
  },
  on: { 'order.cancel': cancelUnlessSent, 'order.hold': hold },
});

const confirming = orderSetup.createStateConfig({
  invoke: {
    id: 'confirmation',
    src: 'confirmation.send',
    input: ({ context }) => ({ messageKey: `${context.input.orderId}.confirmation` }),
    onDone: {
      target: 'resting',
      actions: assign(({ event }) => ({ confirmation: { messageId: event.output.messageId } })),
    },
    onError: attention('confirming'),
  },
});

/** An operator lets the order be complete without its confirmation: what is held is sold all the same. */
const closing = orderSetup.createStateConfig({
  invoke: {
    id: 'closing',
    src: 'confirmation.close',
    input: ({ context }) => ({ orderId: context.input.orderId }),
    onDone: 'resting',
    onError: attention('confirming'),
  },
});

/** The states of an order from its payment to its completion. */
export const sending = { awaitingShipment, shipping, locating, confirming, closing };
