/** What the order machine's pictures are drawn along: the happy way, what can turn up beside it, and all outcomes. */
import type { OrderFact, OrderInput } from '../../src/machines/order-types.ts';
import type { Story } from './story.ts';

const input: OrderInput = {
  orderId: 'order-1',
  customerId: 'customer-1',
  currency: 'EUR',
  lines: [{ sku: 'CUP', quantity: 2, unitPriceMinor: 500 }],
  amountMinor: 1000,
  pricing: 'catalogue',
  shippingAddress: {
    name: 'Ada',
    street: '12 St James Square',
    city: 'London',
    postalCode: 'SW1Y',
    country: 'GB',
  },
  paymentToken: 'tok_approve',
  policy: { paymentOverdueMs: 60_000, shippingOverdueMs: 60_000 },
};
const { paymentToken: _, ...paidLater } = input;

const chargeKey = 'order-1.charge.1';
const reason = { code: 'no', detail: 'It cannot be.' };
const lines = [{ line: 1, quantity: 1 }];
const byHand = { carrier: 'dhl', trackingNumber: 'T1' };

const done = (id: string, type: string, output: object = {}) => ({
  type: `xstate.done.actor.${id}`,
  output: { type, ...output },
});
const fails = (id: string) => ({ type: `xstate.error.actor.${id}` });

const held = done('validation', 'stock.held');
const payment = { paymentId: 'pay-1', amountMinor: 1000 };
const captured = done('payment', 'payment.captured', payment);
const pending = done('payment', 'payment.pending', payment);
const declined = done('payment', 'payment.declined', { reason });
const lateCaptured = done('settlement', 'payment.captured', payment);
const neverCaptured = done('settlement', 'payment.declined', { reason });
const booked = done('shipment', 'shipment.booked', { shipmentId: 's-1', ...byHand });
const notTaken = done('shipment', 'shipment.refused', { reason });
const sent = done('confirmation', 'confirmation.sent', { messageId: 'm-1' });
const settled: OrderFact = { type: 'payment.settled', chargeKey, ...payment };
const failed: OrderFact = { type: 'payment.failed', chargeKey, reason };
const pickedUp: OrderFact = { type: 'shipment.tracked', trackingNumber: 'T1', status: 'pickedUp' };
const expiry = { type: 'xstate.after.payment.expired.order.awaitingPayment' };
const shippingOverdue = { type: 'xstate.after.shipping.overdue.order.shipping' };
const located = done('location', 'shipment.booked', { shipmentId: 's-1', ...byHand });
const missing = done('location', 'shipment.missing');
const hold = { type: 'order.hold', reason: 'to be looked at' };
const cancel = { type: 'order.cancel' };

/** Validated, charged, sent and confirmed at the first attempt. */
export const happyStory: Story = { input, events: [held, captured, booked, sent] };

/** Where crossroads are passed several times, these show where along the happy way each side way is taken. */
export const sideStories: readonly Story[] = [
  { input, events: [hold, held, { type: 'order.resume' }] },
  {
    input,
    events: [
      { type: 'order.cancelLines', lines },
      held,
      done('adjustment', 'order.adjusted', { refundedMinor: 0 }),
    ],
  },
  { input: paidLater, events: [held, { type: 'order.pay', token: 'tok_approve' }] },
  { input, events: [held, pending, settled] },
  { input, events: [held, failed, lateCaptured] },
  {
    input: { ...input, fulfilment: 'manual' },
    events: [held, captured, { type: 'order.ship', ...byHand }],
  },
];

const waits: OrderInput = { ...input, onDecline: 'wait' };
const inParcels: OrderInput = { ...input, policy: { ...input.policy, parcelUnits: 1 } };

/** These come to all the outcomes that the others do not, so that every way can be told by its outcome. */
export const outcomeStories: readonly Story[] = [
  { input, events: [done('validation', 'order.refused', { reason, heldSome: true })] },
  { input, events: [done('validation', 'order.refused', { reason, heldSome: false })] },
  { input, events: [held, declined] },
  { input: waits, events: [held, declined] },
  { input, events: [held, failed, neverCaptured] },
  { input: waits, events: [held, failed, neverCaptured] },
  { input, events: [held, pending, expiry, neverCaptured] },
  { input, events: [held, captured, notTaken] },
  { input: inParcels, events: [held, captured, booked, pickedUp, notTaken] },
  { input, events: [held, captured, shippingOverdue, located] },
  { input, events: [held, captured, shippingOverdue, missing] },
  { input: inParcels, events: [held, captured, booked, pickedUp, shippingOverdue, missing] },
  {
    input,
    events: [
      ...[held, captured, booked, sent, { type: 'order.refund', amountMinor: 1 }],
      ...[fails('return'), { type: 'order.complete' }],
      done('conclusion', 'return.settled', { refundedMinor: 0 }),
    ],
  },
  {
    input,
    events: [
      ...[held, captured, cancel, done('recall', 'shipment.recalled')],
      done('refund', 'payment.undone', { refundedMinor: 1000 }),
      ...[done('release', 'stock.released'), done('notice', 'notice.sent')],
    ],
  },
  {
    input,
    events: [
      ...[held, captured, booked, fails('confirmation'), { type: 'order.complete' }],
      ...[done('closing', 'stock.sold'), { type: 'order.refund', amountMinor: 1 }],
      done('return', 'return.settled', { refundedMinor: 1 }),
      done('acknowledgement', 'notice.sent'),
    ],
  },
];
