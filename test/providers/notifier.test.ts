/** All channels together, each to a receiver on a real socket: once each, and none holds up another. */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import webPush from 'web-push';
import { RetryableError } from '../../src/platform/errors.ts';
import type { User } from '../../src/ports/users.ts';
import { createNotifier, type NotifierEnvironment } from '../../src/providers/notifier.ts';
import { connectStore } from '../../src/store/connect.ts';
import { createDeliveryBook, deliveryModel } from '../../src/store/delivery-book.ts';
import { withRetryableFailures } from '../../src/store/failures.ts';
import { createLogBook } from '../http/support/running-app.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeTestDir, shareServices } from '../support/services.ts';
import { createBrowser } from './browser.ts';
import { startHttp } from './http-receiver.ts';
import { newNotice } from './notice-samples.ts';
import { readMail } from './read-mail.ts';
import { startSmtp } from './smtp-receiver.ts';

const services = shareServices(test);
const vapid = webPush.generateVAPIDKeys();

/** A notifier and a receiver for each channel; its book and its users can be made to fail. */
async function open(t: ExecutionContext, changes: Partial<NotifierEnvironment> = {}) {
  const [smtp, sms, push] = await Promise.all([startSmtp(t), startHttp(t), startHttp(t)]);
  const dir = await makeTestDir(t);
  const connection = await connectStore(services().mongodbUri);
  t.teardown(() => connection.close());
  const environment: NotifierEnvironment = {
    ORDO_DATA_DIR: dir,
    ORDO_MAIL_FROM: 'Shop <orders@shop.example>',
    ORDO_PRIVATE_ENDPOINTS: 'true',
    SMTP_URL: smtp.url,
    SMS_URL: `${sms.url}/sms`,
    SMS_TOKEN: 'token',
    VAPID_PUBLIC_KEY: vapid.publicKey,
    VAPID_PRIVATE_KEY: vapid.privateKey,
    VAPID_SUBJECT: 'mailto:operator@shop.example',
    ...changes,
  };
  const clock = createFakeClock(new Date('2026-01-01T00:00:00Z'));
  const book = withRetryableFailures(createDeliveryBook(deliveryModel(connection)));
  const outages = { claim: 0, settle: 0 };
  const fail = (operation: keyof typeof outages) => {
    if (outages[operation] === 0) return;
    outages[operation] -= 1;
    throw new RetryableError('The database does not answer now.');
  };
  const deliveries: typeof book = {
    ...book,
    async claim(...call) {
      fail('claim');
      return book.claim(...call);
    },
    async settle(...call) {
      fail('settle');
      return book.settle(...call);
    },
  };
  const removed: string[] = [];
  const users = {
    removePushSubscription: async (id: string, endpoint: string) => void removed.push(`${id} ${endpoint}`),
  };
  const { logger, lines } = createLogBook();
  const notifier = createNotifier({ environment, deliveries, users, clock, newId: randomUUID, logger });
  t.teardown(() => notifier.close());
  return { ...notifier, smtp, sms, push, dir, clock, lines, removed, outages };
}

type Opened = Awaited<ReturnType<typeof open>>;

const reachable = ({ push }: Opened): Partial<User> => ({
  phone: '+84912345678',
  pushSubscriptions: ['a', 'b'].map((name) => createBrowser(`${push.url}/${name}`).subscription),
});

/** How many messages each channel has got. */
const counts = ({ smtp, sms, push }: Opened) => [smtp.messages.length, sms.posted.length, push.posted.length];

test('a customer with a phone and two browsers is told once on every channel, however often it is asked', async (t) => {
  const all = await open(t);
  const notice = newNotice('confirmation', reachable(all));
  const { messageId } = await all.send(notice);
  t.deepEqual(await all.send(notice), { messageId });
  t.deepEqual(counts(all), [1, 1, 2]);
  const mail = readMail(all.smtp.messages[0] ?? '');
  t.is(mail.headers.get('Message-ID'), messageId);
  t.regex(messageId, /^<[0-9a-f]{40}@shop\.example>$/);
  t.is(mail.headers.get('From'), 'Shop <orders@shop.example>');
  t.is(mail.headers.get('To'), 'ada@shop.example');
  t.regex(mail.subject, /is on its way/);
  const sms = JSON.parse(String(all.sms.posted[0]?.body));
  t.like(sms, { to: '+84912345678', key: `${notice.key}.sms` });
  t.regex(sms.text, /TRK-1/);
  t.deepEqual(all.push.posted.map(({ path }) => path).sort(), ['/a', '/b']);
});

test('two notices of one order are two', async (t) => {
  const all = await open(t);
  const notice = newNotice('refunded', reachable(all));
  await all.send(notice);
  await all.send({ ...notice, key: `${notice.key}.2` });
  t.deepEqual(counts(all), [2, 2, 4]);
});

test('a customer without a phone and browsers gets mail alone', async (t) => {
  const all = await open(t);
  await all.send(newNotice());
  t.deepEqual(counts(all), [1, 0, 0]);
});

test('without settings there is mail alone, as a file', async (t) => {
  const none = { SMTP_URL: undefined, SMS_URL: undefined, SMS_TOKEN: undefined, VAPID_PUBLIC_KEY: undefined };
  const all = await open(t, none);
  const notice = newNotice('confirmation', reachable(all));
  await Promise.all([all.send(notice), all.send(notice)]);
  t.deepEqual(counts(all), [0, 0, 0]);
  t.is((await readdir(join(all.dir, 'mail'))).length, 1);
});

test('a letter is in the language of its recipient on every channel', async (t) => {
  const all = await open(t);
  await all.send(newNotice('cancelled', { ...reachable(all), language: 'vi' }));
  t.regex(readMail(all.smtp.messages[0] ?? '').subject, /đã được hủy/);
  t.regex(JSON.parse(String(all.sms.posted[0]?.body)).text, /đã được hủy/);
});

for (const down of ['smtp', 'sms', 'push'] as const)
  test(`${down} fails for now: the others are told, and the retry sends what is missing alone`, async (t) => {
    const all = await open(t);
    const notice = newNotice('confirmation', reachable(all));
    if (down === 'smtp') all.smtp.fates.push(451);
    else all[down].replies.push({ status: 503, headers: { 'retry-after': '9' } });
    const error = await t.throwsAsync(all.send(notice), { instanceOf: RetryableError });
    t.is((error as RetryableError).retryAfterMs, down === 'smtp' ? undefined : 9_000);
    const first = counts(all);
    t.deepEqual(first, down === 'smtp' ? [0, 1, 2] : [1, 1, 2]);
    await all.send(notice);
    await all.send(notice);
    t.deepEqual(counts(all), [1, down === 'sms' ? 2 : 1, down === 'push' ? 3 : 2]);
  });

for (const refusing of ['smtp', 'sms', 'push'] as const)
  test(`${refusing} refuses for good: the others are told, and it is logged, done, and never tried again`, async (t) => {
    const all = await open(t);
    const notice = newNotice('confirmation', reachable(all));
    if (refusing === 'smtp') all.smtp.refusals.set('ada@shop.example', 550);
    else all[refusing].replies.push({ status: 400, body: 'bad number' });
    const { messageId } = await all.send(notice);
    all.smtp.refusals.clear();
    t.deepEqual(await all.send(notice), { messageId });
    t.deepEqual(counts(all), refusing === 'smtp' ? [0, 1, 2] : [1, 1, 2]);
    const warnings = all.lines.filter(({ level }) => level === 40);
    t.is(warnings.length, 1);
    t.like(warnings[0], { key: notice.key, channel: refusing === 'smtp' ? 'mail' : refusing });
  });

test('a browser that is gone is forgotten', async (t) => {
  const all = await open(t);
  all.push.last = { status: 410 };
  const browser = createBrowser(`${all.push.url}/a`);
  await all.send(newNotice('confirmation', { pushSubscriptions: [browser.subscription] }));
  t.deepEqual(all.removed, [`u1 ${all.push.url}/a`]);
  t.deepEqual(counts(all), [1, 0, 1]);
});

test('a push endpoint that never answers holds up the order three times, and no more', async (t) => {
  const all = await open(t);
  all.push.last = 'lost';
  const notice = newNotice('confirmation', {
    pushSubscriptions: reachable(all).pushSubscriptions?.slice(0, 1) ?? [],
  });
  for (const _ of [1, 2]) await t.throwsAsync(all.send(notice), { instanceOf: RetryableError });
  await all.send(notice);
  await all.send(notice);
  t.deepEqual(counts(all), [1, 0, 3]);
  t.regex(all.lines.find(({ level }) => level === 40)?.reason as string, /last attempt/);
});

test('a push endpoint in our own network is refused when the message is sent', async (t) => {
  const all = await open(t, { ORDO_PRIVATE_ENDPOINTS: 'false' });
  await all.send(newNotice('confirmation', reachable(all)));
  t.deepEqual(counts(all), [1, 1, 0]);
  t.is(all.lines.filter(({ channel }) => channel === 'push').length, 2);
});

test('what was sent and could not be noted is noted by the retry, and not sent again', async (t) => {
  const all = await open(t);
  const notice = newNotice('confirmation', reachable(all));
  all.outages.settle = 6;
  await t.throwsAsync(all.send(notice), { instanceOf: RetryableError });
  t.deepEqual(counts(all), [1, 1, 2]);
  await t.throwsAsync(all.send(notice), { instanceOf: RetryableError });
  await all.send(notice);
  t.is(all.outages.settle, 0);
  t.deepEqual(counts(all), [1, 1, 2]);
  const other = await open(t, { SMTP_URL: all.smtp.url });
  await other.send({ ...notice, recipient: { ...notice.recipient, pushSubscriptions: [] } });
  t.is(all.smtp.messages.length, 1, 'another process knows it too');
});

test('a book that does not answer: nothing is sent without its word, and then all once', async (t) => {
  const all = await open(t);
  const notice = newNotice('confirmation', reachable(all));
  all.outages.claim = 4;
  await t.throwsAsync(all.send(notice), { instanceOf: RetryableError });
  t.is(all.outages.claim, 0);
  t.deepEqual(counts(all), [0, 0, 0]);
  await all.send(notice);
  t.deepEqual(counts(all), [1, 1, 2]);
});
