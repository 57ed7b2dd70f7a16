/** Stages that are handed straight on: so many at once, the next in line, and whatever cannot wait here to its queue. */
import { isDeepStrictEqual } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { Dispatch } from '../../src/actors/ports.ts';
import { Registry } from '../../src/actors/registry.ts';
import { FirstStages } from '../../src/jobs/first-stages.ts';
import { HandOn } from '../../src/jobs/hand-on.ts';
import type { Processors } from '../../src/jobs/processors.ts';
import { Queues } from '../../src/jobs/queues.ts';
import type { ActorRecord } from '../../src/machines/actor-record.ts';
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

const SLOTS = 2;
/** A queue is told at once. */
const SOON_MS = 10_000;
/** Four for each place. */
const IN_LINE = 4 * SLOTS;
let nextDatabase = 0;

/** Orders to be charged, and a gateway that answers each when it is told to. */
async function setUp(t: ExecutionContext) {
  const store = createMemoryStore();
  const clock = createFakeClock(new Date('2026-01-01T00:00:00Z'));
  nextDatabase += 1;
  const settings = { backoffMs: 1, leaseMs: leases.leaseMs };
  const queues = new Queues(services.redisUrl, `hand-on${nextDatabase}`, ['payment'], settings);
  t.teardown(() => queues.close());
  await queues.ready();
  const charging: string[] = [];
  const answers = new Map<string, (outcome: unknown) => void>();
  const processors: Processors = {
    'payment.capture': ({ record }) => {
      charging.push(record._id);
      return new Promise((resolve) => answers.set(record._id, resolve));
    },
  };
  const registry = new Registry({ store, versions, clock, leases, publish: () => undefined }, 100);
  const handOn = new HandOn({
    registry,
    queues,
    clock,
    processors,
    lateUndos: {},
    attempts: 3,
    logger: pino({ level: 'silent' }),
    slots: SLOTS,
    firstStages: new FirstStages(SLOTS),
    ...settings,
  });
  const inQueue = async () => (await queues.all[0]?.getWaiting())?.map(({ data }) => data.actorId) ?? [];
  return {
    clock,
    queues,
    queue: queues.all[0],
    handOn,
    charging,
    stateOf: (orderId: string) => store.records.get(orderId)?.state,
    /** The payment of an order that has been validated. */
    async validated(orderId: string): Promise<Dispatch> {
      store.records.set(orderId, structuredClone(placedOrder(orderId)) as ActorRecord);
      const actor = registry.activate(orderId);
      const ref = { actorId: orderId, kind: 'invocation' as const, id: 'validation', seq: 1 };
      await actor.tell({ kind: 'outcome', ref, outcome: { output: { type: 'stock.held' } } });
      const payment = { ...ref, id: 'payment', seq: 2 };
      return { queue: 'payment', jobId: `${orderId}.2.payment.0`, ref: payment, delayMs: 0 };
    },
    /** The gateway answers; resolves when that is committed. */
    async pay(orderId: string) {
      answers.get(orderId)?.({ type: 'payment.captured', paymentId: `p-${orderId}`, amountMinor: 1 });
      await eventually(
        async () => store.records.get(orderId)?.state,
        (state) => state === 'shipping',
      );
    },
    begun: (orderIds: string[]) =>
      eventually(
        async () => charging,
        (begun) => begun.length >= orderIds.length,
      ),
    inQueue,
    queued: (orders: string[]) =>
      eventually(inQueue, (waiting) => isDeepStrictEqual(waiting.toSorted(), orders), SOON_MS),
  };
}

const named = (count: number) => Array.from({ length: count }, (_, index) => `o${index + 1}`);

test('as many as there are places at once, the others in their order when one ends', async (t) => {
  const { validated, handOn, charging, begun, pay, inQueue, stateOf } = await setUp(t);
  const orders = named(4);
  for (const order of orders) t.true(handOn.take(await validated(order)));
  await begun(['o1', 'o2']);
  t.deepEqual(charging, ['o1', 'o2']);
  await pay('o2');
  await begun(['o1', 'o2', 'o3']);
  t.deepEqual(charging, ['o1', 'o2', 'o3']);
  for (const order of ['o1', 'o3']) await pay(order);
  await begun(orders);
  await pay('o4');
  t.deepEqual(charging, orders);
  t.deepEqual(await inQueue(), []);
  t.true(orders.every((order) => stateOf(order) === 'shipping'));
});

test('what finds the line full is for the queue', async (t) => {
  const { validated, handOn } = await setUp(t);
  for (const order of named(SLOTS + IN_LINE)) t.true(handOn.take(await validated(order)), order);
  t.false(handOn.take(await validated('late')));
});

test('what stands in line of a queue that is paused goes there', async (t) => {
  const { validated, handOn, charging, begun, pay, queue, queues, queued } = await setUp(t);
  for (const order of named(4)) handOn.take(await validated(order));
  await begun(['o1', 'o2']);
  await queue?.pause();
  await eventually(
    async () => queues.isPaused('payment'),
    (isPaused) => isPaused,
  );
  await pay('o1');
  await queue?.resume();
  await queued(['o3', 'o4']);
  t.deepEqual(charging, ['o1', 'o2']);
});

test('what has stood in line for half of its lease goes to the queue, though no place has become free', async (t) => {
  const { validated, handOn, charging, begun, pay, clock, queued } = await setUp(t);
  for (const order of named(3)) handOn.take(await validated(order));
  await begun(['o1', 'o2']);
  clock.advance(leases.leaseMs / 4);
  handOn.take(await validated('o4'));
  clock.advance(leases.leaseMs / 4);
  await queued(['o3']);
  clock.advance(leases.leaseMs / 4);
  await queued(['o3', 'o4']);
  await pay('o1');
  handOn.take(await validated('o5'));
  await begun(['o1', 'o2', 'o5']);
  t.deepEqual(charging, ['o1', 'o2', 'o5']);
});

test('a stop waits for what runs, and leaves what stands in line to the queue', async (t) => {
  const { validated, handOn, charging, begun, pay, queued, stateOf } = await setUp(t);
  for (const order of named(4)) handOn.take(await validated(order));
  await begun(['o1', 'o2']);
  let isStopped = false;
  const stopped = handOn.close().then(() => {
    isStopped = true;
  });
  await queued(['o3', 'o4']);
  await pay('o1');
  t.false(isStopped);
  await pay('o2');
  await stopped;
  t.is(stateOf('o2'), 'shipping');
  t.deepEqual(charging, ['o1', 'o2']);
});
