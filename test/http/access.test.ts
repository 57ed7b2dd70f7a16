import test from 'ava';
import jwt from 'jsonwebtoken';
import { createTokens } from '../../src/http/tokens.ts';
import { placeOrder, type RunningApp, SECRET, startApp, TTL_S } from './support/running-app.ts';

const CLAIMS = { sub: 'user-1', role: 'admin', username: 'mallory' };
const RIGHT = { issuer: 'ordo', audience: 'ordo-api', algorithm: 'HS256', expiresIn: 60 } as const;

/** Tokens that must not be taken; `nowS` is the app's time. */
const FORGED: [string, (nowS: number) => string][] = [
  ['no token at all', () => ''],
  ['nonsense', () => 'a.b.c'],
  ['algorithm none', (iat) => jwt.sign({ ...CLAIMS, iat }, '', { ...RIGHT, algorithm: 'none' })],
  ['algorithm HS512', (iat) => jwt.sign({ ...CLAIMS, iat }, SECRET, { ...RIGHT, algorithm: 'HS512' })],
  ['another secret', (iat) => jwt.sign({ ...CLAIMS, iat }, SECRET.toUpperCase(), RIGHT)],
  ['another issuer', (iat) => jwt.sign({ ...CLAIMS, iat }, SECRET, { ...RIGHT, issuer: 'other' })],
  ['another audience', (iat) => jwt.sign({ ...CLAIMS, iat }, SECRET, { ...RIGHT, audience: 'other' })],
  [
    'the audience of the admin cookie',
    (iat) => jwt.sign({ ...CLAIMS, iat }, SECRET, { ...RIGHT, audience: 'ordo-admin' }),
  ],
  ['no issuer', (iat) => jwt.sign({ ...CLAIMS, iat, aud: 'ordo-api', exp: iat + 60 }, SECRET)],
  ['no expiry', (iat) => jwt.sign({ ...CLAIMS, iat, iss: 'ordo', aud: 'ordo-api' }, SECRET)],
  ['expired', (iat) => jwt.sign({ ...CLAIMS, iat: iat - 61 }, SECRET, RIGHT)],
  ['not yet valid', (iat) => jwt.sign({ ...CLAIMS, iat }, SECRET, { ...RIGHT, notBefore: 30 })],
  ['no subject', (iat) => jwt.sign({ role: 'admin', username: 'm', iat }, SECRET, RIGHT)],
  ['a role unknown', (iat) => jwt.sign({ ...CLAIMS, role: 'root', iat }, SECRET, RIGHT)],
];

for (const [name, forge] of FORGED) {
  test(`not signed in: ${name}`, async (t) => {
    const app = await startApp(t);
    const token = forge(Math.floor(app.clock.now().getTime() / 1000));
    const answer = await app.call('GET', '/api/v1/orders', token === '' ? {} : { token });
    t.is(answer.status, 401, answer.text);
    t.is(answer.json.code, 'unauthenticated');
    t.is(answer.headers.get('www-authenticate'), `Bearer realm="ordo"${token && ', error="invalid_token"'}`);
    t.throws(() => app.tokens.verify(token), { message: /./ });
  });
}

test('the token that all those are forged after is taken', async (t) => {
  const app = await startApp(t);
  const iat = Math.floor(app.clock.now().getTime() / 1000);
  const token = jwt.sign({ ...CLAIMS, iat }, SECRET, RIGHT);
  t.is((await app.call('GET', '/api/v1/orders', { token })).status, 200);
});

test('a token lives exactly as long as the clock says', async (t) => {
  const app = await startApp(t);
  const { user, token } = await app.person('customer');
  t.like(app.tokens.verify(token), { userId: user.id, role: 'customer', username: user.username });
  t.is(app.tokens.verify(token).expiresAt.getTime(), app.clock.now().getTime() + TTL_S * 1000);
  app.clock.advance(TTL_S * 1000 - 1000);
  t.is((await app.call('GET', '/api/v1/auth/me', { token })).status, 200);
  app.clock.advance(1000);
  t.is((await app.call('GET', '/api/v1/auth/me', { token })).status, 401);
});

test('a token in a cookie, a query, or under another scheme is no token', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('admin');
  const { token: other } = await app.person('admin');
  for (const headers of [
    { cookie: `token=${token}; ordo_admin=${token}` },
    { authorization: `Basic ${token}` },
    { authorization: token },
    { authorization: `Bearer ${token} ${other}` },
  ]) {
    t.is((await app.call('GET', '/api/v1/orders', { headers })).status, 401, Object.keys(headers)[0]);
  }
  t.is((await app.call('GET', `/api/v1/orders?token=${token}`)).status, 401);
});

test('tokens are not made with a short secret', (t) => {
  t.throws(
    () =>
      createTokens({ secret: 'short', ttlS: 60, clock: { now: () => new Date(), after: () => () => {} } }),
    {
      instanceOf: RangeError,
      message: /at least 32 bytes, got 5/,
    },
  );
});

type Who = 'nobody' | 'customer' | 'owner' | 'operator' | 'admin';
const PRODUCT = { sku: 'NEW', name: 'New', priceMinor: 1, currency: 'VND', stock: 1 };

/** Route, body, and the status that each is answered with; `ID` is the owner's order, `SKU` a product. */
const MATRIX: [string, string, unknown, Record<Who, number>][] = [
  ['GET', '/health', undefined, all(200)],
  ['GET', '/api/v1/products', undefined, all(200)],
  ['GET', '/api/v1/products/SKU', undefined, all(200)],
  ['POST', '/api/v1/products', PRODUCT, operators(201)],
  ['PATCH', '/api/v1/products/SKU', { name: 'Other' }, operators(200)],
  ['PUT', '/api/v1/products/SKU', { name: 'Other' }, operators(200)],
  ['POST', '/api/v1/products/SKU/stock', { delta: 1 }, operators(200)],
  ['DELETE', '/api/v1/products/SKU', undefined, operators(204)],
  ['GET', '/api/v1/auth/me', undefined, signedIn(200)],
  ['GET', '/api/v1/orders', undefined, signedIn(200)],
  ['GET', '/api/v1/orders/ID', undefined, owners(200)],
  ['GET', '/api/v1/orders/ID/history', undefined, owners(200)],
  ['POST', '/api/v1/orders/ID/cancel', undefined, owners(200)],
  ['POST', '/api/v1/orders/ID/retry', undefined, operators(409)],
];

function all(status: number): Record<Who, number> {
  return { nobody: status, customer: status, owner: status, operator: status, admin: status };
}
function signedIn(status: number) {
  return { ...all(status), nobody: 401 };
}
function owners(status: number) {
  return { ...signedIn(status), customer: 404 };
}
function operators(status: number) {
  return { ...signedIn(status), customer: 403, owner: 403 };
}

async function tokensOf(app: RunningApp): Promise<Record<Who, string | undefined>> {
  const [customer, owner, operator, admin] = await Promise.all(
    (['customer', 'customer', 'operator', 'admin'] as const).map((role) => app.person(role)),
  );
  return {
    nobody: undefined,
    customer: customer?.token,
    owner: owner?.token,
    operator: operator?.token,
    admin: admin?.token,
  };
}

for (const [method, path, body, expected] of MATRIX) {
  test(`who may: ${method} ${path}`, async (t) => {
    for (const [who, status] of Object.entries(expected) as [Who, number][]) {
      const app = await startApp(t);
      const tokens = await tokensOf(app);
      await app.products.create({ ...PRODUCT, sku: 'SKU', description: '', kind: 'goods' }, app.clock.now());
      const { json } = await placeOrder(app, String(tokens.owner));
      const token = tokens[who];
      const answer = await app.call(method, path.replace('ID', json.id), {
        ...(token !== undefined && { token }),
        ...(body !== undefined && { body }),
      });
      t.is(answer.status, status, `${who}: ${answer.text}`);
    }
  });
}
