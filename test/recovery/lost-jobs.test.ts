/** Redis forgets jobs that the sweep would look for in a long time only: each way of it is noticed, and made good. */
import test from 'ava';
import { Registry } from '../../src/actors/registry.ts';
import type { Sweep } from '../../src/actors/sweep.ts';
import { FirstStages } from '../../src/jobs/first-stages.ts';
import { startWorkers } from '../../src/jobs/workers.ts';
import { eventually } from '../support/engine.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { leases, versions } from '../support/orders.ts';
import {
  createMoment,
  INTERVAL,
  type Incident,
  inRound,
  LEASE,
  logger,
  MARK,
  type Setting,
  setUp,
} from './sweeping-processes.ts';

/** More than two pages of whatever is done in pages. */
const MANY = 450;

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
  const workers = { queues, registry, processors, lateUndos: {}, attempts: 3, backoffMs: 1, logger };
  startWorkers({ ...workers, concurrency: 4 }, new FirstStages(4));
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
    await startProcess(incident).die();
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
  t.is(await queues.loss(), await queues.loss(), 'one loss has one name, so that none waits for the other');
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

/** A process that has seen that a job waits, and falls asleep just before it puts off the next look. */
async function fallAsleep({ startProcess }: Setting) {
  const asleep = createMoment();
  const morning = createMoment();
  const happens = () => {
    asleep.come();
    return morning.hasCome;
  };
  const round = startProcess({ method: 'claim', nth: 2, happens }).sweep.round();
  await inRound(round, asleep.hasCome);
  return async () => {
    morning.come();
    await round;
  };
}

test('what was seen before a loss puts nothing off once another process has made the loss good', async (t) => {
  const setting = await setUp(t);
  const { clock, store, client, startProcess, inQueue } = setting;
  const placed = await rested(setting, 1);
  clock.advance(15 * 60_000);
  const wakeUp = await fallAsleep(setting);
  await client.flushall();
  clock.advance(2 * LEASE);
  await startProcess({ method: 'due', nth: 1, happens: 'dies' }).die();
  await wakeUp();
  t.is(await inQueue(placed), 0);
  t.true(Number(store.records.get('order-0')?.sweepAt) <= clock.now().getTime());
  await sweepFor(clock, startProcess().sweep, INTERVAL);
  t.is(await inQueue(placed), 1);
});

test('nor while another process makes it good: no order slips past the pages that are done', async (t) => {
  const setting = await setUp(t);
  const { clock, store, client, place, startProcess, inQueue } = setting;
  await rested(setting, 1);
  clock.advance(15 * 60_000);
  const wakeUp = await fallAsleep(setting);
  const others = ids(MANY, 'other');
  await place(others);
  const later = clock.now().getTime() + 20 * LEASE;
  for (const [i, id] of others.entries())
    Object.assign(store.records.get(id) ?? {}, { sweepAt: new Date(later + i) });
  await client.flushall();
  const { sweep, life } = startProcess({ method: 'hasten', nth: 3, happens: wakeUp });
  await sweep.round();
  t.true(life.calls >= 3);
  t.is(await inQueue(['order-0', ...others]), 1 + MANY);
});
