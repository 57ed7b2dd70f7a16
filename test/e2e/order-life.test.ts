/** Whole lives of orders, through the public API and the feed of a running engine. */
import test, { type ExecutionContext } from 'ava';
import { io, type Socket } from 'socket.io-client';
import type { TransitionView } from '../../src/machines/order-view.ts';
import { audit } from '../support/audit.ts';
import { DEMO_PASSWORD, eventually, orderBody, type TestClient } from '../support/engine.ts';
import { type Shop, shareShop } from '../support/shop.ts';

let shop: Shop;
let operator: TestClient;
let customer: TestClient;

shareShop(test, { ORDO_BACKOFF_MS: '20', ORDO_ATTEMPTS: '3' }, async (opened) => {
  shop = opened;
  ({ operator, customer } = shop);
  const product = { name: 'A cup', priceMinor: 500, currency: 'EUR', stock: 1_000 };
  for (const sku of ['CUP', 'POT']) await operator.call('POST', '/products', { ...product, sku });
  await operator.call('POST', '/products', { ...product, sku: 'RARE', stock: 1 });
  await operator.call('POST', '/products', { ...product, sku: 'POST', kind: 'charge' });
});

const paidBy = (token: string) => orderBody(['CUP', 'POT'], { payment: { token } });
const sentTo = (address: object) =>
  orderBody(['CUP'], {
    shippingAddress: {
      name: 'Ada',
      street: 'A street',
      city: 'A city',
      postalCode: 'SW1Y 4JH',
      country: 'GB',
      ...address,
    },
  });

const happy = 'order.placed stock.held payment.captured shipment.booked confirmation.sent';
const lives: { name: string; body: object; ends: string; events?: string; reason?: string }[] = [
  { name: 'approved', body: paidBy('tok_approve'), ends: 'completed', events: happy },
  {
    name: 'the gateway times out after it took the money',
    body: paidBy('tok_timeout_after_capture'),
    ends: 'completed',
    events: happy,
  },
  {
    name: 'the gateway fails twice, then works',
    body: paidBy('tok_error_twice'),
    ends: 'completed',
    events: happy,
  },
  {
    name: 'the card has no funds',
    body: paidBy('tok_decline_insufficient_funds'),
    ends: 'declined',
    reason: 'insufficient_funds',
    events: 'order.placed stock.held payment.declined stock.released notice.sent',
  },
  {
    name: 'unknown product',
    body: orderBody(['CUP', 'NO-SUCH']),
    ends: 'rejected',
    reason: 'unknown_product',
  },
  { name: 'not goods', body: orderBody(['CUP', 'POST']), ends: 'rejected', reason: 'not_goods' },
  {
    name: 'out of stock',
    body: orderBody(['CUP'], { lines: [{ sku: 'RARE', quantity: 2, unitPriceMinor: 500 }] }),
    ends: 'rejected',
    reason: 'out_of_stock',
  },
  {
    name: 'the price has changed',
    body: orderBody(['CUP'], { lines: [{ sku: 'CUP', quantity: 1, unitPriceMinor: 499 }] }),
    ends: 'rejected',
    reason: 'price_changed',
  },
  { name: 'no such country', body: sentTo({ country: 'ZZ' }), ends: 'rejected', reason: 'bad_address' },
  {
    name: 'no such postal code',
    body: sentTo({ postalCode: '12345' }),
    ends: 'rejected',
    reason: 'bad_address',
  },
  {
    name: 'the carrier does not go there',
    body: sentTo({ country: 'DE', postalCode: '00000' }),
    ends: 'rejected',
    reason: 'undeliverable_address',
  },
];

for (const { name, body, ends, events, reason } of lives)
  test(`an order ends ${ends}: ${name}`, async (t) => {
    const { id } = await customer.place(body);
    const end = await eventually(
      () => customer.order(id),
      ({ final }) => final,
    );
    t.is(end.state, ends);
    t.is(end.reason?.code, reason);
    const history = await customer.history(id);
    t.deepEqual(
      history.map(({ seq }) => seq),
      history.map((_, index) => index + 1),
    );
    t.is(history.at(-1)?.reason?.code, reason, 'the last transition says why');
    if (events) t.is(history.map(({ type }) => type).join(' '), events);
    t.deepEqual(end.allowedEvents, []);
  });

test('the same line twice in one order is one hold', async (t) => {
  const line = { sku: 'CUP', quantity: 2, unitPriceMinor: 500 };
  const { id } = await customer.place(orderBody([], { lines: [line, line] }));
  const end = await eventually(
    () => customer.order(id),
    ({ final }) => final,
  );
  t.is(end.state, 'completed');
  t.is(end.amountMinor, 2_000);
});

test('cancelled at whatever moment, an order ends with money and stock undone, or the cancel is refused with what is allowed', async (t) => {
  const outcomes = new Set<string>();
  for (let round = 0; round < 20; round += 1) {
    const { id } = await customer.place(paidBy(round % 2 === 0 ? 'tok_error_twice' : 'tok_approve'));
    if (round % 4 > 1)
      await eventually(
        () => customer.order(id),
        ({ seq }) => seq > 1,
      );
    const reply = await customer.call('POST', `/orders/${id}/cancel`, { reason: 'changed my mind' });
    const end = await eventually(
      () => customer.order(id),
      ({ final }) => final,
    );
    outcomes.add(end.state);
    if (reply.status === 200) t.is(end.state, 'cancelled');
    else t.like(reply, { status: 409, body: { code: 'event-refused', allowedEvents: [] } });
    t.is(end.state === 'cancelled', reply.status === 200);
  }
  t.true(outcomes.has('cancelled'));
});

async function connect(t: ExecutionContext, token: string): Promise<Socket> {
  const socket = io(shop.engine.url, { auth: { token }, transports: ['websocket'], forceNew: true });
  t.teardown(() => void socket.disconnect());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', reject);
  });
  return socket;
}

const tokenOf = async (email: string) =>
  (await customer.call('POST', '/auth/login', { email, password: DEMO_PASSWORD })).body.accessToken as string;

test('whoever watches an order from its placing sees every step of it, in order and once', async (t) => {
  const socket = await connect(t, await tokenOf('customer@ordo.example'));
  const { id } = await customer.place(paidBy('tok_error_twice'));
  const seen: TransitionView[] = [];
  const done = new Promise<void>((resolve) => {
    socket.on('order.transition', (transition: TransitionView) => {
      seen.push(transition);
      if (transition.final) resolve();
    });
  });
  const ack = await socket.emitWithAck('order.subscribe', { orderId: id });
  t.true(ack.ok);
  seen.unshift(...ack.transitions);
  await done;
  t.deepEqual(
    seen.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
  t.is(seen.map(({ type }) => type).join(' '), happy);
  const again = await socket.emitWithAck('order.subscribe', { orderId: id, afterSeq: 3 });
  t.deepEqual(
    again.transitions.map(({ seq }: TransitionView) => seq),
    [4, 5],
  );
});

test("nobody else's order can be read, moved or watched, nor told from one that does not exist", async (t) => {
  const { id } = await operator.place(paidBy('tok_approve'));
  const other = '01a1fde2-4513-7250-8ecc-000000000000';
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/history'],
    ['POST', '/cancel'],
  ] as const) {
    const body = method === 'POST' ? {} : undefined;
    const [theirs, nobodys] = await Promise.all(
      [id, other].map((order) => customer.call(method, `/orders/${order}${path}`, body)),
    );
    t.is(theirs?.status, 404);
    const hide = (reply: typeof theirs) =>
      JSON.stringify(reply?.body)
        .replaceAll(id, 'ID')
        .replaceAll(other, 'ID')
        .replace(/"instance":"[^"]*"/, '');
    t.is(hide(theirs), hide(nobodys));
  }
  const socket = await connect(t, await tokenOf('customer@ordo.example'));
  const refused = await Promise.all(
    [id, other].map((orderId) => socket.emitWithAck('order.subscribe', { orderId })),
  );
  t.deepEqual(
    refused.map(({ ok, error }) => [ok, error.code]),
    [
      [false, 'not-found'],
      [false, 'not-found'],
    ],
  );
  t.is((await operator.order(id)).id, id);
});

test('fifty equal requests at once are one order, with identical bodies', async (t) => {
  const replies = await Promise.all(
    Array.from({ length: 50 }, () =>
      customer.call('POST', '/orders', paidBy('tok_approve'), { 'idempotency-key': 'fifty' }),
    ),
  );
  t.deepEqual([...new Set(replies.map(({ status }) => status))], [201]);
  t.is(new Set(replies.map(({ body }) => JSON.stringify(body))).size, 1);
  t.is(replies.filter(({ headers }) => headers.get('idempotent-replayed') === 'true').length, 49);
  t.is(
    (await customer.call('POST', '/orders', paidBy('tok_other'), { 'idempotency-key': 'fifty' })).status,
    422,
  );
});

test.after('the books are right after everything above', async (t) => {
  const open = ['validating', 'charging', 'shipping', 'confirming', 'refunding', 'releasing', 'recalling'];
  const count = async () => {
    const pages = await Promise.all(
      open.map((state) => operator.call('GET', `/orders?limit=1&state=${state}`)),
    );
    return pages.reduce((sum, { body }) => sum + body.items.length, 0);
  };
  await eventually(count, (left) => left === 0);
  // A hold that came too late for a cancelled order is given back right after, not with its last transition.
  const { faults } = await eventually(
    () => audit(shop.services.mongodbUri),
    (books) => books.faults.length === 0,
    10_000,
  );
  t.deepEqual(faults, []);
});
