/** The first stage of an order: begun at once where there is room, and a job all the same. */
import test, { type ExecutionContext } from 'ava';
import type Bull from 'bull';
import { pino } from 'pino';
import type { Dispatch, PendingRef } from '../../src/actors/ports.ts';
import { Registry } from '../../src/actors/registry.ts';
import { FirstStages } from '../../src/jobs/first-stages.ts';
import { HandOn } from '../../src/jobs/hand-on.ts';
import type { Processors } from '../../src/jobs/processors.ts';
import { Queues } from '../../src/jobs/queues.ts';
import { startWorkers } from '../../src/jobs/workers.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import { eventually } from '../support/engine.ts';
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
  const queue = queues.all[0] as Bull.Queue<PendingRef>;
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
  const parts = { registry, processors, lateUndos: {}, concurrency: PLACES, attempts: 3, logger };
  const handOn = new HandOn({ ...parts, queues, clock: systemClock, firstStages, slots: 10, ...settings });
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
    work: () => startWorkers({ ...parts, queues: queues.all }, firstStages),
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
  const { place, handOn, calls, queues, work, committed, completed } = await setUp(t, held);
  const dispatch = place('o1');
  t.false(handOn.take(dispatch), 'the job is wanted');
  await committed('o1');
  await queues.add([dispatch]);
  work();
  await completed('o1');
  t.deepEqual(calls, ['o1']);
});

test('a job that comes while it runs waits for it', async (t) => {
  const { gate, go } = createGate();
  const { place, handOn, calls, queue, queues, work, resultOf, completed } = await setUp(t, () =>
    gate.then(held),
  );
  work();
  const dispatch = place('o1');
  handOn.take(dispatch);
  await queues.add([dispatch]);
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

test('its failure is the job’s, which is repeated', async (t) => {
  let failures = 1;
  const { place, handOn, calls, queues, work, committed } = await setUp(t, async () => {
    if (failures-- > 0) throw new RetryableError('away', { retryAfterMs: 1 });
    return held();
  });
  const dispatch = place('o1');
  handOn.take(dispatch);
  await queues.add([dispatch]);
  work();
  await committed('o1');
  t.deepEqual(calls, ['o1', 'o1']);
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
  t.false(handOn.take(dispatch));
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

test('a stop waits for what was begun, and begins nothing more', async (t) => {
  const { gate, go } = createGate();
  const { place, handOn, calls, stateOf } = await setUp(t, () => gate.then(held));
  handOn.take(place('o1'));
  const stopped = handOn.close();
  handOn.take(place('o2'));
  go();
  await stopped;
  t.is(stateOf('o1'), 'charging');
  t.deepEqual(calls, ['o1']);
});
