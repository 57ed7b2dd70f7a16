/** The outside of a simulated engine, shared by all processes: database, Redis, and the books of the world. */
import type { ActorStore, Dispatch, JobQueues } from '../../src/actors/ports.ts';
import type { OrderLine, ParcelStatus } from '../../src/machines/order-types.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import type { Feed, FeedTransition } from '../../src/ports/order-actors.ts';
import type { Charge } from '../../src/ports/payment.ts';
import type { ProviderEvent } from '../../src/ports/provider-events.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { START } from '../support/orders.ts';
import type { Caller, Scheduler } from './scheduler.ts';

/** A job as the simulated Redis has it. */
export interface SimulatedJob {
  dispatch: Dispatch;
  state: 'waiting' | 'active' | 'finished';
  dueMs: number;
  owner?: Caller;
}

/** A product with its holds by order, and the returns that were put back on the shelf, by key. */
export interface SimulatedProduct {
  received: number;
  available: number;
  sold: number;
  holds: Map<string, { quantity: number; atMs: number; token: string }>;
  returns: Map<string, { orderId: string; quantity: number }>;
}

/** A charge as the gateway's own books have it. */
export interface SimulatedCharge {
  charge: Charge;
  orderId: string;
  amountMinor: number;
  /** Absent when the key was barred before anything was charged under it. */
  paymentToken?: string;
}

/** A parcel as the carrier's own books have it. */
export interface SimulatedParcel {
  orderId: string;
  state: 'booked' | 'refused' | 'recalled';
  at: ParcelStatus;
  trackingNumber: string;
  lines: OrderLine[];
}

/** Who can be away for long. */
export type Provider = 'gateway' | 'carrier' | 'notifier';

export type Outside = ReturnType<typeof createOutside>;

/** Everything that outlives a process. */
export function createOutside(scheduler: Scheduler, stock: Record<string, number>) {
  const products = new Map<string, SimulatedProduct>();
  for (const [sku, received] of Object.entries(stock))
    products.set(sku, { received, available: received, sold: 0, holds: new Map(), returns: new Map() });
  return {
    scheduler,
    /** How much of what can go wrong does, in this run. */
    roughness: 2 * scheduler.random(),
    /** Whether anybody looks after an order that a deadline would end. */
    isAttended: scheduler.chance(0.5),
    clock: createFakeClock(START),
    store: createMemoryStore(),
    /** The snapshot that each commit wrote, as text, by order; the first is that of seq 1. */
    committed: new Map<string, string[]>(),
    jobs: new Map<string, SimulatedJob>(),
    /** How often Redis was started, and what stands there of a loss: the number of the start when it is made good. */
    redis: { run: 1, losses: 0, mark: '' },
    /** Every transition that the feed was told, in the order of telling. */
    told: [] as FeedTransition[],
    products,
    charges: new Map<string, SimulatedCharge>(),
    parcels: new Map<string, SimulatedParcel>(),
    /** The messages that went out, by their key. */
    notices: new Map<string, number>(),
    /** What providers have to tell, and have told already: it can come again. */
    news: [] as (ProviderEvent & { provider: Provider; dueMs: number })[],
    oldNews: [] as (ProviderEvent & { provider: Provider; dueMs: number })[],
    /** What a process said that it changes nothing. */
    ignored: [] as ProviderEvent[],
    awayUntilMs: new Map<Provider, number>(),
    /** What a provider must never be asked, in words. */
    protests: [] as string[],
    /** What commands came to, as their senders were told. */
    answers: [] as { orderId: string; commandId: string; taken: boolean }[],
  };
}

/** A call to a provider, which may be away. */
export function callProvider<T>(
  { scheduler, awayUntilMs, clock }: Outside,
  caller: Caller,
  provider: Provider,
  name: string,
  effect: () => T,
): Promise<T> {
  return scheduler.call(caller, `${provider}.${name}`, () => {
    if (scheduler.faulty && clock.now().getTime() < (awayUntilMs.get(provider) ?? 0)) {
      scheduler.count(`${provider} away`);
      throw new RetryableError(`The ${provider} is away.`);
    }
    return effect();
  });
}

/** The store as one process reaches it. */
export function storeFor({ scheduler, store, committed }: Outside, caller: Caller): ActorStore {
  const later =
    <TArgs extends unknown[], T>(name: string, method: (...args: TArgs) => Promise<T>, repeatable = false) =>
    async (...args: TArgs): Promise<T> =>
      // The memory store does its work at once and wraps it in a promise: the effect is atomic.
      await (
        await scheduler.call(caller, name, () => ({ result: method(...structuredClone(args)) }), repeatable)
      ).result;
  /** Keeps what was written, whether or not anybody hears of it. */
  const keep = (actorId: string) => {
    const record = store.records.get(actorId);
    const snapshots = committed.get(actorId) ?? [];
    committed.set(actorId, snapshots);
    if (record && snapshots.length < record.seq) snapshots.push(JSON.stringify(record.snapshot));
  };
  return {
    insert: later('store.insert', (record) => {
      const inserted = store.insert(record);
      keep(record._id);
      return inserted;
    }),
    findByKey: later('store.findByKey', store.findByKey),
    load: later('store.load', store.load),
    commit: later(
      'store.commit',
      (actorId, expectedSeq, commit) => {
        const written = store.commit(actorId, expectedSeq, commit);
        keep(actorId);
        return written;
      },
      true,
    ),
    countAttempt: later('store.countAttempt', store.countAttempt),
    raiseDispatch: later('store.raiseDispatch', store.raiseDispatch),
    acknowledge: later('store.acknowledge', store.acknowledge),
    due: later('store.due', store.due),
    hasten: later('store.hasten', store.hasten),
    claim: later('store.claim', store.claim),
    quarantine: later('store.quarantine', store.quarantine),
  };
}

/** Redis as one process reaches it: jobs by id, and the feed's channel. */
export function redisFor(
  { scheduler, jobs, redis, clock, told }: Outside,
  caller: Caller,
): { queues: JobQueues; feed: Feed } {
  return {
    queues: {
      add: (dispatches) =>
        scheduler.call(caller, 'queues.add', () => {
          for (const dispatch of dispatches)
            if (!jobs.has(dispatch.jobId))
              jobs.set(dispatch.jobId, {
                dispatch,
                state: 'waiting',
                dueMs: clock.now().getTime() + dispatch.delayMs,
              });
        }),
      look: (_queue, jobId) =>
        scheduler.call(caller, 'queues.look', () => {
          const state = jobs.get(jobId)?.state;
          return state === undefined ? 'missing' : state === 'finished' ? 'finished' : 'pending';
        }),
      loss: () =>
        scheduler.call(caller, 'queues.loss', () => {
          const run = String(redis.run);
          if (redis.mark === run) return undefined;
          if (!redis.mark.startsWith(`${run} `)) redis.mark = `${run} ${++redis.losses}`;
          return redis.mark;
        }),
      madeGood: (loss) =>
        scheduler.call(caller, 'queues.madeGood', () => {
          if (redis.mark === loss) redis.mark = loss.split(' ')[0] ?? '';
        }),
    },
    feed: {
      publish: (entries) =>
        scheduler.call(caller, 'feed.publish', () => void told.push(...structuredClone(entries))),
      onTransition: () => () => undefined,
    },
  };
}
