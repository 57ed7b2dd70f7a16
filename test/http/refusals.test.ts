import test from 'ava';
import { assertRefused, type Case, invalid } from './support/refusal.ts';
import { startApp } from './support/running-app.ts';

const get = (name: string, path: string, ...faults: string[]): Case => ({
  name,
  method: 'GET',
  path,
  ...invalid,
  faults,
});

const CASES: Case[] = [
  get('operator in a query', '/api/v1/orders?customerId[$ne]=x', '/query/customerId[$ne] unknown_key'),
  get('the same query twice', '/api/v1/orders?state=a&state=b', '/query/state wrong_type'),
  get('state as an expression', '/api/v1/orders?state=%7B%22%24ne%22%3A1%7D', '/query/state invalid'),
  get('limit zero', '/api/v1/orders?limit=0', '/query/limit too_small'),
  get('limit too large', '/api/v1/orders?limit=101', '/query/limit too_large'),
  get('limit in words', '/api/v1/orders?limit=ten', '/query/limit not_an_integer'),
  get('limit in hexadecimal', '/api/v1/orders?limit=0x10', '/query/limit not_an_integer'),
  get('skip negative', '/api/v1/products?skip=-1', '/query/skip not_an_integer'),
  get('query __proto__', '/api/v1/products?__proto__=1', '/query/__proto__ unknown_key'),
  get('search too long', `/api/v1/products?search=${'x'.repeat(101)}`, '/query/search too_long'),
  get('order id with an operator', '/api/v1/orders/%24ne', '/path/id invalid'),
  get('order id with a slash', '/api/v1/orders/a%2Fb', '/path/id invalid'),
  get('sku that cannot be decoded', '/api/v1/products/%E0%A4%A', '/path/sku sku_invalid'),
  get('a query where none belongs', '/api/v1/auth/me?x=1', '/query/x unknown_key'),
  {
    name: 'cancel with an unknown key',
    method: 'POST',
    path: '/api/v1/orders/x/cancel',
    body: { force: true },
    ...invalid,
    faults: ['/force unknown_key'],
  },
  {
    name: 'retry with a body',
    as: 'operator',
    method: 'POST',
    path: '/api/v1/orders/x/retry',
    body: { to: 'completed' },
    ...invalid,
    faults: ['/to unknown_key'],
  },
  { name: 'no such route', method: 'GET', path: '/api/v2/orders', status: 404, code: 'route-not-found' },
  { name: 'no such file', method: 'GET', path: '/../../etc/passwd', status: 404, code: 'route-not-found' },
  {
    name: 'no such method',
    method: 'PUT',
    path: '/api/v1/orders',
    body: {},
    status: 405,
    code: 'method-not-allowed',
  },
  {
    name: 'a method of WebDAV',
    method: 'PROPFIND',
    path: '/api/v1/orders',
    status: 405,
    code: 'method-not-allowed',
  },
  { name: 'no such product', method: 'GET', path: '/api/v1/products/NONE', status: 404, code: 'not-found' },
  {
    name: 'product without a price',
    as: 'operator',
    method: 'POST',
    path: '/api/v1/products',
    body: { sku: 'A', name: 'a', currency: 'VND', stock: 1 },
    ...invalid,
    faults: ['/priceMinor required'],
  },
  {
    name: 'product with its counts',
    as: 'operator',
    method: 'POST',
    path: '/api/v1/products',
    body: { sku: 'A', name: 'a', currency: 'VND', priceMinor: 1, stock: { available: 1 } },
    ...invalid,
    faults: ['/stock wrong_type'],
  },
  {
    name: 'product of a kind unknown',
    as: 'operator',
    method: 'POST',
    path: '/api/v1/products',
    body: { sku: 'A', name: 'a', currency: 'VND', priceMinor: 1, stock: 1, kind: 'gift' },
    ...invalid,
    faults: ['/kind not_allowed'],
  },
  {
    name: 'product without a change',
    as: 'operator',
    method: 'PATCH',
    path: '/api/v1/products/A',
    body: {},
    ...invalid,
    faults: [' nothing_to_change'],
  },
  {
    name: 'product with its stock changed',
    as: 'operator',
    method: 'PATCH',
    path: '/api/v1/products/A',
    body: { name: 'b', stock: 9 },
    ...invalid,
    faults: ['/stock unknown_key'],
  },
  {
    name: 'stock by zero',
    as: 'operator',
    method: 'POST',
    path: '/api/v1/products/A/stock',
    body: { delta: 0 },
    ...invalid,
    faults: ['/delta nothing_to_change'],
  },
  {
    name: 'registration as an operator',
    method: 'POST',
    path: '/api/v1/auth/register',
    body: { email: 'a@example.com', username: 'ab', password: '0123456789', role: 'admin' },
    ...invalid,
    faults: ['/role unknown_key'],
  },
  {
    name: 'registration with a short password',
    method: 'POST',
    path: '/api/v1/auth/register',
    body: { email: 'a@example.com', username: 'ab', password: '012345678' },
    ...invalid,
    faults: ['/password too_short'],
  },
  {
    name: 'registration without an email',
    method: 'POST',
    path: '/api/v1/auth/register',
    body: { email: 'a', username: 'ab', password: '0123456789' },
    ...invalid,
    faults: ['/email email_invalid'],
  },
  {
    name: 'login with operators',
    method: 'POST',
    path: '/api/v1/auth/login',
    body: { email: { $gt: '' }, password: { $gt: '' } },
    ...invalid,
    faults: ['/email wrong_type', '/password wrong_type'],
  },
  {
    name: 'login with a huge password',
    method: 'POST',
    path: '/api/v1/auth/login',
    body: { email: 'a@example.com', password: 'x'.repeat(201) },
    ...invalid,
    faults: ['/password too_long'],
  },
];

for (const one of CASES) test(`refused: ${one.name}`, assertRefused, one);

test('real stock codes are taken as they are', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('operator');
  for (const sku of ['BANK CHARGES', 'gift_0001_40', 'm', 'M', 'DCGS0003', '15056bl', '15056BL', 'A.B-c']) {
    const body = { sku, name: sku, priceMinor: 100, currency: 'GBP', stock: 1 };
    const created = await app.call('POST', '/api/v1/products', { token, body });
    t.is(created.status, 201, created.text);
    const read = await app.call('GET', String(created.headers.get('location')));
    t.is(read.json.sku, sku);
  }
});
