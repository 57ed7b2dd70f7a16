/** Deliveries over real Redis, a real document server and real sockets, with the time in the test's hands. */
import test from 'ava';
import { RetryableError } from '../../src/platform/errors.ts';
import type { WebhookDelivery } from '../../src/ports/webhooks.ts';
import { PAUSES_MS } from '../../src/webhooks/retries.ts';
import { eventually } from '../support/engine.ts';
import { placedOrder } from '../support/orders.ts';
import { shareServices, startServices } from '../support/services.ts';
import { startReceiver } from './receiver.ts';
import { entriesOf, startRig } from './rig.ts';

const services = shareServices(test);
const DAY_MS = 86_400_000;
const all = (status: WebhookDelivery['status']) => (log: WebhookDelivery[]) =>
  log.length > 0 && log.every((delivery) => delivery.status === status);

test('a transition is delivered once, signed, and stands in the log', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  const { endpoint, secret } = await rig.register(receiver.url);
  const eventId = await rig.place();
  const [delivery] = await rig.logged(endpoint.id, all('delivered'));
  t.like(delivery, { eventId, type: 'ordo.order.placed', attempts: 1 });
  t.is(delivery?.dueAt, undefined);
  t.like(delivery?.log[0], { status: 201 });
  const [received, ...others] = receiver.received(secret);
  t.deepEqual(others, []);
  t.is(received?.id, eventId);
  t.like(received?.event, { id: eventId, specversion: '1.0', type: 'ordo.order.placed' });
  const { headers, method, path } = receiver.http.posted[0] ?? {};
  t.like(headers, { 'content-type': 'application/cloudevents+json', 'user-agent': 'Ordo/test' });
  t.deepEqual([method, path], ['POST', '/hook']);
});

test('what is published again is neither recorded nor sent again', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  const { endpoint } = await rig.register(receiver.url);
  await rig.place('again');
  await rig.logged(endpoint.id, all('delivered'));
  await rig.place('again');
  await rig.place('another');
  const log = await rig.logged(endpoint.id, (found) => found.length === 2 && all('delivered')(found));
  t.deepEqual(log.map(({ eventId }) => eventId).sort(), ['again.1', 'another.1']);
  t.is(receiver.http.posted.length, 2);
});

test('an endpoint is told what it asked for, and nothing else is recorded', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  const wanted = await rig.register(receiver.url, { events: ['order.*'] });
  const unwanted = await rig.register(receiver.url, { events: ['payment.captured'] });
  const elsewhere = await rig.register(receiver.url, { states: ['completed'] });
  await rig.place();
  await rig.logged(wanted.endpoint.id, all('delivered'));
  for (const { endpoint } of [unwanted, elsewhere])
    t.deepEqual(await rig.desk.deliveries(endpoint.id, { limit: 10 }), []);
  t.is(receiver.http.posted.length, 1);
});

test('without an endpoint publishing asks nothing of the database', async (t) => {
  const rig = await startRig(t, services());
  await rig.connection.close();
  await t.notThrowsAsync(rig.feed.publish(entriesOf(placedOrder())));
});

test('with an endpoint publishing fails where the delivery cannot be recorded, and can be repeated', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  const { endpoint } = await rig.register(receiver.url);
  const away = {
    insertDeliveries: () => Promise.reject(new RetryableError('The database does not answer now.')),
  };
  await t.throwsAsync(rig.feedOver(away).publish(entriesOf(placedOrder('lost'))), {
    message: /does not answer/,
  });
  t.deepEqual(await rig.desk.deliveries(endpoint.id, { limit: 10 }), []);
  await rig.place('lost');
  await rig.logged(endpoint.id, all('delivered'));
});

test('with Redis away and emptied it is recorded all the same, and sent when Redis is back', async (t) => {
  const own = await startServices(t);
  const [rig, receiver] = [await startRig(t, own), await startReceiver(t)];
  const { endpoint } = await rig.register(receiver.url);
  await own.redis.kill();
  await rig.place('unheard');
  t.true(all('pending')(await rig.desk.deliveries(endpoint.id, { limit: 10 })));
  await own.redis.start();
  await rig.pass(0, () => receiver.http.posted.length === 1);
  await rig.logged(endpoint.id, all('delivered'));
});

test('it is tried again by the schedule, not a moment earlier, and given up after the tenth try, for all to see', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  receiver.http.last = { status: 503 };
  const { endpoint } = await rig.register(receiver.url);
  await rig.place();
  const tried = (count: number) => (log: WebhookDelivery[]) => log[0]?.log.length === count;
  for (const [index, pauseMs] of PAUSES_MS.entries()) {
    const [delivery] = await rig.logged(endpoint.id, tried(index + 1));
    t.is(delivery?.status, 'pending');
    const { at, durationMs = 0 } = delivery?.log.at(-1) ?? {};
    t.is(Number(delivery?.dueAt?.getTime()) - Number(at?.getTime()) - durationMs, pauseMs);
    rig.clock.advance(Math.max(0, Number(delivery?.dueAt?.getTime()) - rig.clock.now().getTime() - 1));
    t.is(await rig.deliverer.deliver({ endpointId: endpoint.id, eventId: delivery?.eventId ?? '' }), 'stale');
    await rig.pass(1, () => receiver.http.posted.length === index + 2);
  }
  const [delivery] = await rig.logged(endpoint.id, all('failed'));
  t.is(delivery?.attempts, 10);
  t.is(delivery?.dueAt, undefined);
  t.is(receiver.http.posted.length, 10);
  t.is(new Set(receiver.http.posted.map(({ headers }) => headers['webhook-id'])).size, 1);
  t.is(
    new Set(receiver.http.posted.map(({ body }) => body.toString())).size,
    1,
    'a repetition says the same',
  );
  t.truthy((await rig.desk.find(endpoint.id)).failingSince);
});

test('Retry-After is heeded, and a success forgets the failures', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  receiver.http.replies = [{ status: 429, headers: { 'retry-after': '3600' } }];
  const { endpoint } = await rig.register(receiver.url);
  await rig.place();
  const [delivery] = await rig.logged(endpoint.id, (log) => log[0]?.log.length === 1);
  t.is(Number(delivery?.dueAt?.getTime()) - Number(delivery?.log[0]?.at.getTime()), 3_600_000);
  await eventually(
    () => rig.desk.find(endpoint.id),
    ({ failingSince }) => failingSince !== undefined,
  );
  await rig.pass(3_600_000, () => receiver.http.posted.length === 2);
  await rig.logged(endpoint.id, all('delivered'));
  await eventually(
    () => rig.desk.find(endpoint.id),
    ({ failingSince }) => failingSince === undefined,
  );
  t.pass();
});

test('410 disables: what comes is not recorded, what waits rests, and goes on when it is enabled again', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  receiver.http.replies = [{ status: 500 }, { status: 410 }];
  const { endpoint } = await rig.register(receiver.url);
  await rig.place('waits');
  await rig.logged(endpoint.id, (log) => log[0]?.log.length === 1);
  await rig.place('gone');
  const { disabled } = await eventually(
    () => rig.desk.find(endpoint.id),
    (found) => found.disabled !== undefined,
  );
  t.is(disabled?.reason, 'gone');
  await eventually(
    async () => rig.book.enabled(),
    ({ length }) => length === 0,
  );
  await rig.place('unheard');
  t.is(await rig.deliverer.deliver({ endpointId: endpoint.id, eventId: 'waits.1' }), 'stale');
  rig.clock.advance(60_000);
  t.is(await rig.deliverer.sweep(), 0);
  await t.throwsAsync(rig.desk.ping(endpoint.id), { message: /disabled/ });
  await t.throwsAsync(rig.desk.redeliver({ endpointId: endpoint.id, eventId: 'gone.1' }), {
    message: /disabled/,
  });
  await rig.desk.change(endpoint.id, { enabled: true });
  await rig.pass(0, () => receiver.http.posted.length === 3);
  const log = await rig.logged(endpoint.id, (found) => found.every(({ status }) => status !== 'pending'));
  t.deepEqual(Object.fromEntries(log.map(({ eventId, status }) => [eventId, status])), {
    'gone.1': 'failed',
    'waits.1': 'delivered',
  });
});

test('an endpoint that took nothing for five days is disabled', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  receiver.http.last = { status: 500 };
  const { endpoint } = await rig.register(receiver.url);
  await rig.place();
  await eventually(
    () => rig.desk.find(endpoint.id),
    ({ failingSince }) => failingSince !== undefined,
  );
  t.is((await rig.desk.find(endpoint.id)).disabled, undefined);
  await rig.pass(5 * DAY_MS, async () => (await rig.desk.find(endpoint.id)).disabled?.reason === 'failing');
  t.is(receiver.http.posted.length, 2);
});

test('one that was delivered, or given up, is sent again by hand, under the same id', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  const { endpoint, secret } = await rig.register(receiver.url);
  const eventId = await rig.place();
  await rig.logged(endpoint.id, all('delivered'));
  for (const count of [2, 3]) {
    const renewed = await rig.desk.redeliver({ endpointId: endpoint.id, eventId });
    t.like(renewed, { status: 'pending', attempts: 0 });
    await rig.logged(endpoint.id, (log) => all('delivered')(log) && log[0]?.log.length === count);
  }
  t.deepEqual(
    receiver.received(secret).map(({ id }) => id),
    [eventId, eventId, eventId],
  );
  await t.throwsAsync(rig.desk.redeliver({ endpointId: endpoint.id, eventId: 'no.1' }), {
    message: /no such delivery/,
  });
});

test('a ping is sent once, whatever comes of it', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  receiver.http.replies = [{ status: 500 }];
  const { endpoint, secret } = await rig.register(receiver.url);
  const { eventId } = await rig.desk.ping(endpoint.id);
  await rig.logged(endpoint.id, all('failed'));
  await rig.desk.ping(endpoint.id);
  const log = await rig.logged(endpoint.id, (found) => found.some(({ status }) => status === 'delivered'));
  t.is(log.length, 2);
  t.like(receiver.received(secret)[0], { id: eventId, event: { type: 'ordo.ping' } });
  t.is(receiver.http.posted.length, 2);
});

test('a secret that was replaced verifies for a day, beside the new one', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  const { endpoint, secret } = await rig.register(receiver.url);
  const rotated = await rig.desk.rotateSecret(endpoint.id);
  t.not(rotated.secret, secret);
  await rig.place();
  await rig.logged(endpoint.id, all('delivered'));
  t.is(receiver.received(secret).length, 1);
  t.is(receiver.received(rotated.secret).length, 1);
});

test('the log comes in pages, newest first, by what became of it, and is gone with its endpoint', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  const { endpoint } = await rig.register(receiver.url);
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    // Two of the same millisecond, too.
    if (count !== 2) rig.clock.advance(1);
    ids.unshift(await rig.place(`order-${count}`));
  }
  await rig.logged(endpoint.id, (log) => log.length === 5 && all('delivered')(log));
  const seen: string[] = [];
  for (;;) {
    const after = seen.at(-1);
    const page = await rig.desk.deliveries(endpoint.id, { limit: 2, ...(after && { after }) });
    if (page.length === 0) break;
    seen.push(...page.map(({ eventId }) => eventId));
  }
  t.deepEqual(seen, ids);
  t.deepEqual(await rig.desk.deliveries(endpoint.id, { limit: 9, status: 'failed' }), []);
  await rig.desk.remove(endpoint.id);
  t.is(await rig.connection.collection('webhook_deliveries').countDocuments(), 0);
  await t.throwsAsync(rig.desk.deliveries(endpoint.id, { limit: 1 }), { message: /no such/ });
});

test('an endpoint that never answers holds nobody up, and gets no more places than its share', async (t) => {
  const rig = await startRig(t, services(), 4);
  const quick = await startReceiver(t);
  const held = new Set<() => void>();
  let mostAtOnce = 0;
  const slow = await startReceiver(t);
  const slowServer = slow.http;
  slowServer.hold = () =>
    new Promise((resolve) => {
      held.add(resolve);
      mostAtOnce = Math.max(mostAtOnce, held.size);
    });
  const dead = await rig.register(slow.url);
  const alive = await rig.register(quick.url);
  const count = 60;
  for (let index = 0; index < count; index += 1) await rig.place(`order-${index}`);
  await rig.pass(0, () => quick.http.posted.length === count);
  await rig.logged(alive.endpoint.id, (log) => log.length === count && all('delivered')(log));
  t.is(mostAtOnce, 2);
  t.is(slowServer.posted.length, 2, 'the slow one is still at its first');
  slowServer.hold = undefined;
  for (const release of held) release();
  await rig.pass(0, () => slowServer.posted.length === count);
  await rig.logged(dead.endpoint.id, (log) => log.length === count && all('delivered')(log));
});

test('a process that died while it was sending is made up for when its claim has ended', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  receiver.http.last = { status: 500 };
  const { endpoint } = await rig.register(receiver.url);
  const eventId = await rig.place();
  await rig.logged(endpoint.id, (log) => log[0]?.log.length === 1);
  rig.clock.advance(4_999);
  const [{ dueAt } = {}] = await rig.desk.deliveries(endpoint.id, { limit: 1 });
  const claimedAt = new Date(Number(dueAt?.getTime()));
  const until = new Date(claimedAt.getTime() + 20_000);
  const claimed = await rig.store.claim({ endpointId: endpoint.id, eventId }, claimedAt, until);
  t.is(claimed?.attempts, 2);
  receiver.http.last = { status: 200 };
  t.is(await rig.deliverer.deliver({ endpointId: endpoint.id, eventId }), 'stale');
  await rig.pass(20_001, () => receiver.http.posted.length === 2);
  const [delivery] = await rig.logged(endpoint.id, all('delivered'));
  t.is(delivery?.attempts, 3);
});

test('an order that cannot be read is tried again by the schedule, and no endpoint is blamed for it', async (t) => {
  const [rig, receiver] = [await startRig(t, services()), await startReceiver(t)];
  const { endpoint } = await rig.register(receiver.url);
  rig.unreadable.add('damaged');
  await rig.place('damaged');
  const [delivery] = await rig.logged(endpoint.id, (log) => log[0]?.log.length === 1);
  t.like(delivery, { status: 'pending', attempts: 1 });
  t.is(delivery?.log[0]?.error, 'The order cannot be read.');
  t.is((await rig.desk.find(endpoint.id)).failingSince, undefined);
  rig.unreadable.clear();
  await rig.pass(5_000, () => receiver.http.posted.length === 1);
  await rig.logged(endpoint.id, all('delivered'));
});
