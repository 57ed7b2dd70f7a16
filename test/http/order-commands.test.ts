/** Commands by every door: events, the statuses of the older APIs, trials; and the order as it was. */
import test from 'ava';
import { orderMachine } from '../../src/machines/order-machine.ts';
import { COMMAND_ROLES } from '../../src/machines/order-view.ts';
import { orderBody, placeOrder, type RunningApp, startApp } from './support/running-app.ts';

const HELD = { output: { type: 'stock.held' } };
const paid = (amountMinor: number) => ({
  output: { type: 'payment.captured', paymentId: 'pay-1', amountMinor },
});

/** An order of a customer, and an operator. */
async function setUp(t: Parameters<typeof startApp>[0], body: unknown = orderBody()) {
  const app = await startApp(t);
  const [customer, operator] = [await app.person('customer'), await app.person('operator')];
  // Only operators place orders that are fulfilled by hand.
  const placed = await placeOrder(app, operator.token, {
    ...(body as object),
    customerId: customer.user.id,
  });
  return { app, id: placed.json.id, path: `/api/v1/orders/${placed.json.id}`, customer, operator };
}

/** An order that is paid and waits for an operator to send it. */
async function setUpPaid(t: Parameters<typeof startApp>[0]) {
  const ground = await setUp(t, orderBody({ fulfilment: 'manual' }));
  await ground.app.orders.settle(ground.id, HELD, paid(1530));
  return ground;
}

const stateOf = async (app: RunningApp, id: string) => (await app.orders.read(id))?.state;

test('a command is an event: the owner cancels some units, then all', async (t) => {
  const { app, path, customer } = await setUp(t);
  const lines = [{ line: 1, quantity: 2 }];
  const some = await app.call('POST', `${path}/events`, {
    token: customer.token,
    body: { type: 'order.cancelLines', lines, reason: 'Too many' },
    headers: { 'if-match': '"1"' },
  });
  t.is(some.status, 200, some.text);
  t.like(some.json, { seq: 2, lines: [{ line: 1, quantity: 6, cancelled: 2 }] });
  const all = await app.call('POST', `${path}/events`, {
    token: customer.token,
    body: { type: 'order.cancel' },
  });
  t.is(all.status, 200, all.text);
  t.is(all.json.state, 'releasing');
});

test('the same command under the same key is done once', async (t) => {
  const { app, id, path, customer } = await setUp(t);
  const send = () =>
    app.call('POST', `${path}/events`, {
      token: customer.token,
      body: { type: 'order.cancelLines', lines: [{ line: 1, quantity: 1 }] },
      headers: { 'idempotency-key': 'k' },
    });
  const [first, second] = [await send(), await send()];
  t.deepEqual([first.status, second.status, second.text], [200, 200, first.text]);
  t.deepEqual(
    [first, second].map(({ headers }) => headers.get('idempotent-replayed')),
    [null, 'true'],
  );
  t.is((await app.orders.read(id))?.history.length, 2);
});

test('a key that comes again with another body is refused, and nothing is done', async (t) => {
  const { app, id, path, customer } = await setUp(t);
  const cancel = (quantity: number) =>
    app.call('POST', `${path}/events`, {
      token: customer.token,
      body: { type: 'order.cancelLines', lines: [{ line: 1, quantity }] },
      headers: { 'idempotency-key': 'k' },
    });
  t.is((await cancel(1)).status, 200);
  const other = await cancel(2);
  t.is(other.status, 422, other.text);
  t.is(other.json.code, 'idempotency-key-reused');
  t.is((await app.orders.read(id))?.seq, 2);
});

test('a repetition says so, whatever the order has become since, and whatever version it was sent for', async (t) => {
  const { app, id, path, operator } = await setUp(t);
  const put = (status: string, key: string, ifMatch = '*') =>
    app.call('PUT', `${path}/status`, {
      token: operator.token,
      body: { status },
      headers: { 'idempotency-key': key, 'if-match': ifMatch },
    });
  await app.orders.settle(id, { error: 'The warehouse is down.' });
  // It means a retry here, and would mean a resumption when it comes again.
  for (const replayed of [null, 'true']) {
    const answer = await put('PROCESSING', 'k', '"2"');
    t.is(answer.status, 200, answer.text);
    t.is(answer.headers.get('idempotent-replayed'), replayed);
    t.like(answer.json, { state: 'validating', seq: 3 });
  }
  t.is((await put('PROCESSING', 'k2')).status, 409);
  t.is((await put('PROCESSING', 'k3', '"2"')).status, 412);
});

test('a command that there is none of is answered with those that there are', async (t) => {
  const { app, path, customer } = await setUp(t);
  const send = (body: object) => app.call('POST', `${path}/events`, { token: customer.token, body });
  for (const body of [{ type: 'order.cancle' }, {}]) {
    const { status, json } = await send(body);
    t.is(status, 400);
    t.like(json.errors, [{ pointer: '/type', code: 'not_allowed' }]);
    for (const command of Object.keys(COMMAND_ROLES)) t.true(json.errors[0]?.detail.includes(`"${command}"`));
  }
  const refused = await send({ type: 'order.pay', token: 'tok_approve' });
  t.is(refused.status, 409, refused.text);
  t.deepEqual(refused.json.allowedEvents, ['order.cancel', 'order.cancelLines']);
});

test('which version of the machine runs an order is told to those who run the shop', async (t) => {
  const { app, path, customer, operator } = await setUp(t);
  const shown = async (token: string) => (await app.call('GET', path, { token })).json.machineVersion;
  t.is(await shown(operator.token), orderMachine.version);
  t.is(await shown(customer.token), undefined);
});

test('a command of operators is forbidden to the owner', async (t) => {
  const { app, id, path, customer } = await setUp(t);
  for (const body of [
    { type: 'order.hold', reason: 'why not' },
    { type: 'order.refund', amountMinor: 1 },
    { type: 'order.complete' },
  ]) {
    const answer = await app.call('POST', `${path}/events`, { token: customer.token, body });
    t.is(answer.status, 403, answer.text);
  }
  t.is((await app.orders.read(id))?.seq, 1);
});

test('what a command asks too much of is told in the refusal', async (t) => {
  const { app, path, operator } = await setUpPaid(t);
  const answer = await app.call('POST', `${path}/events`, {
    token: operator.token,
    body: {
      type: 'order.ship',
      carrier: 'Post',
      trackingNumber: 'T',
      lines: [{ line: 1, quantity: 7 }],
    },
  });
  t.is(answer.status, 409, answer.text);
  t.like(answer.json, {
    code: 'event-refused',
    state: 'awaitingShipment',
    detail: 'Of line 1, 6 can be sent, not 7.',
  });
  t.true(answer.json.allowedEvents.includes('order.ship'));
});

test('a trial tells what would come of a command, and changes nothing', async (t) => {
  const { app, id, path, customer, operator } = await setUp(t);
  const attempt = async (token: string, event: object) =>
    (await app.call('POST', `${path}/simulate`, { token, body: { event } })).json as unknown;
  t.like(await attempt(customer.token, { type: 'order.cancel' }), {
    taken: true,
    order: { state: 'releasing', seq: 2 },
    starts: ['compensation.release'],
    ends: ['validation.check'],
    deadlines: [],
  });
  const refused = { taken: false, state: 'validating' };
  t.like(await attempt(operator.token, { type: 'order.complete' }), refused);
  t.like(await attempt(customer.token, { type: 'order.hold', reason: 'r' }), refused);
  t.is((await app.orders.read(id))?.seq, 1);
});

test('the statuses of the older APIs are commands', async (t) => {
  const { app, id, path, operator } = await setUpPaid(t);
  const put = (body: object) => app.call('PUT', `${path}/status`, { token: operator.token, body });
  t.is((await put({ status: 'on_hold', reason: 'A look first' })).json.state, 'onHold');
  t.is((await put({ status: 'Processing' })).json.state, 'awaitingShipment');
  const shipped = await put({ status: 'SHIPPED', trackingNumber: 'T1' });
  t.is(shipped.status, 200, shipped.text);
  t.like(shipped.json, { state: 'confirming', shipments: [{ carrier: 'other', trackingNumber: 'T1' }] });
  t.is((await put({ status: 'CANCELLED' })).status, 409);
  await app.orders.settle(id, { error: 'The mail is down.' });
  t.is((await put({ status: 'COMPLETED' })).json.state, 'closing');
  t.is(await stateOf(app, id), 'closing');
});

test('PROCESSING retries where an order needs attention', async (t) => {
  const { app, id, path, operator } = await setUp(t);
  await app.orders.settle(id, { error: 'The warehouse is down.' });
  const answer = await app.call('PUT', `${path}/status`, {
    token: operator.token,
    body: { status: 'PROCESSING' },
  });
  t.is(answer.json.state, 'validating', answer.text);
});

for (const [body, ...faults] of [
  [{}, '/status required'],
  [{ status: 'LOST' }, '/status not_allowed'],
  [{ status: 'SHIPPED' }, '/trackingNumber tracking_number_with_shipped_alone'],
  [{ status: 'CANCELLED', trackingNumber: 'T1' }, '/trackingNumber tracking_number_with_shipped_alone'],
] as const)
  test(`a status is refused: ${JSON.stringify(body)}`, async (t) => {
    const { app, path, operator } = await setUp(t);
    const answer = await app.call('PUT', `${path}/status`, { token: operator.token, body });
    t.is(answer.status, 400, answer.text);
    t.deepEqual(
      answer.json.errors.map(({ pointer, code }) => `${pointer} ${code}`),
      faults,
    );
  });

test('an order is shown as it was at each seq, and at none that never was', async (t) => {
  const { app, id, path, customer } = await setUp(t);
  const { token } = customer;
  const first = await app.call('GET', path, { token });
  await app.orders.settle(id, HELD, paid(1530));
  const then = await app.call('GET', `${path}?at=1`, { token });
  t.is(then.status, 200, then.text);
  t.is(then.headers.get('etag'), '"1"');
  t.deepEqual(then.json, first.json);
  t.is((await app.call('GET', `${path}?at=2`, { token })).json.state, 'charging');
  t.like((await app.call('GET', `${path}?at=3`, { token })).json, {
    state: 'shipping',
    payment: { status: 'captured', capturedMinor: 1530 },
  });
  t.is((await app.call('GET', `${path}?at=4`, { token })).status, 404);
});

test('what operators move of a stock is told, newest first, each under its key once', async (t) => {
  const app = await startApp(t);
  const { token, user } = await app.person('operator');
  await app.call('POST', '/api/v1/products', {
    token,
    body: { sku: 'A', name: 'a', priceMinor: 1, currency: 'VND', stock: 5 },
  });
  const path = '/api/v1/products/A';
  for (const _ of [1, 2])
    await app.call('POST', `${path}/stock`, {
      token,
      body: { delta: 3, reason: 'found' },
      headers: { 'idempotency-key': 'k' },
    });
  app.clock.advance(1_000);
  const gone = await app.call('POST', `${path}/stock`, { token, body: { delta: -2 } });
  t.like(gone.json.stock, { received: 6, available: 6 });
  const { json } = await app.call('GET', `${path}/movements`, { token });
  t.deepEqual(json.items as unknown, [
    {
      kind: 'adjustment',
      delta: -2,
      at: '2026-01-01T00:00:01.000Z',
      by: user.id,
      reason: 'adjusted by hand',
    },
    { kind: 'adjustment', delta: 3, at: '2026-01-01T00:00:00.000Z', by: user.id, reason: 'found' },
  ]);
  t.is((await app.call('GET', `${path}/movements?limit=1`, { token })).json.items.length, 1);
  t.is((await app.call('GET', '/api/v1/products/B/movements', { token })).status, 404);
});
