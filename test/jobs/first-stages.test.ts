/** The first stage of an order: begun at once where there is room, and a job's all the same, which it shares. */
import test, { type ExecutionContext } from 'ava';
import type Bull from 'bull';
import { pino } from 'pino';
import type { Dispatch } from '../../src/actors/ports.ts';
import { Registry } from '../../src/actors/registry.ts';
import { FirstStages } from '../../src/jobs/first-stages.ts';
import { HandOn } from '../../src/jobs/hand-on.ts';
import type { JobData } from '../../src/jobs/job-data.ts';
import type { Processors } from '../../src/jobs/processors.ts';
import { Queues } from '../../src/jobs/queues.ts';
import { startWorkers } from '../../src/jobs/workers.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import { eventually } from '../support/engine.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { leases, placedOrder, versions } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (end) => endings.push(end) });
test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});

const PLACES = 2;
let nextDatabase = 0;

const dispatchOf = (actorId: string): Dispatch => ({
  queue: 'validation',
  jobId: `${actorId}.1.validation.0`,
  ref: { actorId, kind: 'invocation', id: 'validation', seq: 1 },
  delayMs: 0,
});

/** Placed orders; a process that hands on, and, when they are started, its workers. */
async function setUp(t: ExecutionContext, validate: (orderId: string) => Promise<unknown>) {
  const store = createMemoryStore();
  nextDatabase += 1;
  const settings = { backoffMs: 1, leaseMs: 30_000 };
  const queues = new Queues(services.redisUrl, `first${nextDatabase}`, ['validation'], settings);
  t.teardown(() => queues.close());
  await queues.ready();
  const queue = queues.all[0] as Bull.Queue<JobData>;
  const calls: string[] = [];
  const processors: Processors = {
    'validation.check': ({ record }) => {
      calls.push(record._id);
      return validate(record._id);
    },
  };
  const actors = { store, versions, clock: systemClock, leases, publish: () => undefined };
  const registry = new Registry(actors, 10);
  const logger = pino({ level: 'silent' });
  const firstStages = new FirstStages(PLACES);
  const clock = createFakeClock(new Date('2026-01-01T00:00:00Z'));
  const parts = { registry, queues, processors, lateUndos: {}, concurrency: PLACES, attempts: 3, logger };
  const handOn = new HandOn({ ...parts, clock, firstStages, slots: 10, ...settings });
  t.teardown(() => handOn.close());
  const stateOf = (orderId: string) => store.records.get(orderId)?.state;
  const resultOf = async (orderId: string) => (await queue.getJob(dispatchOf(orderId).jobId))?.returnvalue;
  return {
    store,
    queues,
    queue,
    handOn,
    calls,
    place(orderId: string) {
      const record = placedOrder(orderId);
      store.records.set(orderId, structuredClone(record));
      registry.activate(orderId, record);
      return dispatchOf(orderId);
    },
    /** The job of what has begun is written. */
    shared: () => clock.advance(100),
    work: () => startWorkers({ ...parts, ...settings }, firstStages),
    /** Another process works, which has begun nothing. */
    workElsewhere: () => startWorkers({ ...parts, ...settings }, new FirstStages(PLACES)),
    stateOf,
    resultOf,
    committed: (orderId: string) =>
      eventually(
        async () => stateOf(orderId),
        (state) => state === 'charging',
      ),
    completed: (orderId: string) =>
      eventually(
        () => resultOf(orderId),
        (result) => result === 'moved',
      ),
  };
}

const held = async () => ({ type: 'stock.held' });

/** What waits, and what lets it go. */
function createGate() {
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  return { gate, go: () => go() };
}

test('it is begun before its job is there, which then ends with it: one run of both', async (t) => {
  const { place, handOn, calls, queue, shared, work, committed, completed } = await setUp(t, held);
  t.true(handOn.take(place('o1')));
  await committed('o1');
  t.is(await queue.count(), 0);
  shared();
  work();
  await completed('o1');
  t.deepEqual(calls, ['o1']);
});

test('those of a moment share a job, and it ends when all of them have', async (t) => {
  const { gate, go } = createGate();
  const { place, handOn, calls, queue, shared, work, completed, resultOf } = await setUp(t, (orderId) =>
    orderId === 'o3' ? gate.then(held) : held(),
  );
  for (const order of ['o1', 'o2', 'o3']) t.true(handOn.take(place(order)));
  shared();
  const jobs = await eventually(
    () => queue.getWaiting(),
    (waiting) => waiting.length > 0,
  );
  t.deepEqual(
    jobs.map(({ id, data: { actorId, companions } }) => [id, actorId, companions?.map(({ jobId }) => jobId)]),
    [['o1.1.validation.0', 'o1', ['o2.1.validation.0', 'o3.1.validation.0']]],
  );
  work();
  await eventually(
    () => queue.getActiveCount(),
    (count) => count === 1,
  );
  t.falsy(await resultOf('o1'));
  go();
  await completed('o1');
  t.deepEqual(calls, ['o1', 'o2', 'o3']);
});

test('more than a hundred share more than one', async (t) => {
  const { queues, queue } = await setUp(t, held);
  const orders = Array.from({ length: 201 }, (_, index) => `o${index}`);
  await queues.addTogether(orders.map(dispatchOf));
  const jobs = await queue.getWaiting();
  const shared = jobs.map(({ data }) => [data, ...(data.companions ?? []).map(({ ref }) => ref)]);
  t.deepEqual(shared.map(({ length }) => length).sort(), [1, 100, 100]);
  t.deepEqual(
    shared
      .flat()
      .map(({ actorId }) => actorId)
      .sort(),
    orders.toSorted(),
  );
});

test('another process that gets a shared job does all of it', async (t) => {
  const { place, queues, queue, calls, workElsewhere, committed, completed } = await setUp(t, held);
  await queues.addTogether(['o1', 'o2', 'o3'].map(place));
  t.is(await queue.getWaitingCount(), 1);
  workElsewhere();
  for (const order of ['o1', 'o2', 'o3']) await committed(order);
  await completed('o1');
  t.deepEqual(calls, ['o1', 'o2', 'o3']);
});

test('a job that comes while it runs waits for it', async (t) => {
  const { gate, go } = createGate();
  const { place, handOn, calls, queue, shared, work, resultOf, completed } = await setUp(t, () =>
    gate.then(held),
  );
  work();
  handOn.take(place('o1'));
  shared();
  await eventually(
    () => queue.getActiveCount(),
    (count) => count === 1,
  );
  t.deepEqual(calls, ['o1']);
  t.falsy(await resultOf('o1'));
  go();
  await completed('o1');
  t.deepEqual(calls, ['o1']);
});

test('its failure is the job’s, which is repeated for it alone', async (t) => {
  const pauses = { o1: 1, o2: 60_000 } as Record<string, number>;
  const { place, handOn, calls, queue, shared, work, completed } = await setUp(t, async (orderId) => {
    const retryAfterMs = pauses[orderId];
    delete pauses[orderId];
    if (retryAfterMs !== undefined) throw new RetryableError('away', { retryAfterMs });
    return held();
  });
  for (const order of ['o1', 'o2']) handOn.take(place(order));
  shared();
  work();
  await completed('o1');
  t.deepEqual(calls, ['o1', 'o2', 'o1']);
  const [own] = await queue.getDelayed();
  t.like(own, { id: 'o2.1.validation.0', data: { actorId: 'o2' } });
});

test('one that fails in the job of another gets its own, and keeps nobody waiting', async (t) => {
  const failures = { o2: 2, o3: 1 } as Record<string, number>;
  const { place, handOn, calls, shared, work, completed, committed } = await setUp(t, async (orderId) => {
    const left = failures[orderId] ?? 0;
    failures[orderId] = left - 1;
    if (left > 0) throw new RetryableError('away', { retryAfterMs: 1 });
    return held();
  });
  for (const order of ['o1', 'o2', 'o3']) handOn.take(place(order));
  shared();
  work();
  for (const order of ['o1', 'o2', 'o3']) await committed(order);
  for (const order of ['o1', 'o2', 'o3']) await completed(order);
  t.deepEqual(calls.toSorted(), ['o1', 'o2', 'o2', 'o2', 'o3', 'o3']);
});

test('nothing is begun ahead of those that wait: the places are full', async (t) => {
  const { gate, go } = createGate();
  const { place, handOn, calls, queue, queues, work, committed } = await setUp(t, () => gate.then(held));
  work();
  await queues.add(['o1', 'o2', 'o3'].map(place));
  await eventually(
    () => queue.getActiveCount(),
    (count) => count === PLACES,
  );
  const dispatch = place('o4');
  t.false(handOn.take(dispatch), 'the queue is for what has to wait');
  t.false(calls.includes('o4'));
  await queues.add([dispatch]);
  go();
  await committed('o4');
  t.deepEqual(calls, ['o1', 'o2', 'o3', 'o4']);
});

test('nothing of a paused queue is begun', async (t) => {
  const { place, handOn, calls, queue, queues } = await setUp(t, held);
  await queue.pause();
  await eventually(
    async () => queues.isPaused('validation'),
    (isPaused) => isPaused,
  );
  t.false(handOn.take(place('o1')));
  t.deepEqual(calls, []);
});

test('a stop waits for what was begun and its job, and begins nothing more', async (t) => {
  const { gate, go } = createGate();
  const { place, handOn, calls, queue, stateOf } = await setUp(t, () => gate.then(held));
  handOn.take(place('o1'));
  const stopped = handOn.close();
  t.false(handOn.take(place('o2')));
  go();
  await stopped;
  t.is(stateOf('o1'), 'charging');
  t.deepEqual(calls, ['o1']);
  t.is(await queue.getWaitingCount(), 1);
});
