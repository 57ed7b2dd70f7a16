/** Redis forgets jobs that the sweep would look for in a long time only: each way of it is noticed, and made good. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { queueOf } from '../../src/actors/definition.ts';
import type { ActorStore, JobQueues } from '../../src/actors/ports.ts';
import { Registry } from '../../src/actors/registry.ts';
import { Relay, TIMER_QUEUE } from '../../src/actors/relay.ts';
import { Sweep } from '../../src/actors/sweep.ts';
import { Queues } from '../../src/jobs/queues.ts';
import { startWorkers } from '../../src/jobs/workers.ts';
import { eventually } from '../support/engine.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { leases, placedOrder, START, versions } from '../support/orders.ts';
import { makeTestDir, startRedis } from '../support/services.ts';

const logger = pino({ level: 'silent' });
const LEASE = leases.leaseMs;
const INTERVAL = 5_000;
const MARK = 'lost:sweep';
/** More than two pages of whatever is done in pages. */
const MANY = 450;

const never = new Promise<never>(() => undefined);

/** What happens at the nth call of a method, instead of it or before it. */
interface Incident {
  method: keyof ActorStore | keyof JobQueues;
  nth: number;
  /** `dies`: from this call on, nothing that the process asks for happens, and nothing is answered. */
  happens: 'dies' | (() => Promise<unknown>);
}

/** A process that an incident befalls. */
interface Life {
  incident: Incident | undefined;
  calls: number;
  isDead: boolean;
}

/** What the process asks for, as long as it lives. */
function lived<T extends object>(parts: T, life: Life): T {
  const call = async (method: PropertyKey, run: () => unknown) => {
    const { incident } = life;
    if (!life.isDead && incident?.method === method) {
      life.calls += 1;
      if (life.calls === incident.nth && incident.happens === 'dies') life.isDead = true;
      else if (life.calls === incident.nth && incident.happens !== 'dies') await incident.happens();
    }
    return life.isDead ? never : run();
  };
  return new Proxy(parts, {
    get: (target, method) => {
      const found = Reflect.get(target, method) as unknown;
      if (typeof found !== 'function') return found;
      return (...args: unknown[]) => call(method, () => found.apply(target, args));
    },
  });
}

/** A Redis of the test's own whose stages nobody works on, a store, and processes that sweep over both. */
async function setUp(t: ExecutionContext) {
  const dir = await makeTestDir(t);
  const { redis, redisUrl } = await startRedis(t, dir);
  const clock = createFakeClock(START);
  const store = createMemoryStore();
  const names = new Set([...[...versions.sources].map(queueOf), TIMER_QUEUE]);
  const openQueues = async () => {
    const queues = new Queues(redisUrl, 'lost', names, { backoffMs: 1, leaseMs: LEASE });
    t.teardown(() => queues.close());
    await queues.ready();
    return queues;
  };
  const queues = await openQueues();
  const feed = { publish: async () => undefined, onTransition: () => () => undefined };
  const parts = { feed, clock, leases, logger, also: async () => undefined, intervalMs: INTERVAL };
  const looks: number[] = [];
  const startProcess = (incident?: Incident) => {
    const life: Life = { incident, calls: 0, isDead: false };
    const counted: JobQueues = lived(queues, life);
    const { look } = counted;
    const looked: JobQueues = {
      add: counted.add,
      loss: counted.loss,
      madeGood: counted.madeGood,
      look(queue, jobId) {
        looks.push((clock.now().getTime() - START.getTime()) / 1_000);
        return look(queue, jobId);
      },
    };
    return { life, sweep: new Sweep({ ...parts, store: lived(store, life), queues: looked }) };
  };
  const relay = new Relay({ ...parts, store, queues, onPublished: () => undefined });
  const place = async (ids: string[]) => {
    for (const id of ids) {
      const record = placedOrder(id);
      store.records.set(id, structuredClone({ ...record, publications: [] }));
      relay.publish(record);
    }
    await relay.drain();
  };
  const client = new Redis(join(dir, 'redis.sock'));
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  const inQueue = async (ids: string[]) => {
    const known = await Promise.all(ids.map((id) => queues.look('validation', `${id}.1.validation.0`)));
    return known.filter((state) => state === 'pending').length;
  };
  /** Starts Redis again after it was killed; resolves when everybody is connected. */
  const restart = async () => {
    await redis.start();
    await eventually(
      async () => [await queues.ping(), await client.ping()],
      () => true,
    );
  };
  return { redis, restart, client, clock, store, queues, looks, startProcess, place, inQueue };
}

type Setting = Awaited<ReturnType<typeof setUp>>;

const ids = (count: number, name = 'order') => Array.from({ length: count }, (_, i) => `${name}-${i}`);

/** Rounds at their interval, for that long. */
async function sweepFor(clock: FakeClock, sweep: Sweep, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += INTERVAL) {
    clock.advance(INTERVAL);
    await sweep.round();
  }
}

/** Orders whose jobs have waited for twenty minutes, and that nobody will look at in the next ones. */
async function rested(setting: Setting, count: number) {
  const { clock, store, place, startProcess, inQueue } = setting;
  const { sweep } = startProcess();
  await sweep.round();
  const placed = ids(count);
  await place(placed);
  await sweepFor(clock, sweep, 20 * 60_000);
  if ((await inQueue(placed)) !== count) throw new Error('not every job waits in its queue');
  const soonest = Math.min(...[...store.records.values()].map(({ sweepAt }) => Number(sweepAt)));
  if (soonest < clock.now().getTime() + 10 * LEASE) throw new Error('the next look is too near');
  return placed;
}

/** Every validation that waits is done. */
async function work({ store, queues, clock }: Setting, count: number): Promise<void> {
  const registry = new Registry({ store, versions, clock, leases, publish: () => undefined }, 10);
  const processors = { 'validation.check': async () => ({ type: 'stock.held' }) };
  startWorkers({
    queues: queues.all,
    registry,
    processors,
    lateUndos: {},
    concurrency: 4,
    attempts: 3,
    logger,
  });
  await eventually(
    async () => [...store.records.values()].filter(({ state }) => state === 'charging').length,
    (done) => done === count,
  );
}

test('an order whose job waits in a paused queue for an hour is looked at seven times', async (t) => {
  const { clock, queues, looks, place, startProcess, inQueue } = await setUp(t);
  await Promise.all(queues.all.map((queue) => queue.pause()));
  const { sweep } = startProcess();
  await sweep.round();
  await place(['order-0']);
  await sweepFor(clock, sweep, 60 * 60_000);
  t.deepEqual(looks, [30, 60, 120, 240, 480, 960, 1_920]);
  t.is(await inQueue(['order-0']), 1);
});

test('a job taken out of its queue comes back at the next look', async (t) => {
  const setting = await setUp(t);
  const { clock, queues, startProcess, inQueue, store } = setting;
  const placed = await rested(setting, 1);
  const job = await queues.all.find(({ name }) => name === 'validation')?.getJob('order-0.1.validation.0');
  await job?.remove();
  t.is(await inQueue(placed), 0);
  const { sweep } = startProcess();
  await sweepFor(clock, sweep, 10 * 60_000);
  t.is(await inQueue(placed), 0);
  await sweepFor(clock, sweep, 2 * 60_000);
  t.is(await inQueue(placed), 1);
  t.true(Number(store.records.get('order-0')?.sweepAt) <= clock.now().getTime() + LEASE);
});

test('Redis emptied: every job is back after the next round, and that round is not repeated', async (t) => {
  const setting = await setUp(t);
  const { clock, client, looks, startProcess, inQueue } = setting;
  const placed = await rested(setting, MANY);
  await client.flushall();
  t.is(await inQueue(placed), 0);
  const { sweep } = startProcess();
  looks.length = 0;
  await sweepFor(clock, sweep, INTERVAL);
  t.is(await inQueue(placed), MANY);
  t.is(looks.length, MANY);
  await sweepFor(clock, sweep, 2 * INTERVAL);
  t.is(looks.length, MANY);
  await work(setting, MANY);
});

test('Redis killed and started empty: every job is back after the next round', async (t) => {
  const setting = await setUp(t);
  const { clock, redis, restart, startProcess, inQueue } = setting;
  const placed = await rested(setting, 3);
  await redis.kill();
  const { sweep } = startProcess();
  await t.throwsAsync(() => sweep.round());
  await restart();
  t.is(await inQueue(placed), 0);
  await sweepFor(clock, sweep, INTERVAL);
  t.is(await inQueue(placed), 3);
  await work(setting, 3);
});

test('Redis killed and started with older data, the mark in it: every job is back after the next round', async (t) => {
  const setting = await setUp(t);
  const { clock, client, redis, restart, place, store, startProcess, inQueue } = setting;
  const older = await rested(setting, 2);
  await client.save();
  const newer = ids(2, 'newer');
  await place(newer);
  // Long enough in the queue to be looked at seldom.
  await sweepFor(clock, startProcess().sweep, 25 * 60_000);
  t.is(await inQueue(newer), 2);
  await redis.kill();
  await restart();
  t.truthy(await client.get(MARK));
  t.deepEqual([await inQueue(older), await inQueue(newer)], [2, 0]);
  t.true(Number(store.records.get('newer-0')?.sweepAt) > clock.now().getTime() + 2 * LEASE);
  const { sweep } = startProcess();
  await sweepFor(clock, sweep, INTERVAL);
  t.deepEqual([await inQueue(older), await inQueue(newer)], [2, 2]);
  await work(setting, 4);
});

for (const [when, incident, atOnce] of [
  ['while it makes everything due', { method: 'hasten', nth: 2, happens: 'dies' }, MANY],
  ['when all of it is due', { method: 'madeGood', nth: 1, happens: 'dies' }, MANY],
  ['in the middle of its looks', { method: 'claim', nth: 101, happens: 'dies' }, MANY - 100],
] as [string, Incident, number][])
  test(`the process that noticed dies ${when}: another one makes it good`, async (t) => {
    const setting = await setUp(t);
    const { clock, client, startProcess, inQueue } = setting;
    const placed = await rested(setting, MANY);
    await client.flushall();
    const { sweep: dying, life } = startProcess(incident);
    dying.round().catch((error: unknown) => t.fail(String(error)));
    await eventually(
      async () => life.isDead,
      (isDead) => isDead,
    );
    t.is(await inQueue(placed), 0);
    const { sweep } = startProcess();
    await sweepFor(clock, sweep, INTERVAL);
    t.is(await inQueue(placed), atOnce);
    await sweepFor(clock, sweep, LEASE);
    t.is(await inQueue(placed), MANY, 'what the dead one had claimed comes a lease later');
  });

test('two processes that notice at once make it good once each, and no more', async (t) => {
  const setting = await setUp(t);
  const { clock, client, queues, looks, startProcess, inQueue } = setting;
  const placed = await rested(setting, MANY);
  await client.flushall();
  looks.length = 0;
  const processes = [startProcess(), startProcess()];
  await Promise.all(processes.map(({ sweep }) => sweep.round()));
  t.is(await inQueue(placed), MANY);
  t.is(await queues.loss(), undefined);
  t.true(looks.length >= MANY && looks.length <= 2 * MANY);
  const counted = looks.length;
  for (const { sweep } of processes) await sweepFor(clock, sweep, INTERVAL);
  t.is(looks.length, counted);
});

for (const [when, method, nth] of [
  ['before everything is due', 'hasten', 1],
  ['in the middle of the looks', 'add', 101],
] as const)
  test(`Redis emptied again during the round that makes it good, ${when}: the next one does it again`, async (t) => {
    const setting = await setUp(t);
    const { clock, client, queues, startProcess, inQueue } = setting;
    const placed = await rested(setting, MANY);
    await client.flushall();
    const happens = () => client.flushall();
    const { sweep, life } = startProcess({ method, nth, happens });
    await sweepFor(clock, sweep, INTERVAL);
    t.true(life.calls >= nth);
    t.not(await queues.loss(), undefined, 'the second loss is not forgotten with the first');
    await sweepFor(clock, sweep, INTERVAL);
    t.is(await inQueue(placed), MANY);
    t.is(await queues.loss(), undefined);
  });

test('what was seen before a loss puts nothing off once another process has made the loss good', async (t) => {
  const setting = await setUp(t);
  const { clock, store, client, startProcess, inQueue } = setting;
  const placed = await rested(setting, 1);
  clock.advance(15 * 60_000);
  // It has seen the job and is about to leave it for long, when everything happens.
  let wake = () => undefined as unknown;
  const asleep = new Promise((resolve) => {
    wake = () => resolve(undefined);
  });
  const { sweep: slow, life: slowLife } = startProcess({ method: 'claim', nth: 2, happens: () => asleep });
  const round = slow.round();
  await eventually(
    async () => slowLife.calls,
    (calls) => calls === 2,
  );
  await client.flushall();
  clock.advance(2 * LEASE);
  const { sweep: noticing, life } = startProcess({ method: 'due', nth: 1, happens: 'dies' });
  noticing.round().catch((error: unknown) => t.fail(String(error)));
  await eventually(
    async () => life.isDead,
    (isDead) => isDead,
  );
  wake();
  await round;
  t.is(await inQueue(placed), 0);
  t.true(Number(store.records.get('order-0')?.sweepAt) <= clock.now().getTime());
  await sweepFor(clock, startProcess().sweep, INTERVAL);
  t.is(await inQueue(placed), 1);
});
