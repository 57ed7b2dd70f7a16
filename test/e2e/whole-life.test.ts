/** Every way that an order can take besides the straight one, through the public API of a running engine. */
import test from 'ava';
import type { OrderView } from '../../src/machines/order-view.ts';
import { audit } from '../support/audit.ts';
import { eventually, orderBody, type TestClient } from '../support/engine.ts';
import { type Shop, shareShop } from '../support/shop.ts';

let shop: Shop;
let operator: TestClient;
let customer: TestClient;

const settings = {
  ORDO_BACKOFF_MS: '20',
  ORDO_ATTEMPTS: '3',
  ORDO_PARCEL_UNITS: '4',
  ORDO_UNPAID_EXPIRY_MS: '3000',
  ORDO_LEASE_MS: '1000',
  ORDO_SWEEP_INTERVAL_MS: '100',
};
shareShop(test, settings, async (opened) => {
  shop = opened;
  ({ operator, customer } = shop);
  const product = { name: 'A cup', priceMinor: 500, currency: 'EUR', stock: 1_000 };
  for (const sku of ['CUP', 'POT']) await operator.call('POST', '/products', { ...product, sku });
});

const lines = (...quantities: number[]) =>
  quantities.map((quantity, index) => ({ sku: index === 0 ? 'CUP' : 'POT', quantity, unitPriceMinor: 500 }));

/** An order that operators send by hand, so that it waits for them. */
const byHand = (changes: object = {}) =>
  operator.place(orderBody([], { lines: lines(2, 1), fulfilment: 'manual', ...changes }));

const until = (id: string, holds: (order: OrderView) => boolean) =>
  eventually(() => operator.order(id), holds);
const untilState = (id: string, state: string) => until(id, (order) => order.state === state);

/** Sends a command as an operator. @throws when it is refused */
async function send(id: string, event: object): Promise<OrderView> {
  const { status, body } = await operator.call('POST', `/orders/${id}/events`, event);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

const typesOf = async (id: string) => (await operator.history(id)).map(({ type }) => type).join(' ');

test('an order of many units goes in several parcels, and its customer hears of each', async (t) => {
  const { id } = await customer.place(orderBody([], { lines: lines(3, 6) }));
  const end = await until(id, ({ final }) => final);
  t.is(end.state, 'completed');
  t.deepEqual(
    end.shipments.map((parcel) => parcel.lines),
    [
      [
        { line: 1, quantity: 3 },
        { line: 2, quantity: 1 },
      ],
      [{ line: 2, quantity: 4 }],
      [{ line: 2, quantity: 1 }],
    ],
  );
  t.is(new Set(end.shipments.map(({ trackingNumber }) => trackingNumber)).size, 3);
});

test('units are cancelled before they are sent: stock and money come back exactly, once', async (t) => {
  const { id } = await byHand();
  await untilState(id, 'awaitingShipment');
  const refused = await operator.call('POST', `/orders/${id}/events`, {
    type: 'order.cancelLines',
    lines: [{ line: 1, quantity: 3 }],
  });
  t.like(refused, { status: 409, body: { code: 'event-refused', state: 'awaitingShipment' } });
  t.regex(refused.body.detail, /Of line 1, 2 can be cancelled, not 3/);
  const all = { type: 'order.cancelLines', lines: [1, 2].map((line) => ({ line, quantity: 3 - line })) };
  t.regex((await operator.call('POST', `/orders/${id}/events`, all)).body.detail, /order\.cancel instead/);
  await send(id, { type: 'order.cancelLines', lines: [{ line: 1, quantity: 1 }] });
  const adjusted = await untilState(id, 'awaitingShipment');
  t.like(adjusted.payment, { status: 'partlyRefunded', capturedMinor: 1_500, refundedMinor: 500 });
  t.is(adjusted.lines[0]?.cancelled, 1);
  await send(id, { type: 'order.ship', carrier: 'By bicycle', trackingNumber: 'BIKE-1' });
  const end = await until(id, ({ final }) => final);
  t.is(end.state, 'completed');
  t.is(
    await typesOf(id),
    'order.placed stock.held payment.captured order.cancelLines order.adjusted order.ship confirmation.sent',
  );
});

test('sent by hand in parts; what is handed over cannot be cancelled, and the rest can', async (t) => {
  const { id } = await byHand();
  await untilState(id, 'awaitingShipment');
  const part = { lines: [{ line: 1, quantity: 2 }], carrier: 'By bicycle', trackingNumber: 'BIKE-2' };
  await send(id, { type: 'order.ship', ...part });
  const cancel = await operator.call('POST', `/orders/${id}/cancel`);
  t.like(cancel, { status: 409, body: { state: 'awaitingShipment' } });
  t.false(cancel.body.allowedEvents.includes('order.cancel'));
  await send(id, { type: 'order.cancelLines', lines: [{ line: 2, quantity: 1 }] });
  const end = await until(id, ({ final }) => final);
  t.like(end, { state: 'completed', payment: { refundedMinor: 500 } });
});

test('returns and refunds: repeatedly, never more than was bought and paid', async (t) => {
  const { id } = await customer.place(orderBody([], { lines: lines(2, 1) }));
  await untilState(id, 'completed');
  const theirs = await customer.call('POST', `/orders/${id}/events`, {
    type: 'order.return',
    lines: [{ line: 1, quantity: 1 }],
  });
  t.is(theirs.status, 403, 'customers ask, operators take back');
  await send(id, { type: 'order.return', lines: [{ line: 1, quantity: 1 }], reason: 'a crack' });
  t.like(await untilState(id, 'completed'), { final: true, payment: { refundedMinor: 500 } });
  const twice = await operator.call('POST', `/orders/${id}/events`, {
    type: 'order.return',
    lines: [{ line: 1, quantity: 2 }],
  });
  t.regex(twice.body.detail, /Of line 1, 1 can be returned, not 2/);
  await send(id, { type: 'order.refund', amountMinor: 100, reason: 'for the trouble' });
  t.like(await untilState(id, 'completed'), { payment: { refundedMinor: 600, status: 'partlyRefunded' } });
  const tooMuch = await operator.call('POST', `/orders/${id}/events`, {
    type: 'order.refund',
    amountMinor: 901,
  });
  t.regex(tooMuch.body.detail, /900 can be refunded, not 901/);
  const rest = [1, 2].map((line) => ({ line, quantity: 1 }));
  await send(id, { type: 'order.return', lines: rest, restock: false });
  const end = await untilState(id, 'returned');
  t.like(end, { final: true, allowedEvents: [], payment: { refundedMinor: 1_500, status: 'refunded' } });
});

test('placed without a means of payment it waits, is paid later, and goes on', async (t) => {
  const { id } = await customer.place(orderBody(['CUP'], { payment: {} }));
  const waiting = await untilState(id, 'awaitingPayment');
  t.true(waiting.allowedEvents.includes('order.pay'));
  t.is(
    (await customer.call('POST', `/orders/${id}/events`, { type: 'order.pay', token: 'tok_approve' })).status,
    200,
  );
  t.is((await until(id, ({ final }) => final)).state, 'completed');
});

test('after a decline another card is tried, under a new key', async (t) => {
  const declined = { token: 'tok_decline_expired_card', onDecline: 'wait' };
  const { id } = await customer.place(orderBody(['CUP'], { payment: declined }));
  const waiting = await untilState(id, 'awaitingPayment');
  t.is(waiting.reason?.code, 'expired_card');
  await customer.call('POST', `/orders/${id}/events`, { type: 'order.pay', token: 'tok_approve' });
  const end = await until(id, ({ final }) => final);
  t.is(end.state, 'completed');
  t.is(end.reason, undefined);
});

test('an unpaid order expires and frees its stock', async (t) => {
  const { id } = await customer.place(orderBody(['CUP'], { payment: {} }));
  const end = await until(id, ({ final }) => final);
  t.like(end, { state: 'expired', reason: { code: 'payment_expired' } });
});

test('on hold it stops before its next stage, and goes on when resumed', async (t) => {
  const { id } = await byHand();
  await untilState(id, 'awaitingShipment');
  await send(id, { type: 'order.hold', reason: 'the address looks odd' });
  const held = await untilState(id, 'onHold');
  t.is(held.hold?.reason, 'the address looks odd');
  t.deepEqual(held.allowedEvents, ['order.cancel', 'order.cancelLines', 'order.resume']);
  const paid = await operator.call('PUT', `/orders/${id}/status`, { status: 'processing' });
  t.is(paid.status, 200);
  t.is((await untilState(id, 'awaitingShipment')).hold, undefined);
  const shipped = { status: 'SHIPPED', trackingNumber: 'T-1', carrier: 'By cart' };
  t.is((await operator.call('PUT', `/orders/${id}/status`, shipped)).status, 200);
  await until(id, ({ final }) => final);
  const again = await operator.call('PUT', `/orders/${id}/status`, { status: 'CANCELLED' });
  t.like(again, {
    status: 409,
    body: { state: 'completed', allowedEvents: ['order.return', 'order.refund'] },
  });
  t.is((await operator.call('PUT', `/orders/${id}/status`, { status: 'DANCING' })).status, 400);
});

test('a gateway that fails for ever leads to an operator, whose cancel undoes it', async (t) => {
  const { id } = await customer.place(orderBody(['CUP'], { payment: { token: 'tok_error_always' } }));
  const stuck = await untilState(id, 'needsAttention');
  t.like(stuck, { final: false, reason: { code: 'attempts_used_up' } });
  t.deepEqual(stuck.allowedEvents, ['order.retry', 'order.cancel'].toSorted());
  await send(id, { type: 'order.retry' });
  await untilState(id, 'needsAttention');
  await send(id, { type: 'order.cancel' });
  const end = await until(id, ({ final }) => final);
  t.like(end, { state: 'cancelled', reason: { code: 'cancelled_by_request' } });
});

test('the past of an order, and what a command would do', async (t) => {
  const { id } = await byHand();
  const waiting = await untilState(id, 'awaitingShipment');
  const would = await customer.call('POST', `/orders/${id}/simulate`, { event: { type: 'order.cancel' } });
  t.is(would.status, 404, "not on somebody else's");
  const { body } = await operator.call('POST', `/orders/${id}/simulate`, { event: { type: 'order.cancel' } });
  t.like(body, { taken: true, starts: ['compensation.recall'], ends: [] });
  t.like(body.order, { state: 'recalling', seq: waiting.seq + 1 });
  t.deepEqual(await operator.order(id), waiting, 'nothing has changed');
  const resume = await operator.call('POST', `/orders/${id}/simulate`, { event: { type: 'order.resume' } });
  t.like(resume.body, { taken: false, state: 'awaitingShipment' });
  await send(id, { type: 'order.cancel' });
  await until(id, ({ final }) => final);
  t.deepEqual((await operator.call('GET', `/orders/${id}?at=${waiting.seq}`)).body, waiting);
  t.like((await operator.call('GET', `/orders/${id}?at=1`)).body, { state: 'validating', seq: 1 });
  t.is((await operator.call('GET', `/orders/${id}?at=99`)).status, 404);
});

test.after('the books are exact after all of it', async (t) => {
  const { faults } = await audit(shop.services.mongodbUri);
  t.deepEqual(faults, []);
});
