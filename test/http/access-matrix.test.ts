/** Who may call what, for every route of the table, and whether it is answered as documented: a new route needs a row. */
import test from 'ava';
import { createBrowser } from '../providers/browser.ts';
import { createContract, type OpenApiDocument } from './support/contract.ts';
import { placeOrder, type RunningApp, startApp } from './support/running-app.ts';

type Who = 'nobody' | 'customer' | 'owner' | 'operator' | 'admin';

/** What a call needs beside its token, and what each is answered; `ID` is the owner's order, `USER` the owner. */
interface Expectation {
  body?: unknown;
  headers?: Record<string, string>;
  query?: string;
  expected: Record<Who, number>;
}

const all = (status: number): Record<Who, number> => ({
  nobody: status,
  customer: status,
  owner: status,
  operator: status,
  admin: status,
});
const signedIn = (status: number) => ({ ...all(status), nobody: 401 });
/** Another customer's order answers as a missing one. */
const owners = (status: number) => ({ ...signedIn(status), customer: 404 });
const operators = (status: number) => ({ ...signedIn(status), customer: 403, owner: 403 });
const admins = (status: number) => ({ ...operators(status), operator: 403 });

const PRODUCT = { sku: 'NEW', name: 'New', priceMinor: 1, currency: 'VND', stock: 1 };
const CSV = { body: 'sku,name,priceMinor,currency\nA,a,1,VND', headers: { 'content-type': 'text/csv' } };
const NEW_USER = { email: 'new@example.com', username: 'new one', password: '0123456789' };

const CANCEL = { type: 'order.cancel' };
const ENDPOINT = 'https://push.example/send/abc';
const HOOK = 'https://hooks.example/ordo';

const EXPECTATIONS: Record<string, Expectation> = {
  'post /auth/register': { body: NEW_USER, expected: all(201) },
  'post /auth/login': { body: { email: 'no@example.com', password: 'x' }, expected: all(401) },
  'post /auth/login-test': { body: { email: 'no@example.com' }, expected: all(404) },
  'post /auth/refresh': { body: { refresh_token: 'x' }, expected: all(401) },
  'post /auth/logout': { expected: signedIn(204) },
  'post /auth/validate-token': { body: { token: 'x' }, expected: all(200) },
  'get /auth/me': { expected: signedIn(200) },
  'patch /auth/me': { body: { language: 'vi' }, expected: signedIn(200) },
  'post /auth/me/push-subscriptions': {
    body: createBrowser(ENDPOINT).subscription,
    expected: signedIn(204),
  },
  'delete /auth/me/push-subscriptions': {
    query: `?endpoint=${encodeURIComponent(ENDPOINT)}`,
    expected: signedIn(204),
  },
  'get /push/vapid-public-key': { expected: all(200) },
  'post /auth/change-password': {
    body: { currentPassword: 'wrong', newPassword: '0123456789' },
    expected: signedIn(400),
  },
  'get /users': { expected: admins(200) },
  'put /users/:id/role': { body: { role: 'operator' }, expected: admins(200) },
  'post /users/:id/disable': { expected: admins(200) },
  'post /users/:id/enable': { expected: admins(200) },
  'get /products': { expected: all(200) },
  'get /products/:sku': { expected: all(200) },
  'post /products': { body: PRODUCT, expected: operators(201) },
  'post /products/import': { ...CSV, expected: operators(200) },
  'patch /products/:sku': { body: { name: 'Other' }, expected: operators(200) },
  'put /products/:sku': { body: { name: 'Other' }, expected: operators(200) },
  'post /products/:sku/stock': { body: { delta: 1 }, expected: operators(200) },
  'get /products/:sku/movements': { expected: operators(200) },
  'delete /products/:sku': { expected: operators(204) },
  'get /orders': { expected: signedIn(200) },
  // Without an idempotency key whoever may place an order is told so.
  'post /orders': { body: {}, expected: signedIn(400) },
  'get /orders/history/:customerId': { expected: { ...signedIn(200), customer: 403 } },
  'get /orders/:id': { expected: owners(200) },
  // It has not ended.
  'delete /orders/:id': { expected: operators(409) },
  'get /orders/:id/history': { expected: owners(200) },
  'get /orders/:id/transitions': { expected: owners(200) },
  'get /orders/:id/stream': { expected: owners(200) },
  'get /analytics/orders': { expected: operators(200) },
  'get /analytics/products': { expected: operators(200) },
  'get /analytics/conversion': { expected: operators(200) },
  'get /analytics/times': { expected: operators(200) },
  'get /machines/order': { expected: all(200) },
  'post /orders/:id/cancel': { expected: owners(200) },
  'post /orders/:id/retry': { expected: operators(409) },
  'post /orders/:id/events': { body: CANCEL, expected: owners(200) },
  'post /orders/:id/simulate': { body: { event: CANCEL }, expected: owners(200) },
  'get /webhook-endpoints': { expected: operators(200) },
  'post /webhook-endpoints': { body: { url: HOOK }, expected: operators(201) },
  'get /webhook-endpoints/:id': { expected: operators(200) },
  'patch /webhook-endpoints/:id': { body: { enabled: false }, expected: operators(200) },
  'delete /webhook-endpoints/:id': { expected: operators(204) },
  'post /webhook-endpoints/:id/rotate-secret': { expected: operators(200) },
  'post /webhook-endpoints/:id/ping': { expected: operators(202) },
  'get /webhook-endpoints/:id/deliveries': { expected: operators(200) },
  'post /webhook-endpoints/:id/deliveries/:eventId/redeliver': { expected: operators(202) },
  'put /orders/:id/status': { body: { status: 'CANCELLED' }, expected: operators(200) },
};

/** An app with a product, the owner's order, and one of each who may ask. */
async function setUp(t: Parameters<typeof startApp>[0]) {
  const app = await startApp(t, {
    config: { loginTest: true, push: { publicKey: 'the-public-key', allowPrivate: false } },
  });
  const people = await Promise.all(
    (['customer', 'customer', 'operator', 'admin'] as const).map((role) => app.person(role)),
  );
  const [customer, owner, operator, admin] = people.map(({ token }) => token);
  const tokens: Record<Who, string | undefined> = { nobody: undefined, customer, owner, operator, admin };
  await app.products.create({ ...PRODUCT, sku: 'SKU', description: '', kind: 'goods' }, app.clock.now());
  const { json } = await placeOrder(app, String(owner));
  const { endpoint } = await app.webhooks.create({ url: HOOK, events: ['*'], states: [] });
  const { eventId } = await app.webhooks.ping(endpoint.id);
  const userId = String(people[1]?.user.id);
  return { app, tokens, orderId: json.id, userId, endpointId: endpoint.id, eventId };
}

/** The id of what the path begins with. */
const idIn = (template: string, ids: Record<string, string>) => ids[template.split('/')[1] ?? ''] ?? '';

let contract: Promise<ReturnType<typeof createContract>> | undefined;

/** What the app says about itself; all apps here say the same. */
function contractOf(app: RunningApp) {
  contract ??= app
    .call('GET', '/openapi.json')
    .then(({ json }) => createContract(json as unknown as OpenApiDocument));
  return contract;
}

/** The table of the app, as `method path`. */
const keysOf = (app: RunningApp) =>
  app.routes.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`));

test('every route of the table has an expectation, and none is expected that is not there', async (t) => {
  const { app } = await setUp(t);
  t.deepEqual(keysOf(app).sort(), Object.keys(EXPECTATIONS).sort());
});

for (const [key, expectation] of Object.entries(EXPECTATIONS)) {
  const [method = '', template = ''] = key.split(' ');
  for (const [who, status] of Object.entries(expectation.expected) as [Who, number][])
    test(`${who} gets ${status}: ${key}`, async (t) => {
      const { app, tokens, orderId, userId, endpointId, eventId } = await setUp(t);
      const path = template
        .replace(':sku', 'SKU')
        .replace(':customerId', userId)
        .replace(':eventId', eventId)
        .replace(':id', idIn(template, { users: userId, 'webhook-endpoints': endpointId, orders: orderId }));
      const { body, headers = {}, query = '' } = expectation;
      const token = tokens[who];
      const answer = await app.call(method.toUpperCase(), `/api/v1${path}${query}`, {
        headers,
        ...(token !== undefined && { token }),
        ...(body !== undefined && { body }),
      });
      t.is(answer.status, status, answer.text);
      t.deepEqual((await contractOf(app)).check(method, template, body, answer), []);
    });
}

test('every operation that is documented has an id of its own, a summary, a tag and an answer', async (t) => {
  const { app } = await setUp(t);
  const operations = app.routes.map(({ operation }) => operation);
  t.is(new Set(operations.map(({ id }) => id)).size, operations.length);
  for (const { id, summary, tags, answers } of operations) {
    t.regex(id, /^[a-z][A-Za-z]+$/);
    t.true(summary.length > 0 && tags.length > 0 && Object.keys(answers).length > 0, id);
  }
});

test('without the setting there is no login for tests', async (t) => {
  const app = await startApp(t);
  t.false(keysOf(app).includes('post /auth/login-test'));
  const { status, json } = await app.call('POST', '/api/v1/auth/login-test', { body: { username: 'admin' } });
  t.is(status, 404);
  t.is(json.code, 'route-not-found');
});

test("another customer's order and a missing one are answered alike, to the byte", async (t) => {
  const { app, tokens, orderId } = await setUp(t);
  const token = String(tokens.customer);
  for (const [method, rest, body] of [
    ['GET', ''],
    ['GET', '?at=1'],
    ['GET', '?at=9'],
    ['GET', '/history'],
    ['POST', '/cancel'],
    ['POST', '/events', CANCEL],
    ['POST', '/simulate', { event: CANCEL }],
  ] as const) {
    const options = { token, ...(body && { body }) };
    const others = await app.call(method, `/api/v1/orders/${orderId}${rest}`, options);
    const missing = await app.call(method, `/api/v1/orders/no-such-order${rest}`, options);
    t.deepEqual([others.status, others.text], [missing.status, missing.text]);
  }
});
