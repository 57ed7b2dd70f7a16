/** Web Push against a push service on a real socket. */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import test from 'ava';
import webPush from 'web-push';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import { createPushService } from '../../src/providers/push-service.ts';
import { createBrowser, verifyVapid } from './browser.ts';
import { startHttp } from './http-receiver.ts';

const vapid = { ...webPush.generateVAPIDKeys(), subject: 'mailto:operator@shop.example' };
const open = (allowPrivate = true) => createPushService({ vapid, allowPrivate });

const message = (endpoint: string, key = 'o1.confirmation.push.x') => ({
  key,
  subscription: createBrowser(endpoint).subscription,
  title: 'Đơn hàng của bạn',
  body: '🎁'.repeat(300),
  orderId: 'o1',
});

test('a message is encrypted for its browser, and signed by us for its push service', async (t) => {
  const server = await startHttp(t);
  const browser = createBrowser(`${server.url}/push/abc?x=1`);
  const sent = { ...message(''), subscription: browser.subscription };
  t.is(await open().send(sent), 'sent');
  const [posted] = server.posted;
  if (!posted) throw new Error('nothing came');
  t.like(posted, { method: 'POST', path: '/push/abc?x=1' });
  t.like(posted.headers, { 'content-encoding': 'aes128gcm', ttl: '86400', urgency: 'normal' });
  const { title, body, orderId } = sent;
  t.deepEqual(browser.read(posted), { title, body, orderId, tag: posted.headers.topic });
  t.is(verifyVapid(posted, vapid.publicKey, server.url).sub, vapid.subject);
  t.throws(() => createBrowser('x').read(posted));
  t.throws(() => verifyVapid(posted, vapid.publicKey, 'https://elsewhere.example'), { any: true });
});

test('the same message again has the same tag, and another one another', async (t) => {
  const server = await startHttp(t);
  for (const key of ['a', 'a', 'b']) await open().send(message(server.url, key));
  const tags = server.posted.map(({ headers }) => headers.topic);
  t.is(tags[0], tags[1]);
  t.not(tags[1], tags[2]);
});

for (const status of [404, 410])
  test(`${status}: the browser is gone`, async (t) => {
    const server = await startHttp(t);
    server.last = { status };
    t.is(await open().send(message(server.url)), 'gone');
  });

for (const status of [301, 400, 403, 413])
  test(`${status} is a refusal for good, and no redirect is followed`, async (t) => {
    const server = await startHttp(t);
    server.last = { status, headers: { location: '/elsewhere' } };
    await t.throwsAsync(open().send(message(server.url)), { instanceOf: TerminalError });
    t.is(server.posted.length, 1);
  });

for (const reply of [{ status: 429, headers: { 'retry-after': '3' } }, { status: 500 }, 'lost'] as const)
  test(`${JSON.stringify(reply)} is a failure for now`, async (t) => {
    const server = await startHttp(t);
    server.last = reply;
    const error = await t.throwsAsync(open().send(message(server.url)), { instanceOf: RetryableError });
    t.is(
      (error as RetryableError).retryAfterMs,
      reply !== 'lost' && reply.status === 429 ? 3_000 : undefined,
    );
    t.is(server.posted.length, 1);
  });

test('a browser whose keys are no keys is refused for good', async (t) => {
  const { subscription, ...rest } = message('https://push.example/x');
  const keys = { p256dh: 'AAAA', auth: 'AAAA' };
  await t.throwsAsync(open().send({ ...rest, subscription: { ...subscription, keys } }), {
    instanceOf: TerminalError,
  });
});

test('no endpoint leads into our own network, neither by its address nor by its name', async (t) => {
  const server = await startHttp(t);
  const { port } = new URL(server.url);
  for (const origin of [
    `http://127.0.0.1:${port}`,
    `https://127.0.0.1:${port}`,
    `https://localhost:${port}`,
  ]) {
    await t.throwsAsync(open(false).send(message(`${origin}/push`)), { instanceOf: TerminalError });
  }
  t.is(server.posted.length, 0);
});

test('a name that changed into one of our own network after it was taken is not called', async (t) => {
  const server = await startHttp(t);
  const real = dns.lookup;
  let asked = 0;
  const lie = (
    name: string,
    options: object,
    callback: (error: null, addresses: dns.LookupAddress[]) => void,
  ) => {
    if (name !== 'rebound.example') return Reflect.apply(real, dns, [name, options, callback]);
    asked += 1;
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  };
  Object.assign(dns, { lookup: lie });
  syncBuiltinESMExports();
  t.teardown(() => {
    Object.assign(dns, { lookup: real });
    syncBuiltinESMExports();
  });
  const endpoint = `https://rebound.example:${new URL(server.url).port}/push`;
  await t.throwsAsync(open(false).send(message(endpoint)), {
    instanceOf: TerminalError,
    message: /rebound\.example is 127\.0\.0\.1/,
  });
  t.is(asked, 1);
  t.is(server.posted.length, 0);
});
