import { once } from 'node:events';
import test from 'ava';
import type Bull from 'bull';
import { pino } from 'pino';
import type { PendingRef } from '../../src/actors/ports.ts';
import { Registry } from '../../src/actors/registry.ts';
import { FirstStages } from '../../src/jobs/first-stages.ts';
import type { Processors } from '../../src/jobs/processors.ts';
import { backoffMs, Queues } from '../../src/jobs/queues.ts';
import type { Work } from '../../src/jobs/work.ts';
import { runQueued, startWorkers } from '../../src/jobs/workers.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { leases, placedOrder, versions } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});

let nextDatabase = 0;

/** One order at seq 1 whose validation is pending, with workers that run `validate` for it. */
async function setUp(
  t: { teardown(fn: () => Promise<void>): void },
  validate: (work: Work<never>) => Promise<unknown>,
  attempts = 3,
) {
  const store = createMemoryStore();
  const record = placedOrder();
  store.records.set(record._id, structuredClone(record));
  const parts = { store, versions, clock: systemClock, leases, publish: () => undefined };
  nextDatabase += 1;
  const queues = new Queues(services.redisUrl, `test${nextDatabase}`, ['validation'], {
    backoffMs: 1,
    leaseMs: 30_000,
  });
  t.teardown(() => queues.close());
  await queues.ready();
  const queue = queues.all[0] as Bull.Queue<PendingRef>;
  const calls: number[] = [];
  const processors: Processors = {
    'validation.check': (work) => {
      calls.push(work.failedAttempts);
      return validate(work);
    },
  };
  const undone: string[] = [];
  const lateUndos = { 'validation.check': async ({ state }: OrderRecord) => void undone.push(state) };
  const registry = new Registry(parts, 10);
  const logger = pino({ level: 'silent' });
  const workers = { queues, registry, processors, lateUndos, concurrency: 4, attempts, backoffMs: 1, logger };
  startWorkers(workers, new FirstStages(4));
  const run = async (ref: PendingRef) => {
    const completed = once(queue, 'completed') as Promise<[Bull.Job, unknown]>;
    await queues.add([{ queue: 'validation', jobId: `j.${ref.seq}`, ref, delayMs: 0 }]);
    return (await completed)[1];
  };
  return { store, queue, queues, calls, undone, run };
}

const pending: PendingRef = { actorId: 'order-1', kind: 'invocation', id: 'validation', seq: 1 };

test('a job that completes has its transition committed', async (t) => {
  const { store, run, calls } = await setUp(t, async () => ({ type: 'stock.held' }));
  t.is(await run(pending), 'moved');
  t.like(store.records.get('order-1'), { seq: 2, state: 'charging' });
  t.deepEqual(calls, [0]);
});

test('a failed attempt is counted in the order and repeated, and the processor is told so', async (t) => {
  const { store, run, calls } = await setUp(t, async ({ failedAttempts }) => {
    if (failedAttempts < 2) throw new RetryableError('away', { retryAfterMs: 1 });
    return { type: 'stock.held' };
  });
  t.is(await run(pending), 'moved');
  t.deepEqual(calls, [0, 1, 2]);
  t.is(store.records.get('order-1')?.state, 'charging');
});

test('attempts used up become an outcome, and the order waits for an operator', async (t) => {
  const { store, run, calls } = await setUp(t, () => Promise.reject(new Error('always away')));
  t.is(await run(pending), 'moved');
  t.is(calls.length, 3);
  const record = store.records.get('order-1');
  t.like(record, { state: 'needsAttention', seq: 2 });
  t.is(record?.history[1]?.type, 'validation.exhausted');
});

test('a terminal error is not repeated', async (t) => {
  const { store, run, calls } = await setUp(t, () => Promise.reject(new TerminalError('internal', 'never')));
  await run(pending);
  t.is(calls.length, 1);
  t.is(store.records.get('order-1')?.state, 'needsAttention');
});

test('a job of what is no longer pending is not worked on', async (t) => {
  const { store, run, calls } = await setUp(t, async () => ({ type: 'stock.held' }));
  t.is(await run({ ...pending, seq: 7 }), 'stale');
  t.deepEqual(calls, []);
  t.is(store.records.get('order-1')?.seq, 1);
});

test('an outcome that comes too late changes nothing, and is undone', async (t) => {
  const { store, run, undone } = await setUp(t, async () => {
    // Meanwhile, in another process, the order is cancelled.
    const cancelled = store.records.get('order-1');
    if (cancelled) Object.assign(cancelled, { seq: 2, state: 'releasing', invocations: [] });
    return { type: 'stock.held' };
  });
  t.is(await run(pending), 'stale');
  t.deepEqual(undone, ['releasing']);
  t.like(store.records.get('order-1'), { seq: 2, state: 'releasing' });
});

test('the same job added twice is one job', async (t) => {
  const { queues, queue } = await setUp(t, async () => ({ type: 'stock.held' }));
  await queue.pause(true);
  const dispatch = { queue: 'validation', jobId: 'same', ref: pending, delayMs: 0 };
  await Promise.all([queues.add([dispatch]), queues.add([dispatch, dispatch])]);
  t.is(await queue.getWaitingCount(), 1);
  t.is(await queues.look('validation', 'same'), 'pending');
  t.is(await queues.look('validation', 'other'), 'missing');
});

test('a finished job is known as finished', async (t) => {
  const { queues, run } = await setUp(t, async () => ({ type: 'stock.held' }));
  await run(pending);
  t.is(await queues.look('validation', 'j.1'), 'finished');
});

test('the pause between attempts doubles, unless the error says when', (t) => {
  t.deepEqual(
    [1, 2, 3, 4].map((attempt) => backoffMs(attempt, new Error('x'), 100)),
    [100, 200, 400, 800],
  );
  t.is(backoffMs(1, new RetryableError('x', { retryAfterMs: 7 }), 100), 7);
  t.is(backoffMs(50, new Error('x'), 100), 60_000);
});

test('what another process has tried is known to a job, though its order is in memory here', async (t) => {
  const store = createMemoryStore();
  const record = placedOrder();
  store.records.set(record._id, structuredClone(record));
  const parts = { store, versions, clock: systemClock, leases, publish: () => undefined };
  const registry = new Registry(parts, 10);
  const outcome = { output: { type: 'stock.held' } };
  await registry.activate(record._id).tell({ kind: 'outcome', ref: pending, outcome });
  const ref: PendingRef = { ...pending, id: 'payment', seq: 2 };
  t.is(await store.countAttempt(ref, 'The gateway did not answer.'), 1);
  t.is(registry.activate(record._id).cached?.invocations[0]?.attempts, 0, 'it is not known here');
  const tried: number[] = [];
  const processors: Processors = {
    'payment.capture': async ({ failedAttempts }) => {
      tried.push(failedAttempts);
      return { type: 'payment.captured', paymentId: 'p-1', amountMinor: 2500 };
    },
  };
  const logger = pino({ level: 'silent' });
  const workers = { registry, processors, lateUndos: {}, attempts: 3, logger };
  t.is(await runQueued(workers, ref), 'moved');
  t.deepEqual(tried, [1]);
});
