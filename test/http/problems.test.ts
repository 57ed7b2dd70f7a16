import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import test from 'ava';
import { PROBLEMS, problemOf } from '../../src/http/problems.ts';
import type { ErrorCode } from '../../src/platform/errors.ts';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import { createFakeCatalogue } from './support/fake-catalogue.ts';
import { orderBody, placeOrder, startApp } from './support/running-app.ts';

const REFUSED = {
  output: {
    type: 'order.refused',
    heldSome: false,
    reason: { code: 'out_of_stock', detail: 'None is left.' },
  },
};
const VIETNAMESE = /[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]/i;

test('every code has its words in both languages, and no two share a title', (t) => {
  for (const [code, { status, en, vi }] of Object.entries(PROBLEMS)) {
    t.true(status >= 400 && status < 600, code);
    t.regex(vi.title + vi.detail, VIETNAMESE, code);
    t.notRegex(en.title + en.detail, VIETNAMESE, code);
  }
  for (const language of ['en', 'vi'] as const) {
    const titles = Object.values(PROBLEMS).map((words) => words[language].title);
    t.is(new Set(titles).size, titles.length);
  }
});

test('no word is left to be filled in', (t) => {
  for (const code of Object.keys(PROBLEMS) as ErrorCode[]) {
    for (const language of ['en', 'vi'] as const) {
      t.notRegex(problemOf(new TerminalError(code, ''), language, 'r').detail, /[{}]/, code);
    }
  }
});

test('with Accept-Language: vi the answer is Vietnamese, faults included', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const body = orderBody({
    lines: [{ sku: 'A', quantity: 0, unitPriceMinor: '1', giảm: 1 }],
    currency: 'đồng',
  });
  const headers = { 'idempotency-key': 'k', 'accept-language': 'vi-VN,vi;q=0.9,en;q=0.8' };
  const answer = await app.call('POST', '/api/v1/orders', { token, body, headers });
  t.is(answer.status, 400);
  t.is(answer.headers.get('content-language'), 'vi');
  t.regex(String(answer.headers.get('vary')), /accept-language/i);
  t.is(answer.json.title, 'Yêu cầu không hợp lệ');
  t.deepEqual(answer.json.errors, [
    {
      pointer: '/currency',
      code: 'currency_invalid',
      detail: 'Cần mã tiền tệ ISO 4217 gồm ba chữ in hoa, ví dụ VND.',
    },
    { pointer: '/lines/0/quantity', code: 'quantity_not_positive', detail: 'Số lượng phải từ 1 trở lên.' },
    { pointer: '/lines/0/unitPriceMinor', code: 'wrong_type', detail: 'Cần một số.' },
    { pointer: '/lines/0/giảm', code: 'unknown_key', detail: 'Không có trường "giảm" ở đây; hãy bỏ đi.' },
  ]);
});

test('the table of the docs has every type, as it is here, and no other', (t) => {
  const page = readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8');
  t.deepEqual(
    page.split('\n').filter((line) => line.startsWith('| `urn:')),
    Object.entries(PROBLEMS).map(
      ([code, { status, en }]) => `| \`urn:ordo:problem:${code}\` | ${status} | ${en.title} | ${en.detail} |`,
    ),
  );
});

test('a refusal of the order machine is told in Vietnamese, with the state and what is allowed', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const { json } = await placeOrder(app, token);
  await app.orders.settle(json.id, REFUSED, { output: { type: 'notice.sent', messageId: 'm' } });
  const answer = await app.call('POST', `/api/v1/orders/${json.id}/cancel`, {
    token,
    headers: { 'accept-language': 'vi' },
  });
  t.is(answer.json.detail, 'Đơn hàng đang ở trạng thái rejected; lệnh được phép lúc này: –.');
  t.like(answer.json, { state: 'rejected', status: 409 });
});

test('another language is answered in English', async (t) => {
  const app = await startApp(t);
  const answer = await app.call('GET', '/nowhere', { headers: { 'accept-language': 'fr, de;q=0.5' } });
  t.is(answer.headers.get('content-language'), 'en');
  t.is(answer.json.title, 'No such address');
});

test('an unexpected error is logged with the request id, and shows nothing of itself', async (t) => {
  const products = {
    ...createFakeCatalogue(),
    find: () =>
      Promise.reject(Object.assign(new TypeError('secret innards'), { document: { password: 'pw' } })),
  };
  const app = await startApp(t, { products });
  const answer = await app.call('GET', '/api/v1/products/A', { headers: { 'x-request-id': 'req-7' } });
  t.is(answer.status, 500);
  t.like(answer.json, { code: 'internal', instance: 'urn:ordo:request:req-7' });
  t.notRegex(answer.text, /secret|innards|TypeError|\.ts/);
  const logged = app.lines.filter(({ msg }) => msg === 'unexpected error');
  t.is(logged.length, 1);
  t.like(logged[0], { requestId: 'req-7', error: { name: 'TypeError', message: 'secret innards' } });
  t.notRegex(JSON.stringify(app.lines), /"pw"/);
});

test('even an error that calls itself internal keeps its words to itself', (t) => {
  const { detail } = problemOf(new TerminalError('internal', 'secret innards'), 'en', 'r');
  t.is(detail, PROBLEMS.internal.en.detail);
});

test('what is thrown need not be an error', async (t) => {
  const products = { ...createFakeCatalogue(), find: () => Promise.reject('just a text') };
  const app = await startApp(t, { products });
  const answer = await app.call('GET', '/api/v1/products/A');
  t.is(answer.status, 500);
  t.notRegex(answer.text, /just a text/);
});

test('a failure for now is 503 with the time to come back', async (t) => {
  for (const [retryAfterMs, expected] of [
    [2500, '3'],
    [undefined, '1'],
  ] as const) {
    const error = new RetryableError(
      'mongo at 10.0.0.7 is away',
      retryAfterMs === undefined ? {} : { retryAfterMs },
    );
    const app = await startApp(t, {
      products: { ...createFakeCatalogue(), find: () => Promise.reject(error) },
    });
    const answer = await app.call('GET', '/api/v1/products/A');
    t.is(answer.status, 503);
    t.is(answer.headers.get('retry-after'), expected);
    t.notRegex(answer.text, /10\.0\.0\.7/);
  }
});

test('a method that a path does not take is answered with those it takes', async (t) => {
  const app = await startApp(t);
  const answer = await app.call('DELETE', '/api/v1/orders');
  t.is(answer.status, 405);
  t.deepEqual(String(answer.headers.get('allow')).split(', ').sort(), ['GET', 'HEAD', 'POST']);
  t.is((await app.call('OPTIONS', '/api/v1/orders')).status, 200);
});

test('a request id is taken where it is sane, else made', async (t) => {
  const app = await startApp(t);
  const idOf = async (given: string) =>
    (await app.call('GET', '/health', { headers: { 'x-request-id': given } })).headers.get('x-request-id');
  t.is(await idOf('trace-1.a_B'), 'trace-1.a_B');
  for (const bad of ['', 'a b', '"x"', 'x'.repeat(65), '{}', '-a']) {
    t.regex(String(await idOf(bad)), /^[0-9a-f-]{36}$/, bad);
  }
});

test('each request is one line of the log, without anything secret', async (t) => {
  const app = await startApp(t);
  const body = { email: 'a@example.com', username: 'Ada', password: 'hunter2-hunter2' };
  const { json } = await app.call('POST', '/api/v1/auth/register', { body });
  await placeOrder(app, json.accessToken, orderBody({ payment: { token: 'tok_secret' } }));
  await app.call('GET', '/api/v1/products?search=private');
  await app.call('POST', '/api/v1/orders', {
    token: json.accessToken,
    body: '{"payment": {"token": "tok_secret"',
  });
  t.deepEqual(
    app.lines.map(({ msg, method, path, status }) => [msg, method, path, status]),
    [
      ['request', 'POST', '/api/v1/auth/register', 201],
      ['request', 'POST', '/api/v1/orders', 201],
      ['request', 'GET', '/api/v1/products', 200],
      ['request', 'POST', '/api/v1/orders', 400],
    ],
  );
  t.like(app.lines[1], { userId: json.user.id, role: 'customer' });
  t.notRegex(JSON.stringify(app.lines), /hunter2|tok_secret|private|Bearer|eyJ/);
});

test('a client that goes away in the middle of its body harms nobody', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  const head = `POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`;
  socket.write(`${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"a":`, () =>
    socket.destroy(),
  );
  await new Promise<void>((resolve) => {
    const look = () => (app.lines.some(({ msg }) => msg === 'request') ? resolve() : setImmediate(look));
    look();
  });
  t.deepEqual(
    app.lines.filter(({ level }) => level > 30),
    [],
  );
  t.is((await app.call('GET', '/health')).status, 200);
});

test('the answers forbid browsers whatever they do not need', async (t) => {
  const app = await startApp(t);
  const { headers } = await app.call('GET', '/api/v1/products');
  t.regex(String(headers.get('content-security-policy')), /default-src 'none'/);
  t.is(headers.get('x-content-type-options'), 'nosniff');
  t.is(headers.get('x-frame-options'), 'DENY');
  t.is(headers.get('strict-transport-security'), null);
  t.is(headers.get('x-powered-by'), null);
});
