/** Orders beyond their life: the short form, lists, search, history, archive, waiting, analytics; on a running engine. */
import { randomUUID } from 'node:crypto';
import test from 'ava';
import { mongo } from 'mongoose';
import { historyAnswer, orderPageAnswer, ordersAnswer } from '../../src/http/order-answers.ts';
import type { OrderView } from '../../src/machines/order-view.ts';
import { orderView } from '../../src/ports/order-views.ts';
import { eventually, logIn, orderBody, type TestClient } from '../support/engine.ts';
import { type Shop, shareShop } from '../support/shop.ts';

let shop: Shop;
let operator: TestClient;
let customer: TestClient;
let other: TestClient;

shareShop(test, { ORDO_BACKOFF_MS: '20' }, async (opened) => {
  shop = opened;
  ({ operator, customer } = shop);
  other = await logInNew('other@ordo.example');
  const product = { priceMinor: 500, currency: 'EUR', stock: 1_000 };
  await operator.call('POST', '/products', { ...product, sku: 'CUP', name: 'A Cup of Tea' });
  await operator.call('POST', '/products', { ...product, sku: 'POT', name: 'Twice' });
  await operator.call('POST', '/products', { ...product, sku: 'PAN', name: 'twice' });
  await operator.call('POST', '/products', {
    sku: 'TRA',
    name: 'Ấm Trà',
    priceMinor: 45_000,
    currency: 'VND',
    stock: 9,
  });
});

/** A customer who has just registered. */
async function logInNew(email: string): Promise<TestClient> {
  const body = { email, username: email.split('@')[0], password: 'a-password-for-tests' };
  const reply = await operator.call('POST', '/auth/register', body);
  if (reply.status !== 201) throw new Error(JSON.stringify(reply));
  return logIn(() => shop.engine.url, email);
}

const place = (client: TestClient, body: object, headers: Record<string, string> = {}) =>
  client.call('POST', '/orders', body, { 'idempotency-key': randomUUID(), ...headers });
const WAIT = { prefer: 'wait=30' };
const manual = { fulfilment: 'manual' };

const short = (changes: object = {}) => ({
  product_name: 'a cup of TEA',
  quantity: 2,
  price: 5,
  shipping_address: 'Ada Lovelace, Flat 3, 12 St James Square, London, SW1Y 4JH, gb',
  payment_token: 'tok_approve',
  ...changes,
});

test('the short form is an order like any other: by name or sku, with its price in major units', async (t) => {
  const { status, body } = await place(customer, short());
  t.is(status, 201);
  t.notThrows(() => orderView.parse(body));
  t.like(body, { currency: 'EUR', amountMinor: 1_000 });
  t.deepEqual(body.lines, [{ line: 1, sku: 'CUP', quantity: 2, unitPriceMinor: 500 }]);
  t.deepEqual(body.shippingAddress, {
    name: 'Ada Lovelace',
    street: 'Flat 3, 12 St James Square',
    city: 'London',
    postalCode: 'SW1Y 4JH',
    country: 'GB',
  });
  t.is(
    (
      await eventually(
        () => customer.order(body.id),
        ({ final }) => final,
      )
    ).state,
    'completed',
  );
  const { shippingAddress } = body;
  const others = { product_name: 'TRA', price: '45000', quantity: 1, shipping_address: shippingAddress };
  const inDong = await place(customer, short(others));
  t.like(inDong.body, { currency: 'VND', amountMinor: 45_000, shippingAddress });
});

test('the price of a short form is checked against the catalogue, never trusted', async (t) => {
  const { body } = await place(customer, short({ price: 4.99 }), WAIT);
  t.like(body, { state: 'rejected', amountMinor: 998, reason: { code: 'price_changed' } });
});

test('the same short form again is the same order; another one under its key is refused', async (t) => {
  const key = { 'idempotency-key': randomUUID() };
  const first = await place(customer, short(), key);
  const again = await place(customer, short(), key);
  t.is(again.headers.get('idempotent-replayed'), 'true');
  t.deepEqual(again.body, first.body);
  t.is((await place(customer, short({ quantity: 3 }), key)).status, 422);
});

test('the same short form again is the same order when its product was renamed and re-priced', async (t) => {
  const product = { sku: 'JUG', name: 'Jug', priceMinor: 500, currency: 'EUR', stock: 9 };
  await operator.call('POST', '/products', product);
  const key = { 'idempotency-key': randomUUID() };
  const jug = short({ product_name: 'jug' });
  const first = await place(customer, jug, key);
  t.is(first.status, 201);
  const repeated = async () => {
    const again = await place(customer, jug, key);
    t.deepEqual([again.status, again.body], [201, first.body]);
    t.is(again.headers.get('idempotent-replayed'), 'true');
  };
  await operator.call('PATCH', '/products/JUG', { name: 'Pitcher', priceMinor: 700 });
  t.is((await place(customer, jug)).status, 400, 'without the key, there is no such product any more');
  await repeated();
  t.is((await place(customer, short({ product_name: 'jug', quantity: 3 }), key)).status, 422);
  t.is((await place(other, jug, key)).status, 400, "a key is its customer's own");
});

const refusals: [string, object, string, string][] = [
  ['an unknown product', { product_name: 'Nothing' }, '/product_name', 'unknown_product'],
  ['a name of two products', { product_name: 'TWICE' }, '/product_name', 'ambiguous_product'],
  ['a fraction of a cent', { price: 5.001 }, '/price', 'too_many_decimals'],
  ['a fraction of a dong', { product_name: 'TRA', price: '1.5' }, '/price', 'too_many_decimals'],
  ['a price with an exponent', { price: 1e-7 }, '/price', 'invalid'],
  ['nothing', { price: 0 }, '/price', 'price_not_positive'],
  ['a price that rounds to nothing', { price: '0.00' }, '/price', 'price_not_positive'],
  ['an address without its parts', { shipping_address: 'London' }, '/shipping_address', 'address_unreadable'],
  ['no quantity', { quantity: 0 }, '/quantity', 'quantity_not_positive'],
  ['a field too many', { status: 'completed' }, '/status', 'unknown_key'],
];
for (const [what, change, pointer, code] of refusals)
  test(`the short form is refused with ${what}`, async (t) => {
    const { status, body } = await place(customer, short(change));
    t.is(status, 400);
    t.like(body, { code: 'invalid-request' });
    t.like(body.errors[0], { pointer, code });
    t.is(body.errors.length, 1);
  });

test('faults of the full form are told as its own', async (t) => {
  const { body } = await place(customer, { ...orderBody(['CUP']), currency: 'euro', owner: 1 });
  t.deepEqual(
    body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`).sort(),
    ['/currency currency_invalid', '/owner unknown_key'],
  );
});

test('Prefer: wait answers at the end; after its time as the order stands; and for commands too', async (t) => {
  const end = await place(customer, orderBody(['CUP']), { prefer: 'respond-async, wait="60"; x=1' });
  t.is(end.status, 201);
  t.is(end.headers.get('preference-applied'), 'wait=30');
  t.like(end.body, { state: 'completed', final: true });
  t.is(end.headers.get('etag'), `"${end.body.seq}"`);
  const resting = await place(operator, orderBody(['CUP'], manual), { prefer: 'wait=1' });
  t.like(resting.body, { state: 'awaitingShipment', final: false });
  const shipped = { type: 'order.ship', carrier: 'By cart', trackingNumber: 'T-1' };
  const { body } = await operator.call('POST', `/orders/${resting.body.id}/events`, shipped, WAIT);
  t.like(body, { state: 'completed', final: true });
  const now = await place(customer, orderBody(['CUP']), { prefer: 'wait=soon' });
  t.is(now.headers.get('preference-applied'), null);
  t.is(now.body.seq, 1);
});

const idsIn = (reply: { body: { items: OrderView[] } }) => reply.body.items.map(({ id }) => id);
const list = async (client: TestClient, query: string) => {
  const reply = await client.call('GET', `/orders?${query}`);
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
  ordersAnswer.parse(reply.body);
  return idsIn(reply);
};

test('lists are filtered by state, time, amount and customer, a page or so many at a time', async (t) => {
  const mine = await logInNew('lists@ordo.example');
  const placed = [];
  for (const quantity of [1, 2, 3, 4]) {
    const lines = [{ sku: 'CUP', quantity, unitPriceMinor: 500 }];
    const payment = quantity === 4 ? {} : { token: 'tok_approve' };
    placed.push(
      (await place(mine, orderBody([], { lines, payment }), quantity === 4 ? { prefer: 'wait=1' } : WAIT))
        .body,
    );
  }
  const ids = placed.map(({ id }) => id).toReversed();
  t.deepEqual(await list(mine, ''), ids);
  t.deepEqual(await list(mine, 'state=completed'), ids.slice(1));
  t.deepEqual(await list(mine, 'state=awaitingPayment'), ids.slice(0, 1));
  t.deepEqual(await list(mine, 'amountMin=1000&amountMax=1500&currency=EUR'), ids.slice(1, 3));
  t.deepEqual(await list(mine, 'currency=VND'), []);
  t.deepEqual(await list(mine, 'skip=1&limit=2'), ids.slice(1, 3));
  t.deepEqual(await list(mine, `after=${ids[1]}`), ids.slice(2));
  const from = encodeURIComponent(placed[1].placedAt);
  const to = encodeURIComponent(placed[3].placedAt);
  t.deepEqual(await list(mine, `from=${from}&to=${to}`), ids.slice(1, 3));
  t.deepEqual(await list(mine, 'to=2020-01-01'), []);
  const { customerId } = placed[0];
  t.deepEqual(await list(operator, `customerId=${customerId}&from=2020-01-01`), ids);
  t.is((await other.call('GET', `/orders?customerId=${customerId}`)).status, 403);
  const first = await mine.call('GET', '/orders?limit=3&state=completed&skip=0');
  t.is(first.body.next, null);
  for (const bad of [
    'from=soon',
    'amountMin=-1',
    'amountMin=1e3',
    'skip=1e9',
    'archived=maybe',
    'limit=0',
    'q=x',
    'state[$ne]=x',
  ])
    t.is((await mine.call('GET', `/orders?${bad}`)).status, 400, bad);

  const page = await mine.call('GET', `/orders/history/${customerId}?page=2&limit=3`);
  t.notThrows(() => orderPageAnswer.parse(page.body));
  t.like(page.body, { page: 2, limit: 3, total: 4, pages: 2 });
  t.deepEqual(idsIn(page), ids.slice(3));
  t.is((await other.call('GET', `/orders/history/${customerId}`)).status, 403);
  t.is((await operator.call('GET', `/orders/history/${customerId}`)).body.total, 4);
  t.is((await operator.call('GET', '/orders/history/nobody')).body.total, 0);
});

test("one's own orders are found by id, reference, product and recipient; never another's", async (t) => {
  const mine = await logInNew('search@ordo.example');
  const shippingAddress = {
    name: 'Nguyễn Văn An',
    street: '1 Lê Lợi',
    city: 'Huế',
    postalCode: '49000',
    country: 'VN',
  };
  const { body } = await place(
    mine,
    orderBody(['CUP', 'POT'], { reference: 'PO #77/Spring sale', shippingAddress }),
  );
  const { id } = body;
  for (const search of [
    id,
    id.slice(0, 30).toUpperCase(),
    'po #77',
    '77/spring',
    'SALE',
    'cup',
    'pot',
    'nguyễn',
    'VĂN an',
    'an',
  ]) {
    const query = `search=${encodeURIComponent(search)}`;
    t.deepEqual(await list(mine, query), [id], search);
    t.true((await list(operator, `${query}&limit=100`)).includes(id), search);
    t.false((await list(other, query)).includes(id), search);
  }
  for (const search of ['uyễn', '.*', '^', 'pan', 'po .77', '(a+)+$'])
    t.deepEqual(await list(mine, `search=${encodeURIComponent(search)}`), [], search);
});

test('the history tells who did what, and finds out what was tampered with', async (t) => {
  const { body: order } = await place(operator, orderBody(['CUP'], manual), { prefer: 'wait=1' });
  await operator.call('POST', `/orders/${order.id}/cancel`, { reason: 'half a face \ud83d' }, WAIT);
  const { body } = await operator.call('GET', `/orders/${order.id}/history?verify=true`);
  t.notThrows(() => historyAnswer.parse(body));
  t.like(body, { intact: true, chainedFrom: 1 });
  t.is(body.brokenAt, undefined);
  const cancel = body.items.find(({ type }: { type: string }) => type === 'order.cancel');
  t.like(cancel, { by: 'operator', byId: order.customerId });
  t.is(new Set(body.items.map(({ hash }: { hash: string }) => hash)).size, body.items.length);
  const plain = await operator.call('GET', `/orders/${order.id}/history`);
  t.is(plain.body.intact, undefined);

  const client = await mongo.MongoClient.connect(shop.services.mongodbUri);
  t.teardown(() => client.close());
  const orders = client.db().collection<{ _id: string }>('orders');
  await orders.updateOne({ _id: order.id }, { $set: { 'history.1.at': new Date(0) } });
  const verified = async () => (await operator.call('GET', `/orders/${order.id}/history?verify=true`)).body;
  t.like(await verified(), { intact: false, brokenAt: 2 });
  await orders.updateOne({ _id: order.id }, { $pop: { history: -1 } });
  t.like(await verified(), { intact: false, brokenAt: 1 });

  const theirs = (await place(customer, orderBody(['CUP']), WAIT)).body;
  t.is((await other.call('GET', `/orders/${theirs.id}/history?verify=true`)).status, 404);
  const own = (await customer.call('GET', `/orders/${theirs.id}/history?verify=true`)).body;
  t.true(own.intact);
  t.is(own.items[0].byId, undefined, 'a customer learns roles alone');
});

test('an order is archived at its end: gone from lists, kept with its history', async (t) => {
  const mine = await logInNew('archive@ordo.example');
  const { body: waiting } = await place(mine, orderBody(['CUP'], { payment: {} }), { prefer: 'wait=1' });
  const early = await operator.call('DELETE', `/orders/${waiting.id}`);
  t.like(early, { status: 409, body: { code: 'event-refused', state: 'awaitingPayment' } });
  const { body: order } = await place(mine, orderBody(['CUP']), WAIT);
  t.is((await mine.call('DELETE', `/orders/${order.id}`)).status, 403);
  t.is((await operator.call('DELETE', '/orders/no-such-order')).status, 404);
  t.is((await operator.call('DELETE', `/orders/${order.id}`)).status, 204);
  t.is((await operator.call('DELETE', `/orders/${order.id}`)).status, 204, 'once and for all');
  t.deepEqual(await list(mine, ''), [waiting.id]);
  t.is((await mine.call('GET', `/orders/history/${order.customerId}`)).body.total, 1);
  t.is((await mine.call('GET', '/orders?archived=true')).status, 403);
  const archived = `customerId=${order.customerId}&archived=`;
  t.deepEqual(await list(operator, `${archived}true`), [order.id]);
  t.deepEqual(await list(operator, `${archived}all`), [order.id, waiting.id]);
  const kept = await operator.order(order.id);
  t.like(kept, { state: 'completed', final: true, seq: order.seq + 1 });
  t.truthy(kept.archivedAt);
  const { body } = await operator.call('GET', `/orders/${order.id}/history?verify=true`);
  t.true(body.intact);
  t.like(body.items.at(-1), { type: 'order.archived', by: 'operator', from: 'completed', to: 'completed' });
  const before = await operator.call('GET', `/orders/${order.id}?at=${order.seq}`);
  t.is(before.body.archivedAt, undefined);
  t.is(
    (await operator.call('GET', `/orders/${order.id}?at=${order.seq + 1}`)).body.archivedAt,
    kept.archivedAt,
  );
});

test('analytics are for operators, over a bounded time', async (t) => {
  await place(customer, orderBody(['CUP']), WAIT);
  for (const path of ['orders', 'orders?by=state', 'orders?by=country', 'products', 'conversion', 'times']) {
    t.is((await customer.call('GET', `/analytics/${path}`)).status, 403, path);
    const { status, body } = await operator.call('GET', `/analytics/${path}`);
    t.is(status, 200, JSON.stringify(body));
    t.true((body.items ?? body.stages).length > 0, path);
    t.is(Date.parse(body.to) - Date.parse(body.from), 30 * 86_400_000);
  }
  const year = 'from=2024-01-01&to=2025-01-01';
  t.is((await operator.call('GET', `/analytics/orders?${year}`)).status, 200);
  for (const bad of ['from=2024-01-01&to=2025-01-03', 'from=2025-01-01&to=2024-01-01', 'from=2020-01-01'])
    t.like((await operator.call('GET', `/analytics/times?${bad}`)).body.errors[0], {
      code: 'period_invalid',
    });
  const { body } = await operator.call('GET', '/analytics/orders?by=fortnight');
  t.like(body.errors[0], { pointer: '/query/by', code: 'not_allowed' });
});
