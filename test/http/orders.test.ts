import { createHash } from 'node:crypto';
import test from 'ava';
import { orderBody, placeOrder, startApp } from './support/running-app.ts';

test('an order is placed for oneself at the prices of the catalogue', async (t) => {
  const app = await startApp(t);
  const { user, token } = await app.person('customer');
  const placed = await placeOrder(app, token);
  t.is(placed.status, 201, placed.text);
  t.is(placed.headers.get('location'), `/api/v1/orders/${placed.json.id}`);
  t.is(placed.headers.get('etag'), '"1"');
  t.is(placed.headers.get('idempotent-replayed'), null);
  t.like(placed.json, { customerId: user.id, seq: 1, state: 'validating', amountMinor: 1530 });
  t.deepEqual(placed.json.allowedEvents, ['order.cancel', 'order.cancelLines']);
  const record = await app.orders.read(placed.json.id);
  t.is(record?.input.pricing, 'catalogue');
  t.deepEqual(record?.history[0]?.by, { role: 'customer', userId: user.id });
  const read = await app.call('GET', `/api/orders/${placed.json.id}`, { token });
  t.is(read.status, 200);
  t.is(read.headers.get('etag'), '"1"');
  t.deepEqual(read.json, placed.json);
});

test('the same key and body again gives the first answer, byte for byte, also after the order moved', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const first = await placeOrder(app, token, orderBody(), 'key-1');
  await app.call('POST', `/api/v1/orders/${first.json.id}/cancel`, { token });
  app.clock.advance(60_000);
  const reordered = Object.fromEntries(Object.entries(orderBody({ pricing: 'catalogue' })).reverse());
  const again = await placeOrder(app, token, reordered, 'key-1');
  t.is(again.status, 201);
  t.is(again.headers.get('idempotent-replayed'), 'true');
  t.is(again.headers.get('etag'), '"1"');
  t.is(again.text, first.text);
  t.is(app.orders.count(), 1);
});

test('what a key is remembered with stays as it was: the hash of the body, its keys in order', async (t) => {
  const app = await startApp(t);
  const { user, token } = await app.person('customer');
  const placed = await placeOrder(app, token);
  const record = await app.orders.read(placed.json.id);
  const body =
    `{"currency":"VND","customerId":"${user.id}","fulfilment":"automatic",` +
    '"lines":[{"quantity":6,"sku":"85123A","unitPriceMinor":255}],' +
    '"payment":{"onDecline":"end","token":"tok_approve"},"pricing":"catalogue","shippingAddress":' +
    '{"city":"Huế","country":"VN","name":"Nguyễn An","postalCode":"49000","street":"1 Lê Lợi"}}';
  t.is(record?.idempotency?.fingerprint, createHash('sha256').update(body).digest('base64url'));
});

test('a path is found in whatever way it is written, with the same doors before it', async (t) => {
  const app = await startApp(t, { config: { rates: { reads: 10, writes: 0, auth: 0 } } });
  const { token } = await app.person('customer');
  for (const path of ['/api/v1/orders', '/api/v1/orders/', '/API/v1/Orders', '/api/orders?limit=5']) {
    const listed = await app.call('GET', path, { token });
    t.is(listed.status, 200, path);
    t.regex(listed.headers.get('ratelimit') ?? '', /^"reads"/, path);
    t.is((await app.call('GET', path)).status, 401, path);
    t.is((await app.call('HEAD', path, { token })).status, 200, path);
    t.is((await app.call('PUT', path, { token })).status, 405, path);
  }
});

test('fifty equal requests at once make one order', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => placeOrder(app, token, orderBody(), 'same')),
  );
  t.is(app.orders.count(), 1);
  t.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  t.is(new Set(answers.map(({ text }) => text)).size, 1);
  t.is(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length, 1);
});

test('another body under the same key is refused', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  await placeOrder(app, token, orderBody(), 'key-1');
  const other = await placeOrder(app, token, orderBody({ reference: 'another' }), 'key-1');
  t.is(other.status, 422);
  t.is(other.json.code, 'idempotency-key-reused');
});

test('an operator places for a customer at agreed prices', async (t) => {
  const app = await startApp(t);
  const { user } = await app.person('customer');
  const { token } = await app.person('operator');
  const placed = await placeOrder(app, token, orderBody({ customerId: user.id, pricing: 'agreed' }));
  t.is(placed.status, 201, placed.text);
  t.is(placed.json.customerId, user.id);
  t.is((await app.orders.read(placed.json.id))?.input.pricing, 'agreed');
  const unknown = await placeOrder(app, token, orderBody({ customerId: 'nobody' }));
  t.is(unknown.status, 400);
  t.like(unknown.json.errors[0], { pointer: '/customerId', code: 'unknown_customer' });
});

test('a customer can give neither another customer nor agreed prices', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const other = await app.person('customer');
  for (const changes of [{ customerId: other.user.id }, { pricing: 'agreed' }]) {
    const refused = await placeOrder(app, token, orderBody(changes));
    t.is(refused.status, 403, JSON.stringify(changes));
    t.is(refused.json.code, 'forbidden');
  }
  t.is(app.orders.count(), 0);
});

test("somebody else's order answers as a missing one, to the byte, whatever is asked of it", async (t) => {
  const app = await startApp(t);
  const owner = await app.person('customer');
  const stranger = await app.person('customer');
  const { json } = await placeOrder(app, owner.token);
  const asked: [string, string, Record<string, string>][] = [
    ['GET', '', {}],
    ['GET', '/history', {}],
    ['POST', '/cancel', {}],
    ['POST', '/cancel', { 'if-match': '"9"' }],
    ['POST', '/retry', {}],
  ];
  for (const [method, suffix, headers] of asked) {
    const options = { token: stranger.token, headers: { ...headers, 'x-request-id': 'same' } };
    const theirs = await app.call(method, `/api/v1/orders/${json.id}${suffix}`, options);
    const missing = await app.call(method, `/api/v1/orders/missing${suffix}`, options);
    t.is(theirs.text, missing.text, suffix);
    t.is(theirs.status, suffix === '/retry' ? 403 : 404, suffix);
    t.deepEqual([...theirs.headers].filter(notDate), [...missing.headers].filter(notDate), suffix);
  }
  t.is((await app.orders.read(String(json.id)))?.seq, 1);
});

const notDate = ([name]: [string, string]) => name !== 'date';

test('a cancel is done once, and refused with what is allowed where it comes too late', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const { json } = await placeOrder(app, token);
  const path = `/api/v1/orders/${json.id}/cancel`;
  const cancelled = await app.call('POST', path, { token, body: { reason: 'Changed my mind' } });
  t.is(cancelled.status, 200, cancelled.text);
  t.is(cancelled.headers.get('etag'), '"2"');
  t.like(cancelled.json, { state: 'releasing', seq: 2 });
  t.is(cancelled.json.reason.detail, 'Changed my mind');
  const refused = await app.call('POST', path, { token });
  t.is(refused.status, 409);
  t.like(refused.json, { code: 'event-refused', state: 'releasing', type: 'urn:ordo:problem:event-refused' });
  t.deepEqual(refused.json.allowedEvents, []);
});

test('a cancel repeated under its own key after a lost reply is answered, not refused', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const { json } = await placeOrder(app, token);
  const send = () =>
    app.call('POST', `/api/v1/orders/${json.id}/cancel`, {
      token,
      headers: { 'idempotency-key': 'cancel-1' },
    });
  const first = await send();
  const second = await send();
  t.is(first.status, 200);
  t.is(second.status, 200);
  t.is(second.text, first.text);
  t.is((await app.orders.read(json.id))?.history.length, 2);
});

test('a retry is for operators, and leads an order on that needs attention', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const operator = await app.person('operator');
  const { json } = await placeOrder(app, token);
  await app.orders.settle(json.id, { error: 'The warehouse is down.' });
  const path = `/api/v1/orders/${json.id}/retry`;
  t.is((await app.call('POST', path, { token })).status, 403);
  const retried = await app.call('POST', path, { token: operator.token, headers: { 'if-match': '"2"' } });
  t.is(retried.status, 200, retried.text);
  t.is(retried.json.state, 'validating');
});

test('If-Match lets a command through for the version seen, and for no other', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const { json } = await placeOrder(app, token);
  const path = `/api/v1/orders/${json.id}/cancel`;
  for (const tag of ['"2"', '1', 'W/"1"', '"x"', '""']) {
    const stale = await app.call('POST', path, { token, headers: { 'if-match': tag } });
    t.is(stale.status, 412, tag);
    t.is(stale.json.code, 'precondition-failed');
  }
  t.is((await app.call('POST', path, { token, headers: { 'if-match': '"7", "1"' } })).status, 200);
});

test('an order that was not changed since is not sent again', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const { json } = await placeOrder(app, token);
  // Without a Cache-Control of ours, fetch sends `no-cache` beside the condition.
  const headers = { 'if-none-match': '"1"', 'cache-control': 'max-age=0' };
  const unchanged = await app.call('GET', `/api/v1/orders/${json.id}`, { token, headers });
  t.is(unchanged.status, 304);
  t.is(unchanged.text, '');
  await app.orders.settle(json.id, { output: { type: 'stock.held' } });
  t.is((await app.call('GET', `/api/v1/orders/${json.id}`, { token, headers })).status, 200);
});

test('the history tells every transition', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const { json } = await placeOrder(app, token);
  await app.call('POST', `/api/v1/orders/${json.id}/cancel`, { token });
  const { json: history } = await app.call('GET', `/api/v1/orders/${json.id}/history`, { token });
  t.deepEqual(
    history.items.map(({ seq, type, by }) => ({ seq, type, by })),
    [
      { seq: 1, type: 'order.placed', by: 'customer' },
      { seq: 2, type: 'order.cancel', by: 'customer' },
    ],
  );
});

test('an operator sees why an order needs attention, and its customer does not', async (t) => {
  const app = await startApp(t);
  const customer = await app.person('customer');
  const operator = await app.person('operator');
  const { json } = await placeOrder(app, customer.token);
  await app.orders.settle(json.id, { output: { type: 'stock.held' } }, { error: 'the gateway is away' });
  const ask = (path: string, token: string) => app.call('GET', `/api/v1/orders/${json.id}${path}`, { token });
  t.is((await ask('', operator.token)).json.trouble, 'the gateway is away');
  const { items } = (await ask('/history', operator.token)).json;
  t.like(items[2], { type: 'payment.exhausted', to: 'needsAttention', trouble: 'the gateway is away' });
  for (const path of ['', '/history', '?at=3'])
    t.notRegex((await ask(path, customer.token)).text, /is away/, path);
});

test('a list has one page after another, one customer sees one customer, operators see all', async (t) => {
  const app = await startApp(t);
  const { user, token } = await app.person('customer');
  const other = await app.person('customer');
  const operator = await app.person('operator');
  for (let index = 0; index < 5; index += 1) await placeOrder(app, token);
  await placeOrder(app, other.token);
  const seen: string[] = [];
  let path: string | undefined = '/api/v1/orders?limit=2';
  while (path !== undefined) {
    const page = await app.call('GET', path, { token });
    t.is(page.status, 200, page.text);
    seen.push(...page.json.items.map(({ id }) => String(id)));
    path = page.headers.get('link')?.match(/^<(.*)>; rel="next"$/)?.[1];
    t.is(page.json.next === null, path === undefined);
  }
  t.is(new Set(seen).size, 5);
  const count = async (who: string, query = '') =>
    (await app.call('GET', `/api/v1/orders${query}`, { token: who })).json.items.length;
  t.is(await count(operator.token), 6);
  t.is(await count(operator.token, `?customerId=${user.id}`), 5);
  t.is(await count(operator.token, '?state=completed'), 0);
  t.is(await count(token, `?customerId=${user.id}`), 5);
  t.is((await app.call('GET', `/api/v1/orders?customerId=${other.user.id}`, { token })).status, 403);
});
