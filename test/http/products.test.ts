import test from 'ava';
import { placeOrder, startApp } from './support/running-app.ts';

const CUP = { sku: 'CUP', name: 'Cup', priceMinor: 500, currency: 'GBP', stock: 10 };

test('a product lives: made, changed, restocked, removed', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('operator');
  const created = await app.call('POST', '/api/v1/products', { token, body: CUP });
  t.is(created.status, 201, created.text);
  t.like(created.json, { sku: 'CUP', description: '', kind: 'goods', priceMinor: 500 });
  t.deepEqual(created.json.stock, { received: 10, available: 10, held: 0, sold: 0 });
  const changed = await app.call('PATCH', '/api/v1/products/CUP', { token, body: { priceMinor: 600 } });
  t.like(changed.json, { priceMinor: 600, name: 'Cup' });
  const put = await app.call('PUT', '/api/v1/products/CUP', {
    token,
    body: { kind: 'charge', description: 'x' },
  });
  t.like(put.json, { priceMinor: 600, kind: 'charge', description: 'x' });
  const restocked = await app.call('POST', '/api/v1/products/CUP/stock', { token, body: { delta: -4 } });
  t.deepEqual(restocked.json.stock, { received: 6, available: 6, held: 0, sold: 0 });
  const removed = await app.call('DELETE', '/api/v1/products/CUP', { token });
  t.is(removed.status, 204);
  t.is(removed.text, '');
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { name: 'x' }],
    ['POST', '/stock', { delta: 1 }],
    ['DELETE', '', undefined],
  ] as const) {
    const gone = await app.call(method, `/api/v1/products/CUP${path}`, { token, ...(body && { body }) });
    t.is(gone.status, 404, method);
    t.is(gone.json.code, 'not-found');
  }
});

test('what is held and sold is shown to operators alone', async (t) => {
  const app = await startApp(t);
  const operator = await app.person('operator');
  const customer = await app.person('customer');
  await app.call('POST', '/api/v1/products', { token: operator.token, body: CUP });
  app.products.hold('CUP', 3);
  for (const path of ['/api/v1/products/CUP', '/api/v1/products']) {
    const stockFor = async (token?: string) => {
      const { json } = await app.call('GET', path, token === undefined ? {} : { token });
      return (json.items?.[0] ?? json).stock;
    };
    t.deepEqual(await stockFor(), { available: 7 });
    t.deepEqual(await stockFor(customer.token), { available: 7 });
    t.deepEqual(await stockFor(operator.token), { received: 10, available: 7, held: 3, sold: 0 });
  }
});

test('the catalogue is read page by page, and searched', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('admin');
  for (const sku of ['A1', 'A2', 'B1']) {
    await app.call('POST', '/api/v1/products', { token, body: { ...CUP, sku, name: `Thing ${sku}` } });
  }
  const page = await app.call('GET', '/api/v1/products?skip=1&limit=1');
  t.like(page.json, { total: 3, skip: 1, limit: 1 });
  t.deepEqual(
    page.json.items.map(({ sku }) => sku),
    ['A2'],
  );
  const found = await app.call('GET', '/api/products?search=a');
  t.deepEqual(
    found.json.items.map(({ sku }) => sku),
    ['A1', 'A2'],
  );
  t.is(found.json.limit, 100);
});

test('what the catalogue contradicts is a conflict', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('operator');
  await app.call('POST', '/api/v1/products', { token, body: CUP });
  app.products.hold('CUP', 10);
  for (const [method, path, body] of [
    ['POST', '', CUP],
    ['POST', '/CUP/stock', { delta: -1 }],
    ['DELETE', '/CUP', undefined],
  ] as const) {
    const refused = await app.call(method, `/api/v1/products${path}`, { token, ...(body && { body }) });
    t.is(refused.status, 409, `${method} ${path}`);
    t.is(refused.json.code, 'conflict');
  }
});

test('an order is read as it was placed when its product is gone', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('operator');
  await app.call('POST', '/api/v1/products', { token, body: { ...CUP, sku: '85123A' } });
  const { json: order } = await placeOrder(app, token);
  t.is((await app.call('DELETE', '/api/v1/products/85123A', { token })).status, 204);
  const { status, json } = await app.call('GET', `/api/v1/orders/${order.id}`, { token });
  t.is(status, 200);
  t.deepEqual(json.lines, order.lines);
});

test('a list goes on where the page before it ended, sorted as asked', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('admin');
  for (const [sku, priceMinor] of [
    ['A', 3],
    ['B', 1],
    ['C', 2],
    ['D', 1],
  ] as const)
    await app.call('POST', '/api/v1/products', { token, body: { ...CUP, sku, priceMinor } });
  const seen: string[] = [];
  let path: string | undefined = '/api/v1/products?sort=-priceMinor&limit=3';
  while (path !== undefined) {
    const { json, headers, status, text } = await app.call('GET', path);
    t.is(status, 200, text);
    seen.push(...json.items.map(({ sku }) => sku));
    path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    t.is(path === undefined, json.next === null);
  }
  t.deepEqual(seen, ['A', 'C', 'D', 'B']);
});
