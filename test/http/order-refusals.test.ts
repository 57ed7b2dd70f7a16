import { gzipSync } from 'node:zlib';
import test from 'ava';
import { assertRefused, type Case, invalid, malformed } from './support/refusal.ts';
import { orderBody, startApp } from './support/running-app.ts';

const line = (changes: Record<string, unknown> = {}) => ({
  sku: 'A1',
  quantity: 1,
  unitPriceMinor: 1,
  ...changes,
});
const address = (changes: Record<string, unknown>) => ({
  shippingAddress: { ...orderBody().shippingAddress, ...changes },
});

/** An order whose body has that fault. */
const order = (name: string, changes: Record<string, unknown>, ...faults: string[]): Case => ({
  name,
  body: orderBody(changes),
  ...invalid,
  faults,
});
const rawOrder = (name: string, body: string, rest: Partial<Case> = malformed): Case => ({
  name,
  body,
  ...malformed,
  ...rest,
});

const CASES: Case[] = [
  order(
    'quantity zero',
    { lines: [line(), line({ quantity: 0 })] },
    '/lines/1/quantity quantity_not_positive',
  ),
  order('quantity negative', { lines: [line({ quantity: -6 })] }, '/lines/0/quantity quantity_not_positive'),
  order('quantity in halves', { lines: [line({ quantity: 1.5 })] }, '/lines/0/quantity not_an_integer'),
  order('quantity too large', { lines: [line({ quantity: 1_000_001 })] }, '/lines/0/quantity too_large'),
  order(
    'quantity beyond integers',
    { lines: [line({ quantity: 1e20 })] },
    // Two limits, and the amount that follows from it.
    '/lines/0/quantity too_large',
    '/lines/0/quantity too_large',
    '/lines amount_too_large',
  ),
  order('quantity as text', { lines: [line({ quantity: '1' })] }, '/lines/0/quantity wrong_type'),
  order(
    'quantity as an operator',
    { lines: [line({ quantity: { $gt: 0 } })] },
    '/lines/0/quantity wrong_type',
  ),
  order('quantity missing', { lines: [{ sku: 'A', unitPriceMinor: 1 }] }, '/lines/0/quantity required'),
  order('price zero', { lines: [line({ unitPriceMinor: 0 })] }, '/lines/0/unitPriceMinor price_not_positive'),
  order(
    'price negative',
    { lines: [line({ unitPriceMinor: -1 })] },
    '/lines/0/unitPriceMinor price_not_positive',
  ),
  order(
    'price too large',
    { lines: [line({ unitPriceMinor: 1e9 + 1 })] },
    '/lines/0/unitPriceMinor too_large',
  ),
  order('price null', { lines: [line({ unitPriceMinor: null })] }, '/lines/0/unitPriceMinor wrong_type'),
  order('sku as an operator', { lines: [line({ sku: { $ne: null } })] }, '/lines/0/sku wrong_type'),
  order('sku with a dollar', { lines: [line({ sku: '$where' })] }, '/lines/0/sku sku_invalid'),
  order('sku with a blank before', { lines: [line({ sku: ' A' })] }, '/lines/0/sku sku_invalid'),
  order('sku with a blank after', { lines: [line({ sku: 'A ' })] }, '/lines/0/sku sku_invalid'),
  order('sku with a zero byte', { lines: [line({ sku: 'A\0B' })] }, '/lines/0/sku sku_invalid'),
  order('sku with a new line after', { lines: [line({ sku: 'A\n' })] }, '/lines/0/sku sku_invalid'),
  order('sku too long', { lines: [line({ sku: 'A'.repeat(65) })] }, '/lines/0/sku too_long'),
  order('line with an unknown key', { lines: [line({ discount: 5 })] }, '/lines/0/discount unknown_key'),
  order(
    'line with a constructor',
    { lines: [line({ constructor: {} })] },
    '/lines/0/constructor unknown_key',
  ),
  order('no lines', { lines: [] }, '/lines too_few'),
  order('1,001 lines', { lines: Array(1001).fill(line()) }, '/lines too_many'),
  order('lines as an object', { lines: { 0: line() } }, '/lines wrong_type'),
  order(
    'an amount no number holds',
    {
      lines: Array(10).fill(line({ quantity: 1e6, unitPriceMinor: 1e9 })),
    },
    '/lines amount_too_large',
  ),
  order('unknown key', { amountMinor: 1 }, '/amountMinor unknown_key'),
  order('unknown key with a slash', { 'a/b~c': 1 }, '/a~1b~0c unknown_key'),
  order('an operator as a key', { $where: 'sleep(1000)' }, '/$where unknown_key'),
  order('prototype as a key', { prototype: {} }, '/prototype unknown_key'),
  order('currency in small letters', { currency: 'vnd' }, '/currency currency_invalid'),
  order('currency missing', { currency: undefined }, '/currency required'),
  order('country by name', address({ country: 'Vietnam' }), '/shippingAddress/country country_invalid'),
  order('city of blanks', address({ city: '   ' }), '/shippingAddress/city required'),
  order(
    'street with a control character',
    address({ street: 'a\u0007b' }),
    '/shippingAddress/street invalid',
  ),
  order(
    'postal code too long',
    address({ postalCode: '1'.repeat(21) }),
    '/shippingAddress/postalCode too_long',
  ),
  order('address missing', { shippingAddress: undefined }, '/shippingAddress required'),
  order('token as an operator', { payment: { token: { $gt: '' } } }, '/payment/token wrong_type'),
  order('payment with a card', { payment: { token: 't', card: '4111' } }, '/payment/card unknown_key'),
  order('pricing unknown', { pricing: 'free' }, '/pricing not_allowed'),
  order('customer as an operator', { customerId: { $ne: '' } }, '/customerId wrong_type'),
  order(
    'two faults at once',
    {
      lines: [line({ quantity: 0, unitPriceMinor: 0 })],
    },
    '/lines/0/quantity quantity_not_positive',
    '/lines/0/unitPriceMinor price_not_positive',
  ),
  { name: 'body an array', body: [orderBody()], ...invalid, faults: [' wrong_type'] },
  {
    name: 'query on a POST',
    path: '/api/v1/orders?role=admin',
    body: orderBody(),
    ...invalid,
    faults: ['/query/role unknown_key'],
  },
  rawOrder('no JSON', '{"lines": [', malformed),
  rawOrder('a bare text', '"order"'),
  rawOrder('key __proto__', `{"__proto__": {"role": "admin"}, ${JSON.stringify(orderBody()).slice(1)}`),
  rawOrder('nested key __proto__', '{"lines": [{"__proto__": {"quantity": 1}}]}'),
  rawOrder('deep JSON', `${'['.repeat(200_000)}${']'.repeat(200_000)}`),
  rawOrder('deep JSON in a field', `{"lines": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  rawOrder('JSON one level too deep', `{"lines": ${'['.repeat(32)}${']'.repeat(32)}}`),
  rawOrder('JSON just not too deep', `{"lines": ${'['.repeat(31)}${']'.repeat(31)}}`, invalid),
  rawOrder('a body above 1 MiB', JSON.stringify({ reference: 'x'.repeat(1024 * 1024) }), {
    status: 413,
    code: 'body-too-large',
  }),
  rawOrder('a body as a form', 'currency=VND', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }),
  rawOrder('a body without a type', '{}', { headers: { 'content-type': '' } }),
  rawOrder('an encoding nobody knows', '{}', { headers: { 'content-encoding': 'rot13' } }),
  rawOrder('a body that says gzip and is not', '{}', { headers: { 'content-encoding': 'gzip' } }),
  {
    name: 'key missing',
    body: orderBody(),
    headers: { 'idempotency-key': '' },
    status: 400,
    code: 'idempotency-key-missing',
  },
  {
    name: 'key too long',
    body: orderBody(),
    headers: { 'idempotency-key': 'k'.repeat(256) },
    ...invalid,
    faults: ['/headers/idempotency-key invalid'],
  },
];

for (const one of CASES) test(`refused: ${one.name}`, assertRefused, one);

test('a small gzip that swells above 1 MiB is refused', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const response = await fetch(`${app.url}/api/v1/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    },
    body: gzipSync(JSON.stringify({ reference: 'x'.repeat(20 * 1024 * 1024) })),
  });
  t.is(response.status, 413);
  t.like(await response.json(), { code: 'body-too-large' });
});

test('a thousand bad lines are answered with a hundred faults', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const body = orderBody({ lines: Array(1000).fill(line({ quantity: 0 })) });
  const answer = await app.call('POST', '/api/v1/orders', {
    token,
    body,
    headers: { 'idempotency-key': 'k' },
  });
  t.is(answer.status, 400);
  t.is(answer.json.errors.length, 100);
});
