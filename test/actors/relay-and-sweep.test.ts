import test from 'ava';
import { pino } from 'pino';
import { applyCommit } from '../../src/actors/actor.ts';
import { decide } from '../../src/actors/decide.ts';
import type { Dispatch, JobQueues } from '../../src/actors/ports.ts';
import { Relay } from '../../src/actors/relay.ts';
import { Sweep } from '../../src/actors/sweep.ts';
import type { ActorRecord } from '../../src/machines/actor-record.ts';
import type { Feed, FeedTransition } from '../../src/ports/order-actors.ts';
import { eventually } from '../support/engine.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { definition, leases, placedOrder, START } from '../support/orders.ts';

const logger = pino({ level: 'silent' });
const LEASE = leases.leaseMs;

/** A queue and a feed that can be away, and that keep what they were given. */
function setUp() {
  const clock = createFakeClock(START);
  const store = createMemoryStore();
  const jobs = new Map<string, Dispatch>();
  const finished = new Set<string>();
  const seen: FeedTransition[] = [];
  const redis = { away: false, refusals: 0 };
  const reach = () => {
    if (!redis.away) return;
    redis.refusals += 1;
    throw new Error('Redis is away');
  };
  const queues: JobQueues = {
    async add(dispatches) {
      reach();
      for (const dispatch of dispatches)
        if (!finished.has(dispatch.jobId)) jobs.set(dispatch.jobId, dispatch);
    },
    async look(_queue, jobId) {
      reach();
      return finished.has(jobId) ? 'finished' : jobs.has(jobId) ? 'pending' : 'missing';
    },
    async loss() {
      reach();
      return undefined;
    },
    madeGood: async () => reach(),
  };
  const feed: Feed = {
    async publish(entries) {
      reach();
      seen.push(...entries);
    },
    onTransition: () => () => undefined,
  };
  const parts = { store, queues, feed, clock, leases, logger };
  const relay = new Relay({ ...parts, onPublished: () => undefined });
  const sweep = new Sweep({ ...parts, also: async () => undefined, intervalMs: 1_000 });
  const place = (id: string) => {
    const record = placedOrder(id);
    store.records.set(id, structuredClone(record));
    return record;
  };
  return { clock, store, jobs, finished, seen, redis, relay, sweep, place };
}

test('the relay hands a committed order to its queue and to the feed', async (t) => {
  const { relay, jobs, seen, place } = setUp();
  relay.publish(place('order-1'));
  await relay.drain();
  t.deepEqual(
    [...jobs.values()].map(({ queue, jobId }) => [queue, jobId]),
    [['validation', 'order-1.1.validation.0']],
  );
  t.deepEqual(
    seen.map(({ transition }) => [transition.orderId, transition.seq, transition.type]),
    [['order-1', 1, 'order.placed']],
  );
});

test('a stage that runs is not begun again by a commit that leaves it pending', async (t) => {
  const { relay, jobs, seen, place, clock } = setUp();
  const placed = place('order-1');
  const hold = { type: 'order.hold', reason: 'looks odd' };
  const by = { role: 'operator', userId: 'o' };
  const stimulus = { kind: 'command' as const, event: hold, by, commandId: 'c1' };
  const decision = decide(definition, placed, stimulus, clock.now(), leases);
  if (decision.kind !== 'moved') throw new Error(decision.kind);
  const held = applyCommit({ ...placed, publications: [] }, decision.commit);
  t.deepEqual(
    held.invocations.map(({ id, seq }) => [id, seq]),
    [['validation', 1]],
  );
  relay.publish(held);
  await relay.drain();
  t.is(jobs.size, 0);
  t.is(seen.at(-1)?.transition.type, 'order.hold');
});

test('orders at rest are written together, a while later or at the latest when the relay is drained', async (t) => {
  const { relay, clock, store, seen, place } = setUp();
  const written: string[][] = [];
  const { acknowledge } = store;
  store.acknowledge = async (entries) => {
    written.push(entries.map(({ actorId }) => actorId));
    await acknowledge(entries);
  };
  const rest = async (id: string) => {
    const before = seen.length;
    relay.publish({ ...place(id), invocations: [], timers: [] });
    await eventually(
      async () => seen.length,
      (length) => length > before,
    );
  };
  await rest('order-1');
  await rest('order-2');
  clock.advance(99);
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(written, []);
  clock.advance(1);
  await eventually(
    async () => written,
    ({ length }) => length > 0,
  );
  t.deepEqual(written, [['order-1', 'order-2']]);
  await rest('order-3');
  await relay.drain();
  t.deepEqual(written.at(-1), ['order-3']);
});

test('what the relay could not hand over because Redis was away, the sweep hands over', async (t) => {
  const { relay, sweep, clock, jobs, seen, redis, place } = setUp();
  redis.away = true;
  relay.publish(place('order-1'));
  await relay.drain();
  t.true(redis.refusals >= 2);
  t.is(jobs.size + seen.length, 0);
  redis.away = false;
  t.is(await sweep.round(), 0, 'nothing is due before its lease has passed');
  clock.advance(LEASE);
  t.is(await sweep.round(), 1);
  t.deepEqual([jobs.size, seen.length], [1, 1]);
});

test('a crash between commit and publish loses nothing: the first round after a start looks at everything', async (t) => {
  const { sweep, jobs, seen, place } = setUp();
  for (let i = 0; i < 450; i += 1) place(`order-${i}`);
  t.is(await sweep.round(LEASE), 450);
  t.deepEqual([jobs.size, seen.length], [450, 450]);
});

test('a job that waits or runs is left alone by the sweep', async (t) => {
  const { relay, sweep, clock, jobs, place, store } = setUp();
  relay.publish(place('order-1'));
  await relay.drain();
  clock.advance(LEASE);
  t.is(await sweep.round(), 1);
  t.deepEqual([...jobs.keys()], ['order-1.1.validation.0']);
  t.true(
    Number(store.records.get('order-1')?.sweepAt) > Number(clock.now()),
    'it will be looked after again',
  );
});

test('a job that the queue finished without its outcome gets a new dispatch number', async (t) => {
  const { relay, sweep, clock, jobs, finished, place, store } = setUp();
  relay.publish(place('order-1'));
  await relay.drain();
  jobs.clear();
  finished.add('order-1.1.validation.0');
  clock.advance(LEASE);
  await sweep.round();
  t.deepEqual([...jobs.keys()], ['order-1.1.validation.1']);
  t.is(store.records.get('order-1')?.invocations[0]?.dispatch, 1);
});

test('Redis emptied: every pending job comes back from MongoDB alone', async (t) => {
  const { relay, sweep, clock, jobs, place } = setUp();
  for (const id of ['order-1', 'order-2']) relay.publish(place(id));
  await relay.drain();
  jobs.clear();
  clock.advance(LEASE);
  t.is(await sweep.round(), 2);
  t.deepEqual([...jobs.keys()].sort(), ['order-1.1.validation.0', 'order-2.1.validation.0']);
});

test('two sweeps share the work: each order is handed over by one of them', async (t) => {
  const { sweep, clock, place } = setUp();
  for (let i = 0; i < 50; i += 1) place(`order-${i}`);
  clock.advance(LEASE);
  const swept = await Promise.all([sweep.round(), sweep.round()]);
  t.is(swept[0] + swept[1], 50);
});

test('a far deadline becomes a job only when it is near, and its delay is what is left', async (t) => {
  const { sweep, clock, jobs, finished, place, store } = setUp();
  const ref = { actorId: 'order-1', kind: 'invocation' as const, id: 'validation', seq: 1 };
  const stimulus = { kind: 'outcome' as const, ref, outcome: { output: { type: 'stock.held' } } };
  const placed = place('order-1');
  const decision = decide(definition, placed, stimulus, clock.now(), leases);
  if (decision.kind !== 'moved') return t.fail(decision.kind);
  store.records.set('order-1', structuredClone(applyCommit(placed, decision.commit)));
  await sweep.round(LEASE);
  t.deepEqual(
    [...jobs.values()].map(({ queue }) => queue),
    ['payment'],
  );
  finished.clear();
  clock.advance(900_000 - LEASE + 1_000);
  await sweep.round();
  const timer = [...jobs.values()].find(({ queue }) => queue === 'timers');
  t.is(timer?.delayMs, LEASE - 1_000);
  t.is(timer?.jobId, 'order-1.2.xstate.after.payment.overdue.order.charging.0');
});

test('a finished order is looked after only until the feed has its last transition', async (t) => {
  const { relay, sweep, clock, redis, seen, place, store } = setUp();
  let rejected = place('order-1') as ActorRecord;
  for (const [id, output] of [
    ['validation', { type: 'order.refused', reason: { code: 'out_of_stock', detail: '' } }],
    ['notice', { type: 'notice.sent', messageId: 'm' }],
  ] as const) {
    const ref = { actorId: 'order-1', kind: 'invocation' as const, id, seq: rejected.seq };
    const stimulus = { kind: 'outcome' as const, ref, outcome: { output } };
    const decision = decide(definition, rejected, stimulus, clock.now(), leases);
    if (decision.kind !== 'moved') return t.fail(decision.kind);
    rejected = applyCommit(rejected, decision.commit);
  }
  store.records.set('order-1', structuredClone(rejected));
  redis.away = true;
  relay.publish(rejected);
  await relay.drain();
  redis.away = false;
  clock.advance(LEASE);
  await sweep.round();
  t.deepEqual(
    seen.map(({ transition }) => [transition.seq, transition.to]),
    [
      [1, 'validating'],
      [2, 'notifying'],
      [3, 'rejected'],
    ],
  );
  t.is(store.records.get('order-1')?.sweepAt, undefined);
  t.deepEqual(store.records.get('order-1')?.publications, []);
});
