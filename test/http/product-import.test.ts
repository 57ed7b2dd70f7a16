import { once } from 'node:events';
import { request } from 'node:http';
import test from 'ava';
import { type RunningApp, startApp } from './support/running-app.ts';

const CSV = { 'content-type': 'text/csv; charset=utf-8' };
const HEADER = 'sku,name,description,kind,priceMinor,currency,stock';

const importFile = async (app: RunningApp, body: string, headers: Record<string, string> = {}) => {
  const { token } = await app.person('operator');
  return app.call('POST', '/api/v1/products/import', { token, body, headers: { ...CSV, ...headers } });
};

test('a file makes products and changes them, and again changes nothing', async (t) => {
  const app = await startApp(t);
  const file = `\uFEFF${HEADER}\r\nA,"Cốc ""men"", lam",,goods,25000,VND,5\r\n\r\nB,Postage,,charge,1000,VND,\r\n`;
  const first = await importFile(app, file.replace('\\,', ','));
  t.is(first.status, 200, first.text);
  t.deepEqual(first.json as unknown, {
    rows: 2,
    created: 2,
    updated: 0,
    unchanged: 0,
    failed: 0,
    errors: [],
  });
  t.like(await app.products.find('A'), { name: 'Cốc "men", lam', priceMinor: 25_000, description: '' });
  t.like(await app.products.find('B'), { kind: 'charge', stock: { available: 0 } });
  const again = await importFile(app, file.replace('\\,', ','));
  t.like(again.json, { created: 0, updated: 0, unchanged: 2 });
  const changed = await importFile(app, 'currency,priceMinor,name,sku\nVND,30000,Cup,A');
  t.like(changed.json, { created: 0, updated: 1 });
  t.is((await app.products.find('A'))?.stock.available, 5);
});

test('rows that are wrong are told each, in the language asked for, and keep no other out', async (t) => {
  const app = await startApp(t);
  const rows = [
    'A,a,,,100,VND,1',
    'B,b,,,-1,VND,1',
    ',c,,,100,VND,1',
    'A,again,,,100,VND,1',
    'D,d,,gift,1.5,vnd,x',
    'E,e,,,1,VND,1',
  ];
  const { json, status } = await importFile(app, [HEADER, ...rows].join('\n'), { 'accept-language': 'vi' });
  t.is(status, 200);
  t.like(json, { rows: 6, created: 2, failed: 4 });
  t.deepEqual(
    json.errors.map(({ pointer, code }) => `${pointer} ${code}`),
    [
      '/rows/1/priceMinor not_an_integer',
      '/rows/2/sku required',
      '/rows/3/sku duplicate',
      '/rows/4/kind not_allowed',
      '/rows/4/priceMinor not_an_integer',
      '/rows/4/currency currency_invalid',
      '/rows/4/stock not_an_integer',
    ],
  );
  t.is(json.errors[0]?.detail, 'Cần một số nguyên.');
  t.is((await app.products.find('A'))?.name, 'a');
});

test('a thousand wrong rows are told by their first hundred faults', async (t) => {
  const app = await startApp(t);
  const { json } = await importFile(app, [HEADER, ...Array(1_000).fill('?,x,,,1,VND,')].join('\n'));
  t.like(json, { rows: 1_000, failed: 1_000 });
  t.is(json.errors.length, 100);
});

test('a file of other columns is refused before anything is done', async (t) => {
  const app = await startApp(t);
  for (const header of ['sku,name', `${HEADER},held`, `${HEADER},sku`, '']) {
    const { status, json } = await importFile(app, `${header}\nA,a,1,VND,1,1,1,1`);
    t.is(status, 400, header);
    t.is(json.code, 'malformed-body');
  }
  t.is(await app.products.find('A'), undefined);
});

test('a file that breaks off in a quote says how far it got, and that much is imported', async (t) => {
  const app = await startApp(t);
  const good = Array.from({ length: 600 }, (_, i) => `S${i},n,,,1,VND,1`).join('\n');
  const { status, json } = await importFile(app, `${HEADER}\n${good}\nX,"never closed`);
  t.is(status, 400);
  t.regex(json.detail, /After 600 rows/);
  t.truthy(await app.products.find('S499'));
});

test('a client that goes away in the middle leaves nothing hanging', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('operator');
  const headers = { ...CSV, authorization: `Bearer ${token}`, expect: '100-continue' };
  const sent = request(`${app.url}/api/v1/products/import`, { method: 'POST', headers });
  sent.on('error', () => {});
  // The server says it when it has begun with the request.
  sent.flushHeaders();
  await once(sent, 'continue');
  await new Promise<void>((resolve) => sent.write(`${HEADER}\nA,a,,,1,VND,1\n`, () => resolve()));
  sent.destroy();
  await new Promise<void>((resolve) => {
    const look = () => (app.lines.some(({ msg }) => msg === 'request') ? resolve() : setImmediate(look));
    look();
  });
  t.deepEqual(
    app.lines.filter(({ level }) => level > 30),
    [],
    'it is no failure of ours',
  );
  t.is((await app.call('GET', '/health')).status, 200);
});
