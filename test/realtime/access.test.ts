/** Nobody sees what is not theirs: tokens, their end, and other people's orders. */
import test, { type ExecutionContext } from 'ava';
import { io } from 'socket.io-client';
import type { Clock } from '../../src/platform/clock.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeTestDir, startRedis } from '../support/services.ts';
import { createFakeOrders } from './fake-orders.ts';
import { connect, eventually, openClient, refusalOf, startInstance, tokenFor, verify } from './instance.ts';

async function setUp(
  t: ExecutionContext,
  options: { clock?: Clock; allowedOrigins?: string[]; verify?: typeof verify } = {},
) {
  const { redisUrl } = await startRedis(t, await makeTestDir(t));
  const orders = createFakeOrders();
  const instance = await startInstance(t, { redisUrl, orders, ...options });
  orders.place('o1', 'ada');
  return { orders, instance };
}

test('a connection without a valid token is refused with a code', async (t) => {
  const { instance } = await setUp(t);
  const expired = tokenFor('ada', 'customer', '2001-01-01T00:00:00Z');
  for (const auth of [
    {},
    { token: '' },
    { token: 7 },
    { token: { $ne: '' } },
    { token: 'x' },
    { token: expired },
  ]) {
    const refusal = await refusalOf(t, instance, auth);
    t.is(refusal.code, 'unauthenticated', JSON.stringify(auth));
    t.regex(refusal.detail, /token/);
  }
});

test('a token anywhere but in the handshake is not looked at', async (t) => {
  const { instance } = await setUp(t);
  const token = tokenFor('ada');
  const socket = io(instance.url, {
    query: { token },
    extraHeaders: { authorization: `Bearer ${token}`, cookie: `token=${encodeURIComponent(token)}` },
    transports: ['websocket'],
    reconnection: false,
  });
  t.teardown(() => void socket.disconnect());
  const outcome = await new Promise((resolve) => {
    socket.once('connect', () => resolve('connected'));
    socket.once('connect_error', (error) => resolve((error as Error & { data: { code: string } }).data.code));
  });
  t.is(outcome, 'unauthenticated');
});

test("somebody else's order answers exactly like a missing one, and never sends anything", async (t) => {
  const { orders, instance } = await setUp(t);
  orders.place('o2', 'eve');
  const eve = await connect(t, instance, tokenFor('eve'));
  const missing = await eve.subscribe('none');
  const refused = await eve.subscribe('o1');
  t.is(!missing.ok && missing.error.code, 'not-found');
  t.deepEqual(refused, JSON.parse(JSON.stringify(missing).replace('none', 'o1')));
  // Also not in the window between the registration and the answer.
  orders.onCopied = async () => {
    orders.onCopied = () => Promise.resolve();
    await instance.feed.publish([orders.advance('o1')]);
  };
  t.false((await eve.subscribe('o1')).ok);
  t.true((await eve.subscribe('o2')).ok);
  await instance.feed.publish([orders.advance('o1'), orders.advance('o2')]);
  await eventually(() => eve.transitions.length > 0, "the transition of eve's own order");
  t.deepEqual(
    eve.transitions.map((it) => it.orderId),
    ['o2'],
  );
});

test('operators and admins may watch any order, with the commands of their role', async (t) => {
  const { orders, instance } = await setUp(t);
  const clients = [
    await connect(t, instance, tokenFor('olga', 'operator')),
    await connect(t, instance, tokenFor('anna', 'admin')),
  ];
  for (const client of clients) {
    const reply = await client.subscribe('o1');
    t.deepEqual(reply.ok && reply.order.allowedEvents, ['order.cancel', 'order.retry']);
  }
  await instance.feed.publish([orders.advance('o1')]);
  for (const client of clients) await eventually(() => client.transitions.length === 1, 'the transition');
  t.pass();
});

/** A clock that calls what is due when it is moved. */
function setUpWithClock(t: ExecutionContext) {
  const clock = createFakeClock(new Date('2026-01-01T00:00:00Z'));
  return setUp(t, { clock }).then((parts) => ({ ...parts, clock }));
}

const UNTIL_ONE = '2026-01-01T01:00:00Z';

test('the socket is warned before its token expires, and disconnected then', async (t) => {
  const { orders, instance, clock } = await setUpWithClock(t);
  const client = await connect(t, instance, tokenFor('ada', 'customer', UNTIL_ONE));
  t.true((await client.subscribe('o1')).ok);
  let reason: string | undefined;
  client.socket.once('disconnect', (why) => {
    reason = why;
  });
  const warnings: unknown[] = [];
  client.socket.on('auth.expiring', (warning) => warnings.push(warning));
  clock.advance(59 * 60_000);
  await eventually(() => warnings.length > 0, 'the warning');
  t.deepEqual(warnings, [{ expiresAt: '2026-01-01T01:00:00.000Z' }]);
  t.is(reason, undefined);
  clock.advance(60_000);
  await eventually(() => reason !== undefined, 'the disconnection');
  t.is(reason, 'io server disconnect');
  t.is(client.errors[0]?.code, 'unauthenticated');
  await instance.feed.publish([orders.advance('o1')]);
  const refusal = await refusalOf(t, instance, { token: tokenFor('ada', 'customer', UNTIL_ONE) });
  t.is(refusal.code, 'unauthenticated');
  t.deepEqual(client.transitions, []);
});

test('a renewed token keeps the socket and its subscriptions; one of another user or role does not', async (t) => {
  const { orders, instance, clock } = await setUpWithClock(t);
  const client = await connect(t, instance, tokenFor('ada', 'customer', UNTIL_ONE));
  t.true((await client.subscribe('o1')).ok);
  for (const [token, code] of [
    [tokenFor('eve'), 'forbidden'],
    [tokenFor('ada', 'operator'), 'forbidden'],
    [tokenFor('ada', 'customer', '2001-01-01T00:00:00Z'), 'unauthenticated'],
    ['nonsense', 'unauthenticated'],
  ] as const) {
    const refused = await client.ask('auth.renew', { token });
    t.is(!refused.ok && refused.error.code, code);
  }
  const renewed = await client.ask('auth.renew', {
    token: tokenFor('ada', 'customer', '2026-01-01T03:00:00Z'),
  });
  t.deepEqual(renewed, { ok: true, expiresAt: '2026-01-01T03:00:00.000Z' });
  clock.advance(2 * 3_600_000);
  await instance.feed.publish([orders.advance('o1')]);
  await eventually(() => client.transitions.length > 0, 'the transition after the old token has ended');
  clock.advance(3_600_000);
  await eventually(() => client.socket.disconnected, 'the end of the new one');
  t.pass();
});

test('when a session of a user ends, its sockets end, and nobody else’s, nor those of another session', async (t) => {
  const ended = new Set<string>();
  const check = (token: string) => {
    if (ended.has(token)) throw new Error('This session has ended.');
    return verify(token);
  };
  const { instance } = await setUp(t, { verify: check });
  const [first, second] = [tokenFor('ada'), tokenFor('ada', 'customer', '2099-01-02T00:00:00Z')];
  const [gone, kept, eve] = [
    await connect(t, instance, first),
    await connect(t, instance, second),
    await connect(t, instance, tokenFor('eve')),
  ];
  ended.add(first);
  instance.live.recheck('ada');
  await eventually(() => gone.socket.disconnected, 'the disconnection');
  t.is(gone.errors[0]?.code, 'unauthenticated');
  for (const client of [kept, eve]) t.true((await client.ask('order.unsubscribe', { orderId: 'o1' })).ok);
});

test('rights that end while Redis is away are found out when it is back', async (t) => {
  const { redisUrl, redis } = await startRedis(t, await makeTestDir(t));
  const orders = createFakeOrders();
  const disabled = new Set<string>();
  const check = (token: string) => {
    const viewer = verify(token);
    if (disabled.has(viewer.userId)) throw new Error('This user is disabled.');
    return viewer;
  };
  const one = await startInstance(t, { redisUrl, orders, verify: check });
  const two = await startInstance(t, { redisUrl, orders, verify: check });
  const [ada, eve] = [await connect(t, two, tokenFor('ada')), await connect(t, two, tokenFor('eve'))];
  await redis.kill();
  await eventually(() => !one.feed.isListening() && !two.feed.isListening(), 'both feeds noticing');
  disabled.add('ada');
  t.true((await ada.ask('order.unsubscribe', { orderId: 'o1' })).ok, 'the other instance cannot know yet');
  await redis.start();
  await eventually(() => ada.socket.disconnected, 'the disconnection');
  t.true((await eve.ask('order.unsubscribe', { orderId: 'o1' })).ok);
});

test('with allowed origins given, a page of any other origin is turned away', async (t) => {
  const { instance } = await setUp(t, { allowedOrigins: ['https://shop.example'] });
  const outcomeFor = (origin: string) => {
    const socket = io(instance.url, {
      auth: { token: tokenFor('ada') },
      extraHeaders: { origin },
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    t.teardown(() => void socket.disconnect());
    return new Promise((resolve) => {
      socket.once('connect', () => resolve('connected'));
      socket.once('connect_error', () => resolve('refused'));
    });
  };
  t.is(await outcomeFor('https://evil.example'), 'refused');
  t.is(await outcomeFor('null'), 'refused');
  t.is(await outcomeFor('https://shop.example'), 'connected');
  t.is(await outcomeFor(instance.url), 'connected');
  const noBrowser = openClient(t, instance, { token: tokenFor('ada') });
  await eventually(() => noBrowser.socket.connected, 'the client without an origin');
});

test('a client with nothing but the defaults connects, also by polling alone', async (t) => {
  const { instance } = await setUp(t);
  for (const options of [{}, { transports: ['polling'] }]) {
    const socket = io(instance.url, { auth: { token: tokenFor('ada') }, forceNew: true, ...options });
    t.teardown(() => void socket.disconnect());
    const reply = await socket.timeout(20_000).emitWithAck('order.subscribe', { orderId: 'o1' });
    t.true(reply.ok);
  }
});

test('closing hangs up on the clients and takes no new ones, and leaves the HTTP server to its owner', async (t) => {
  const { instance } = await setUp(t);
  const client = await connect(t, instance, tokenFor('ada'));
  await instance.realtime.close();
  await eventually(() => client.socket.disconnected, 'the disconnection');
  const outcomes = ['websocket', 'polling'].map((transport) => {
    const options = {
      auth: { token: tokenFor('ada') },
      transports: [transport],
      forceNew: true,
      reconnection: false,
    };
    const socket = io(instance.url, options);
    t.teardown(() => void socket.disconnect());
    return new Promise((resolve) => {
      socket.once('connect', () => resolve('connected'));
      socket.once('connect_error', () => resolve('refused'));
    });
  });
  t.deepEqual(await Promise.all(outcomes), ['refused', 'refused']);
  t.is(await (await fetch(`${instance.url}/health`)).text(), 'the api');
});
