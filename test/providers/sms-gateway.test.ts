/** Text messages through a gateway on a real socket. */
import test from 'ava';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import { createSmsGateway } from '../../src/providers/sms-gateway.ts';
import { startHttp } from './http-receiver.ts';

const MESSAGE = { key: 'o1.confirmation.sms', to: '+84912345678', text: 'Đơn hàng của bạn' };

test('a message is posted with its key and our token', async (t) => {
  const server = await startHttp(t);
  server.last = { status: 202, body: '{"id":"sms-7"}' };
  const gateway = createSmsGateway({ url: `${server.url}/messages?from=ordo`, token: 'secret-token' });
  t.deepEqual(await gateway.send(MESSAGE), { messageId: 'sms-7' });
  const [posted] = server.posted;
  t.like(posted, { method: 'POST', path: '/messages?from=ordo' });
  t.like(posted?.headers, {
    'content-type': 'application/json',
    'idempotency-key': MESSAGE.key,
    authorization: 'Bearer secret-token',
  });
  t.deepEqual(JSON.parse(String(posted?.body)), MESSAGE);
});

test('a gateway that gives no id, and wants no token', async (t) => {
  const server = await startHttp(t);
  const gateway = createSmsGateway({ url: server.url, token: undefined });
  t.deepEqual(await gateway.send(MESSAGE), { messageId: MESSAGE.key });
  t.is(server.posted[0]?.headers.authorization, undefined);
});

for (const status of [400, 404, 422, 302])
  test(`${status} is a refusal for good`, async (t) => {
    const server = await startHttp(t);
    server.last = { status, body: 'bad number', headers: { location: '/elsewhere' } };
    const send = createSmsGateway({ url: server.url, token: undefined }).send(MESSAGE);
    // A redirect is for the operator, who named the wrong URL: the messages wait.
    await t.throwsAsync(send, { instanceOf: status === 302 ? RetryableError : TerminalError });
    t.is(server.posted.length, 1);
  });

for (const [status, retryAfter, retryAfterMs] of [
  [401, undefined, undefined],
  [403, undefined, undefined],
  [409, undefined, undefined],
  [429, '7', 7_000],
  [500, undefined, undefined],
  [503, 'Wed, 21 Oct 2026 07:28:00 GMT', undefined],
] as const)
  test(`${status} is a failure for now`, async (t) => {
    const server = await startHttp(t);
    server.last = { status, ...(retryAfter && { headers: { 'retry-after': retryAfter } }) };
    const gateway = createSmsGateway({ url: server.url, token: 'secret-token' });
    const error = await t.throwsAsync(gateway.send(MESSAGE), { instanceOf: RetryableError });
    t.is((error as RetryableError).retryAfterMs, retryAfterMs);
    t.false(error?.message.includes('secret-token'));
  });

test('a gateway that hangs up is a failure for now', async (t) => {
  const server = await startHttp(t);
  server.last = 'lost';
  await t.throwsAsync(createSmsGateway({ url: server.url, token: undefined }).send(MESSAGE), {
    instanceOf: RetryableError,
  });
  t.true(server.posted.length > 0);
});
