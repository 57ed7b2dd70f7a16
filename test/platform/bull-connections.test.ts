/** Bull queues stopped at the worst moments, over a real Redis that is killed too. */
import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type Bull from 'bull';
import { Redis } from 'ioredis';
import { createBullConnections } from '../../src/platform/bull-connections.ts';
import { redisOptions } from '../../src/platform/redis.ts';
import { eventually } from '../support/engine.ts';
import { makeTestDir, startRedis } from '../support/services.ts';

const unheard: unknown[] = [];
process.on('unhandledRejection', (reason) => unheard.push(reason));

/** Says that no promise was rejected that nobody heard. */
async function allHeard(t: ExecutionContext): Promise<void> {
  // Node tells when the turn is over.
  await setImmediate();
  t.deepEqual(unheard.splice(0), []);
}

interface Inner {
  bclient: Redis;
  eclient: Redis;
}

/** Unlike `once` of Node it minds no error: connections have them. */
const next = (client: Redis, event: string) => new Promise((resolve) => client.once(event, resolve));

/** A way to that Redis that can be cut, and be made to carry nothing there. */
async function startWay(t: ExecutionContext, dir: string, redisUrl: string) {
  const path = join(dir, 'way.sock');
  const open = new Set<Socket>();
  let silent = false;
  const server = createServer((near) => {
    const far = dial(new URL(redisUrl).pathname);
    open.add(near);
    near.on('data', (sent) => silent || far.write(sent));
    near.on('close', () => open.delete(near) && far.destroy());
    far.on('data', (sent) => near.write(sent));
    for (const end of [near, far]) end.on('error', () => near.destroy());
  });
  t.teardown(() => server.close());
  await once(server.listen(path), 'listening');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    wayUrl: `unix://${path}`,
    cut,
    silence: () => {
      silent = true;
    },
  };
}

/** A queue that can be used, on a Redis of the test's own. */
async function setUp(t: ExecutionContext) {
  const dir = await makeTestDir(t);
  const { redisUrl, redis } = await startRedis(t, dir);
  const way = await startWay(t, dir, redisUrl);
  const open = async (url = redisUrl) => {
    const connections = createBullConnections(url);
    const queue = connections.open<object>('letters', { prefix: 'test' }) as Bull.Queue<object> & Inner;
    t.teardown(() => connections.close());
    await connections.ready();
    return { connections, queue };
  };
  return { redisUrl, redis, way, open };
}

/** Starts jobs that last until they are released. */
function work(queue: Bull.Queue<object>) {
  const started: string[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  queue
    .process(3, async ({ id }) => {
      started.push(String(id));
      await released;
    })
    .catch(() => undefined);
  return { started, release };
}

test.serial('stopped while it begins to take jobs', async (t) => {
  const { open } = await setUp(t);
  const { connections, queue } = await open();
  work(queue);
  t.is(queue.bclient.status, 'connecting');
  await queue.pause(true);
  await connections.close();
  t.is(queue.bclient.status, 'end');
  await allHeard(t);
});

test.serial('stopped while it begins to listen, and Redis does not answer', async (t) => {
  const { open, way } = await setUp(t);
  const { connections, queue } = await open(way.wayUrl);
  way.silence();
  queue.on('global:paused', () => undefined);
  await connections.close();
  await allHeard(t);
});

test.serial('stopped while it listens again, and Redis does not answer', async (t) => {
  const { open, way } = await setUp(t);
  const { connections, queue } = await open(way.wayUrl);
  queue.on('global:paused', () => undefined);
  await once(queue, 'registered:global:paused');
  way.silence();
  way.cut();
  await next(queue.eclient, 'ready');
  await connections.close();
  await allHeard(t);
});

test.serial('stopped while it waits for jobs again, and Redis does not answer', async (t) => {
  const { open, way } = await setUp(t);
  const { connections, queue } = await open(way.wayUrl);
  work(queue);
  await eventually(
    () => queue.getWorkers(),
    ([worker]) => worker?.cmd === 'brpoplpush',
  );
  way.silence();
  way.cut();
  await next(queue.bclient, 'connect');
  await queue.pause(true);
  await connections.close();
  await allHeard(t);
});

test.serial('with Redis away a stop waits for the jobs that run, and for nothing else', async (t) => {
  const { open, redis } = await setUp(t);
  const { connections, queue } = await open();
  const { started, release } = work(queue);
  await queue.add({}, { jobId: 'first' });
  await eventually(
    async () => started,
    ({ length }) => length === 1,
  );
  const lost = next(queue.bclient, 'reconnecting');
  await redis.kill();
  await lost;
  const order: string[] = [];
  const paused = queue.pause(true).then(() => order.push('stopped'));
  await next(queue.bclient, 'end');
  await allHeard(t);
  order.push('released');
  release();
  await paused;
  t.deepEqual(order, ['released', 'stopped']);
  await connections.close();
  await allHeard(t);
});

test.serial('a stop lets the jobs that run end and takes no other; another process does', async (t) => {
  const { open } = await setUp(t);
  const { queue } = await open();
  const { started, release } = work(queue);
  await queue.add({}, { jobId: 'first' });
  await once(queue, 'active');
  const stopped = queue.pause(true);
  await next(queue.bclient, 'end');
  await queue.add({}, { jobId: 'second' });
  release();
  await stopped;
  t.is(await queue.getCompletedCount(), 1);
  t.deepEqual(started, ['first']);
  const other = await open();
  const others = work(other.queue);
  others.release();
  await eventually(
    () => queue.getCompletedCount(),
    (count) => count === 2,
  );
  t.deepEqual(others.started, ['second']);
});

test.serial('closed, it leaves no connection, and opens none for what Bull asks for late', async (t) => {
  const { open, redisUrl } = await setUp(t);
  const { connections, queue } = await open();
  const observer = new Redis(redisOptions(redisUrl));
  t.teardown(() => observer.disconnect());
  await once(observer, 'ready');
  const count = async () =>
    String(await observer.client('LIST'))
      .trim()
      .split('\n').length;
  t.true((await count()) > 1);
  await connections.close();
  t.is(await count(), 1);
  work(queue);
  t.not(queue.bclient, undefined);
  await setImmediate();
  t.is(queue.bclient.status, 'end');
  await allHeard(t);
});

test.serial('who takes jobs is known by name, after Redis was away too', async (t) => {
  const { open, redis } = await setUp(t);
  const { queue } = await open();
  work(queue).release();
  const one = (workers: unknown[]) => workers.length === 1;
  await eventually(() => queue.getWorkers(), one);
  const back = next(queue.bclient, 'ready');
  await redis.kill();
  await redis.start();
  await back;
  await eventually(() => queue.getWorkers().catch(() => []), one);
  t.pass();
});
