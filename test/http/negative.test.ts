/** What attackers and broken clients send, and how it is refused. To add one, add a row. */
import test from 'ava';
import jwt from 'jsonwebtoken';
import { createKeyRing } from '../../src/http/tokens.ts';
import {
  assertNegative,
  forbidden,
  get,
  invalid,
  malformed,
  type Negative,
  type NegativeRequest,
  post,
  signedOut,
} from './support/negative.ts';
import { orderBody, type RunningApp, SECRET } from './support/running-app.ts';

const KEY = { 'idempotency-key': 'k' };
const HEADER = { alg: 'HS256', typ: 'at+jwt', kid: createKeyRing([SECRET]).signing.kid };
const CLAIMS = { sub: 'u', sid: 's', role: 'admin', username: 'm' };
const PASSWORD = 'correct horse battery';
const ADA = { email: 'ada@example.com', username: 'Ada', password: PASSWORD };
const CSV = { 'content-type': 'text/csv' };
const COLUMNS = 'sku,name,priceMinor,currency';

const limited = { status: 429, code: 'too-many-requests' } as const;

const order = (body: unknown): NegativeRequest => ({ method: 'POST', body, headers: KEY });
const asForm = (path: string, text: string) =>
  post(path, text, { 'content-type': 'application/x-www-form-urlencoded' });

/** A token that is ours but for what is given; the app's time is that of its clock. */
const forged =
  (claims: object, options: jwt.SignOptions, header: object = {}, secret = SECRET) =>
  async (app: RunningApp): Promise<NegativeRequest> => {
    const iat = Math.floor(app.clock.now().getTime() / 1000);
    const signing = { issuer: 'ordo', audience: 'ordo-api', expiresIn: 60, ...options };
    const token = jwt.sign({ ...CLAIMS, iat, ...claims }, secret, {
      ...signing,
      header: { ...HEADER, ...header } as jwt.JwtHeader,
    });
    return { token };
  };

const register = async (app: RunningApp) =>
  (await app.call('POST', '/api/v1/auth/register', { body: ADA })).json;

/** Says the same wrong thing so many times before the row's own request. */
const after = (times: number, request: NegativeRequest) => async (app: RunningApp) => {
  await register(app);
  const { method = 'GET', path = '', ...options } = request;
  for (let i = 0; i < times; i += 1) await app.call(method, path, options);
  return request;
};

const retryAfter: Negative['also'] = (t, { headers }) => {
  t.true(Number(headers.get('retry-after')) > 0);
};

const INJECTIONS: Negative[] = [
  { name: 'an operator as a customer', ...invalid, request: order(orderBody({ customerId: { $ne: '' } })) },
  { name: 'an operator as a key', ...invalid, request: order({ ...orderBody(), $where: 'sleep(9)' }) },
  { name: 'an operator as a sku', ...invalid, request: order(orderBody({ lines: [{ sku: { $gt: '' } }] })) },
  { name: 'an operator in a query', ...invalid, request: get('/orders?customerId[$ne]=x') },
  {
    name: 'an operator as an order',
    status: 400,
    code: 'invalid-request',
    request: get('/orders/%7B%22$ne%22:1%7D'),
  },
  {
    name: 'an operator as an email',
    ...invalid,
    as: 'nobody',
    request: post('/auth/login', { email: { $gt: '' }, password: { $gt: '' } }),
  },
  {
    name: 'an operator in a form',
    ...invalid,
    as: 'nobody',
    request: asForm('/auth/login', 'username[$ne]=x&password[$ne]=x'),
  },
  {
    name: 'an operator as a refresh token',
    ...invalid,
    as: 'nobody',
    request: post('/auth/refresh', { refresh_token: { $ne: '' } }),
  },
  {
    name: 'an operator as a role',
    ...invalid,
    as: 'admin',
    request: { ...post('/users/x/role', { role: { $ne: 'x' } }), method: 'PUT' },
  },
  { name: 'an expression as a sort', ...invalid, request: get('/products?sort=%24where') },
  { name: 'a sort by a field that is none of theirs', ...invalid, request: get('/products?sort=stock.held') },
  {
    name: 'a cursor of operators',
    ...invalid,
    request: get(`/products?after=${Buffer.from('["A",{"$gt":""}]').toString('base64url')}`),
  },
  {
    name: 'a cursor of another order',
    ...invalid,
    request: get(`/products?sort=priceMinor&after=${Buffer.from('["A","b"]').toString('base64url')}`),
  },
  { name: 'a cursor that is nonsense', ...invalid, request: get('/products?after=x') },
  { name: 'a query twice', ...invalid, request: get('/orders?state=a&state=b') },
  { name: 'a sku that is a path', ...invalid, request: get('/products/..%2f..%2fetc%2fpasswd') },
];

const ASSIGNMENTS: Negative[] = [
  {
    name: 'a registration as an administrator',
    ...invalid,
    as: 'nobody',
    request: post('/auth/register', { ...ADA, role: 'admin' }),
  },
  {
    name: 'a registration with an epoch',
    ...invalid,
    as: 'nobody',
    request: post('/auth/register', { ...ADA, sessionEpoch: 9 }),
  },
  { name: 'an order with an amount', ...invalid, request: order({ ...orderBody(), amountMinor: 1 }) },
  { name: 'an order for somebody else', ...forbidden, request: order(orderBody({ customerId: 'another' })) },
  { name: 'an order at prices of its own', ...forbidden, request: order(orderBody({ pricing: 'agreed' })) },
  {
    name: 'a product with its counts',
    ...invalid,
    as: 'operator',
    request: { ...post('/products/A', { name: 'a', stock: { available: 9 } }), method: 'PATCH' },
  },
  { name: 'a product by a customer', ...forbidden, request: post('/products', {}) },
  { name: 'an import by a customer', ...forbidden, request: post('/products/import', `${COLUMNS}\n`, CSV) },
  {
    name: 'a role by an operator',
    ...forbidden,
    as: 'operator',
    request: { ...post('/users/x/role', { role: 'admin' }), method: 'PUT' },
  },
  { name: 'the users by an operator', ...forbidden, as: 'operator', request: get('/users') },
];

const TOKENS: Negative[] = [
  { name: 'algorithm none', ...signedOut, request: forged({}, { algorithm: 'none' }, { alg: 'none' }, '') },
  { name: 'another HMAC', ...signedOut, request: forged({}, { algorithm: 'HS512' }, { alg: 'HS512' }) },
  { name: 'another secret', ...signedOut, request: forged({}, {}, {}, 'x'.repeat(40)) },
  { name: 'another audience', ...signedOut, request: forged({}, { audience: 'ordo-admin' }) },
  { name: 'another issuer', ...signedOut, request: forged({}, { issuer: 'else' }) },
  { name: 'another type', ...signedOut, request: forged({}, {}, { typ: 'JWT' }) },
  { name: 'a key that is a path', ...signedOut, request: forged({}, {}, { kid: '/dev/null' }) },
  { name: 'a session that never was', ...signedOut, request: forged({}, {}) },
  {
    name: 'a token that has expired',
    ...signedOut,
    async request(app) {
      app.clock.advance(3_600_000);
      return {};
    },
  },
  { name: 'a token of 8 KiB', ...signedOut, request: { token: 'x'.repeat(8_000) } },
  {
    name: 'a refresh token as an access token',
    ...signedOut,
    as: 'nobody',
    request: async (app) => ({ token: (await register(app)).refresh_token }),
  },
  {
    name: 'an access token as a refresh token',
    ...signedOut,
    as: 'nobody',
    request: async (app) => post('/auth/refresh', { refresh_token: (await register(app)).access_token }),
  },
  {
    name: 'a refresh token for the second time',
    ...signedOut,
    as: 'nobody',
    async request(app) {
      const { refresh_token } = await register(app);
      await app.call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
      return post('/auth/refresh', { refresh_token });
    },
  },
  {
    name: 'the token of a user who was disabled',
    ...signedOut,
    as: 'nobody',
    async request(app) {
      const { access_token: token, user } = await register(app);
      const admin = await app.person('admin');
      await app.call('POST', `/api/v1/users/${user.id}/disable`, { token: admin.token });
      return { token };
    },
  },
];

const logins = { config: { logins: { failures: 3, windowS: 60 } } };
const wrong = { email: ADA.email, password: 'wrong' };
const FORCE: Negative[] = [
  {
    name: 'the password after too many wrong ones',
    ...limited,
    as: 'nobody',
    changes: logins,
    also: retryAfter,
    async request(app) {
      await after(3, post('/auth/login', wrong))(app);
      return post('/auth/login', { ...wrong, password: PASSWORD });
    },
  },
  {
    name: 'another wrong password',
    ...limited,
    as: 'nobody',
    changes: logins,
    also: retryAfter,
    request: after(3, post('/auth/login', wrong)),
  },
  {
    name: 'an account that nobody has, guessed at',
    ...limited,
    as: 'nobody',
    changes: logins,
    request: after(3, post('/auth/login', { ...wrong, email: 'no@example.com' })),
  },
  {
    name: 'many requests from one user',
    ...limited,
    changes: { config: { rates: { reads: 5, writes: 0, auth: 0 } } },
    also: retryAfter,
    request: async (app, token) => {
      for (let i = 0; i < 5; i += 1) await app.call('GET', '/api/v1/orders', { token });
      return {};
    },
  },
  {
    name: 'many registrations from one address',
    ...limited,
    as: 'nobody',
    changes: { config: { rates: { reads: 0, writes: 0, auth: 1 } } },
    request: after(0, post('/auth/register', { ...ADA, email: 'b@example.com' })),
  },
  {
    name: 'an address of their own choosing',
    ...limited,
    as: 'nobody',
    changes: { config: { rates: { reads: 1, writes: 0, auth: 0 } } },
    request: async (app) => {
      const path = '/api/v1/products';
      await app.call('GET', path, { headers: { 'x-forwarded-for': '1.1.1.1' } });
      return { path, headers: { 'x-forwarded-for': '2.2.2.2' } };
    },
  },
];

const lines = Array.from({ length: 10_000 }, () => ({ sku: 'A', quantity: 1, unitPriceMinor: 1 }));
const SIZES: Negative[] = [
  {
    name: 'a body beyond the limit',
    status: 413,
    code: 'body-too-large',
    request: order(`{"reference":"${'x'.repeat(1_048_576)}"}`),
  },
  {
    name: 'JSON of a hundred thousand levels',
    ...malformed,
    request: order('['.repeat(100_000) + ']'.repeat(100_000)),
  },
  {
    name: 'JSON of forty levels',
    ...malformed,
    request: order(`{"lines":${'['.repeat(40)}${']'.repeat(40)}}`),
  },
  { name: 'ten thousand lines', ...invalid, request: order(orderBody({ lines })) },
  {
    name: 'ten thousand unknown keys',
    ...invalid,
    request: order(Object.fromEntries(lines.map((_, i) => [`k${i}`, i]))),
  },
  {
    name: 'a form of ten thousand fields',
    status: 413,
    code: 'body-too-large',
    as: 'nobody',
    request: asForm('/auth/login', lines.map((_, i) => `k${i}=1`).join('&')),
  },
  { name: 'a limit of a thousand million', ...invalid, request: get('/products?limit=1000000000') },
  { name: 'a limit in scientific notation', ...invalid, request: get('/products?limit=1e9') },
  { name: 'a skip beyond everything', ...invalid, request: get('/products?skip=999999999') },
  {
    name: 'a search of ten thousand letters',
    ...invalid,
    request: get(`/products?search=${'a'.repeat(10_000)}`),
  },
  {
    name: 'a password of a mebibyte',
    ...invalid,
    as: 'nobody',
    request: post('/auth/login', { ...wrong, password: 'x'.repeat(1_000_000) }),
  },
  { name: 'headers beyond the limit', status: 431, request: { headers: { 'x-much': 'x'.repeat(20_000) } } },
  {
    name: 'a CSV of too many rows',
    status: 413,
    code: 'body-too-large',
    as: 'operator',
    changes: { config: { importRows: 100 } },
    request: post('/products/import', `${COLUMNS}\n${lines.map((_, i) => `S${i},n,1,VND`).join('\n')}`, CSV),
    also: async (t, _, app) =>
      t.is(
        (await app.products.list({ skip: 0, limit: 1 })).total,
        100,
        'those within the limit are imported',
      ),
  },
  {
    name: 'a CSV row without an end',
    ...malformed,
    as: 'operator',
    request: post('/products/import', `${COLUMNS}\n"${'x'.repeat(100_000)}`, CSV),
  },
];

const PROTOTYPES: Negative[] = [
  {
    name: 'a key __proto__',
    ...malformed,
    request: order(`{"__proto__":{"role":"admin"},${JSON.stringify(orderBody()).slice(1)}`),
  },
  {
    name: 'a key constructor',
    ...invalid,
    request: order({ ...orderBody(), constructor: { prototype: { role: 'admin' } } }),
  },
  { name: 'a key __proto__ in a query', ...invalid, request: get('/products?__proto__[role]=admin') },
  {
    name: 'a key __proto__ in a form',
    status: 401,
    code: 'bad-credentials',
    as: 'nobody',
    request: asForm('/auth/login', '__proto__[role]=admin&username=a&password=b'),
  },
  {
    name: 'a column __proto__',
    ...malformed,
    as: 'operator',
    request: post('/products/import', `${COLUMNS},__proto__\nA,a,1,VND,x`, CSV),
  },
];

const noCookie: Negative['also'] = (t, { headers }) => {
  t.is(headers.get('set-cookie'), null);
};
const origins = { config: { allowedOrigins: ['https://shop.example'] } };
const foreign = { origin: 'https://evil.example' };
const noCors: Negative['also'] = (t, { headers }) => {
  t.is(headers.get('access-control-allow-origin'), null);
};
const http = (head: string) => `${head}\r\nHost: x\r\nConnection: close\r\n\r\n`;
const PROTOCOL: Negative[] = [
  {
    name: 'a line break in a path',
    ...invalid,
    request: get('/products/A%0d%0aSet-Cookie:%20a=b'),
    also: noCookie,
  },
  {
    name: 'a line break in a request id',
    status: 400,
    as: 'nobody',
    request: {
      raw: http('GET /api/v1/orders HTTP/1.1\r\nX-Request-Id: a\r\n b\r\n').replace(
        '\r\n\r\nHost',
        '\r\nHost',
      ),
    },
    also: noCookie,
  },
  {
    name: 'a bare carriage return in a header',
    status: 400,
    request: { raw: http('GET / HTTP/1.1\r\nX-A: a\rSet-Cookie: b=c') },
    also: noCookie,
  },
  {
    name: 'a length and chunks at once',
    status: 400,
    request: { raw: http('POST /api/v1/orders HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked') },
  },
  {
    name: 'two lengths',
    status: 400,
    request: { raw: http('POST /api/v1/orders HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5') },
  },
  { name: 'a version of HTTP that is none', status: 400, request: { raw: http('GET / HTTP/9.9') } },
  {
    name: 'a body of another type',
    ...malformed,
    request: { ...order('<order/>'), headers: { ...KEY, 'content-type': 'application/xml' } },
  },
  {
    name: 'a form where JSON belongs',
    ...malformed,
    request: {
      ...order('currency=VND'),
      headers: { ...KEY, 'content-type': 'application/x-www-form-urlencoded' },
    },
  },
  { name: 'JSON where a CSV belongs', ...malformed, as: 'operator', request: post('/products/import', {}) },
  {
    name: 'a page of another origin',
    ...forbidden,
    changes: origins,
    request: { headers: foreign },
    also: noCors,
  },
  {
    name: 'a page of no origin',
    ...forbidden,
    changes: origins,
    request: { headers: { origin: 'null' } },
    also: noCors,
  },
  {
    name: 'a preflight from another origin',
    ...forbidden,
    as: 'nobody',
    changes: origins,
    request: { method: 'OPTIONS', headers: { ...foreign, 'access-control-request-method': 'POST' } },
    also: noCors,
  },
  {
    name: 'an origin that begins like one of ours',
    ...forbidden,
    changes: origins,
    request: { headers: { origin: 'https://shop.example.evil.example' } },
    also: noCors,
  },
  {
    name: 'a method that overrides',
    status: 405,
    code: 'method-not-allowed',
    request: { method: 'DELETE', headers: { 'x-http-method-override': 'GET' } },
  },
];

const ROWS = [...INJECTIONS, ...ASSIGNMENTS, ...TOKENS, ...FORCE, ...SIZES, ...PROTOTYPES, ...PROTOCOL];

for (const row of ROWS) test.serial(`refused: ${row.name}`, assertNegative, row);

test.serial(
  'a search of every character that means something to a pattern finds nothing, at once',
  async (t) => {
    const search = encodeURIComponent('(a+)+$.*[x]{9}^|\\'.repeat(5));
    const also: Negative['also'] = (tt, { json }) => tt.is(json.total, 0);
    await assertNegative(t, { name: '', status: 200, request: get(`/products?search=${search}`), also });
  },
);
