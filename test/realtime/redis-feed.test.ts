/** The bus between instances, and what becomes of it when Redis dies. */
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Redis } from 'ioredis';
import { systemClock } from '../../src/platform/clock.ts';
import { redisOptions } from '../../src/platform/redis.ts';
import type { FeedTransition } from '../../src/ports/order-actors.ts';
import { createRedisFeed } from '../../src/realtime/redis-feed.ts';
import { makeTestDir, startRedis } from '../support/services.ts';
import { createFakeOrders } from './fake-orders.ts';
import { connect, eventually, logger, startInstance, tokenFor } from './instance.ts';

async function setUp(t: ExecutionContext) {
  const { redisUrl, redis } = await startRedis(t, await makeTestDir(t));
  const openFeed = () => {
    const feed = createRedisFeed({ namespace: 'test', redisUrl, clock: systemClock, logger });
    t.teardown(() => feed.close());
    const heard: FeedTransition[] = [];
    feed.onTransition((entry) => heard.push(entry));
    return { feed, heard };
  };
  const orders = createFakeOrders();
  const first = orders.place('o1', 'ada');
  return { redisUrl, redis, openFeed, orders, first };
}

test('every instance hears every transition once, its own at once', async (t) => {
  const { openFeed, orders, first } = await setUp(t);
  const [one, two, three] = [openFeed(), openFeed(), openFeed()];
  await Promise.all([one.feed.ready, two.feed.ready, three.feed.ready]);
  const published = one.feed.publish([first, orders.advance('o1')]);
  t.is(one.heard.length, 2, 'before Redis has answered');
  await published;
  const third = orders.advance('o1', { final: true });
  await two.feed.publish([third]);
  for (const { heard } of [one, two, three]) {
    await eventually(() => heard.length >= 3, 'three transitions');
    // Sorted, for the feed promises no order: an instance hears its own at once.
    t.deepEqual(heard.map((entry) => entry.transition.seq).sort(), [1, 2, 3]);
    t.deepEqual(
      heard.find((entry) => entry.transition.seq === 3),
      third,
    );
    t.is(heard.length, 3);
  }
});

test('a listener that has ended hears nothing; publishing nothing sends nothing', async (t) => {
  const { openFeed, first } = await setUp(t);
  const { feed, heard } = openFeed();
  await feed.ready;
  const end = feed.onTransition(() => t.fail('it had ended'));
  end();
  await feed.publish([]);
  await feed.publish([first]);
  t.is(heard.length, 1);
});

test('messages that make no sense are passed over', async (t) => {
  const { redisUrl, openFeed, first } = await setUp(t);
  const { feed, heard } = openFeed();
  await feed.ready;
  const stranger = new Redis(redisOptions(redisUrl));
  t.teardown(() => stranger.disconnect());
  await new Promise((resolve) => stranger.once('ready', resolve));
  const wrong = { ...first, transition: { ...first.transition, seq: '1' } };
  for (const text of ['', 'x', '[]', '{}', '{"from":"x"}', JSON.stringify({ from: 'x', entries: [wrong] })]) {
    t.is(await stranger.publish('test:feed', text), 1);
  }
  await stranger.publish('test:feed', JSON.stringify({ from: 'x', entries: [first] }));
  await eventually(() => heard.length > 0, 'the one that makes sense');
  t.deepEqual(heard, [first]);
});

test('with Redis away publishing rejects, and the local listeners are served nevertheless', async (t) => {
  const { redis, openFeed, first } = await setUp(t);
  const { feed, heard } = openFeed();
  await feed.ready;
  await redis.kill();
  await eventually(() => !feed.isListening(), 'the feed noticing');
  await t.throwsAsync(feed.publish([first]));
  t.deepEqual(heard, [first]);
});

test('a feed that starts before Redis becomes ready when Redis comes', async (t) => {
  const { redis, openFeed } = await setUp(t);
  await redis.kill();
  const { feed } = openFeed();
  await t.throwsAsync(feed.publish([createFakeOrders().place('o2', 'eve')]));
  t.false(feed.isListening());
  await redis.start();
  await feed.ready;
  t.true(feed.isListening());
});

test('Redis killed in between: what was committed meanwhile is seen after its return, without a gap', async (t) => {
  const { redisUrl, redis, orders } = await setUp(t);
  const one = await startInstance(t, { redisUrl, orders });
  const two = await startInstance(t, { redisUrl, orders });
  const client = await connect(t, two, tokenFor('ada'));
  t.true((await client.subscribe('o1')).ok);
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => client.transitions.length === 1, 'the transition before');

  await redis.kill();
  await eventually(() => !one.feed.isListening() && !two.feed.isListening(), 'both feeds noticing');
  await t.throwsAsync(one.feed.publish([orders.advance('o1')]));
  await t.throwsAsync(one.feed.publish([orders.advance('o1')]));
  t.is(client.transitions.length, 1, 'nothing can have reached the other instance');
  await redis.start();

  // Nobody publishes any more: the return of the bus alone has to bring them.
  await eventually(() => client.transitions.length >= 3, 'the transitions missed');
  await eventually(() => one.feed.isListening() && two.feed.isListening(), 'both feeds listening');
  await one.feed.publish([orders.advance('o1', { final: true })]);
  await eventually(() => client.transitions.length >= 4, 'the transition after');
  t.deepEqual(client.seqsOf('o1'), [2, 3, 4, 5]);
});

test('a single order misses nothing while Redis is away, whatever its dates say', async (t) => {
  const { redisUrl, redis, orders } = await setUp(t);
  const one = await startInstance(t, { redisUrl, orders });
  const client = await connect(t, one, tokenFor('ada'));
  t.true((await client.subscribe('o1')).ok);
  await redis.kill();
  await eventually(() => !one.feed.isListening(), 'the feed noticing');
  // By a process whose clock stands years behind: no round over what changed of late can find them.
  for (let i = 0; i < 3; i++) orders.advance('o1', { at: new Date(0) });
  await redis.start();
  await eventually(() => client.transitions.length >= 3, 'what was missed');
  t.deepEqual(client.seqsOf('o1'), [2, 3, 4]);
});

test('a subscription that is being answered while the feed comes back is read once more', async (t) => {
  const { redisUrl, redis, orders } = await setUp(t);
  const one = await startInstance(t, { redisUrl, orders });
  const client = await connect(t, one, tokenFor('ada'));
  // In the window: the record is read, then a transition is committed that no message ever tells of.
  orders.onCopied = async () => {
    orders.onCopied = () => Promise.resolve();
    await redis.kill();
    await eventually(() => !one.feed.isListening(), 'the feed noticing');
    orders.advance('o1');
    await redis.start();
    await eventually(() => one.feed.isListening(), 'the feed listening again');
  };
  const reply = await client.subscribe('o1');
  const answered = reply.ok ? reply.transitions.map((it) => it.seq) : [];
  const seen = () => [...answered, ...client.seqsOf('o1')];
  await eventually(() => seen().length > 1, 'the transition from the window');
  t.deepEqual(seen(), [1, 2]);
});

/** Stands between a client and Redis; once silenced, what came through it before hears nothing any more. */
async function startProxy(t: ExecutionContext, redisUrl: string) {
  const dir = await makeTestDir(t);
  const path = join(dir, 'proxy.sock');
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = createConnection(new URL(redisUrl).pathname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(to).on('error', () => {});
    }
  });
  server.listen(path);
  t.teardown(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  await once(server, 'listening');
  const silence = () => {
    for (const socket of open) socket.unpipe();
  };
  return { proxyUrl: `unix://${path}`, silence };
}

test('a connection that died without a word is found out and replaced', async (t) => {
  const { redisUrl, openFeed, first } = await setUp(t);
  const { proxyUrl, silence } = await startProxy(t, redisUrl);
  const probes: (() => void)[] = [];
  const after = (_delayMs: number, run: () => void) => {
    probes.push(run);
    return () => {};
  };
  const feed = createRedisFeed({
    namespace: 'test',
    redisUrl: proxyUrl,
    clock: { now: () => new Date(0), after },
    logger,
  });
  t.teardown(() => feed.close());
  const heard: FeedTransition[] = [];
  feed.onTransition((entry) => heard.push(entry));
  let listened = 0;
  feed.onListening(() => listened++);
  await feed.ready;
  probes[0]?.();
  await eventually(() => probes.length === 2, 'the next probe, for the first was answered');
  t.is(listened, 1);

  silence();
  const { feed: other } = openFeed();
  await other.ready;
  await other.publish([first]);
  probes[1]?.();
  await eventually(() => listened === 2, 'the feed listening again');
  t.deepEqual(heard, [], 'the silence was one');
  await other.publish([first]);
  await eventually(() => heard.length > 0, 'the transition over the new connection');
  t.deepEqual(heard, [first]);
});
