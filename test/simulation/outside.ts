/** The outside of a simulated engine: database, Redis, stock, gateway, carrier and mail, each shared by all processes. */
import type { ActorStore, Dispatch, JobQueues } from '../../src/actors/ports.ts';
import type { ProcessorParts } from '../../src/jobs/processors.ts';
import type { Feed, FeedTransition } from '../../src/ports/order-actors.ts';
import type { Charge } from '../../src/ports/payment.ts';
import type { StockClaim, StockLedger } from '../../src/ports/stock.ts';
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

interface SimulatedProduct {
  received: number;
  available: number;
  sold: number;
  holds: Map<string, { quantity: number; atMs: number }>;
}

export type Outside = ReturnType<typeof createOutside>;

/** Everything that outlives a process. */
export function createOutside(scheduler: Scheduler, stock: Record<string, number>) {
  const products = new Map<string, SimulatedProduct>();
  for (const [sku, received] of Object.entries(stock))
    products.set(sku, { received, available: received, sold: 0, holds: new Map() });
  return {
    scheduler,
    clock: createFakeClock(START),
    store: createMemoryStore(),
    jobs: new Map<string, SimulatedJob>(),
    /** Every transition that the feed was told, in the order of telling. */
    told: [] as FeedTransition[],
    products,
    charges: new Map<string, { charge: Charge; refunds: Map<string, number> }>(),
    parcels: new Map<string, 'booked' | 'recalled'>(),
    letters: new Map<string, number>(),
  };
}

/** The store as one process reaches it. */
export function storeFor({ scheduler, store }: Outside, caller: Caller): ActorStore {
  const later =
    <TArgs extends unknown[], T>(name: string, method: (...args: TArgs) => Promise<T>, repeatable = false) =>
    async (...args: TArgs): Promise<T> =>
      // The memory store does its work at once and wraps it in a promise: the effect is atomic.
      await (
        await scheduler.call(caller, name, () => ({ result: method(...structuredClone(args)) }), repeatable)
      ).result;
  return {
    insert: later('store.insert', store.insert),
    load: later('store.load', store.load),
    commit: later('store.commit', store.commit, true),
    countAttempt: later('store.countAttempt', store.countAttempt),
    raiseDispatch: later('store.raiseDispatch', store.raiseDispatch),
    acknowledge: later('store.acknowledge', store.acknowledge),
    due: later('store.due', store.due),
    claim: later('store.claim', store.claim),
    quarantine: later('store.quarantine', store.quarantine),
  };
}

/** Redis as one process reaches it: jobs by id, and the feed's channel. */
export function redisFor(
  { scheduler, jobs, clock, told }: Outside,
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
    },
    feed: {
      publish: (entries) =>
        scheduler.call(caller, 'feed.publish', () => void told.push(...structuredClone(entries))),
      onTransition: () => () => undefined,
    },
  };
}

/** Stock, with the crash points of the real one: each product is one atomic step, several are not. */
export function stockFor({ scheduler, products, clock }: Outside, caller: Caller): StockLedger {
  const each = <T>(skus: string[], name: string, effect: (product: SimulatedProduct, sku: string) => T) =>
    Promise.all(
      skus.map((sku) =>
        scheduler.call(
          caller,
          name,
          () => {
            const product = products.get(sku);
            return product && effect(product, sku);
          },
          true,
        ),
      ),
    );
  const end = (orderId: string, skus: string[], counter: 'available' | 'sold') =>
    each(skus, `stock.${counter}`, (product) => {
      const hold = product.holds.get(orderId);
      if (hold === undefined) return;
      product.holds.delete(orderId);
      product[counter] += hold.quantity;
    });
  const holdLine = (orderId: string, claim: StockClaim) => (product: SimulatedProduct) => {
    if (product.holds.has(orderId)) return true;
    if (product.available < claim.quantity) return false;
    product.available -= claim.quantity;
    product.holds.set(orderId, { quantity: claim.quantity, atMs: clock.now().getTime() });
    return true;
  };
  return {
    async hold(orderId, claims) {
      const held = await Promise.all(
        claims.map(async (claim) => (await each([claim.sku], 'stock.hold', holdLine(orderId, claim)))[0]),
      );
      const short = claims.filter((_, index) => !held[index]);
      const shortfalls = short.map(({ sku }) => ({ sku, code: 'out_of_stock' as const, available: 0 }));
      return { shortfalls, heldSome: short.length < claims.length };
    },
    release: async (orderId, skus) => void (await end(orderId, skus, 'available')),
    sell: async (orderId, skus) => void (await end(orderId, skus, 'sold')),
    holdersBefore: (before) =>
      scheduler.call(caller, 'stock.holders', () =>
        [...products].flatMap(([sku, { holds }]) =>
          [...holds]
            .filter(([, { atMs }]) => atMs < before.getTime())
            .map(([orderId]) => ({ orderId, skus: [sku] })),
        ),
      ),
  };
}

/** The gateway, the carrier and the mail as one process reaches them; each keeps books of its own. */
export function providersFor(
  outside: Outside,
  caller: Caller,
): Pick<ProcessorParts, 'gateway' | 'carrier' | 'mailer' | 'users'> {
  const { scheduler, charges, parcels, letters } = outside;
  const call = <T>(name: string, effect: () => T) => scheduler.call(caller, name, effect);
  return {
    gateway: {
      capture: ({ key, amountMinor, paymentToken }) =>
        call('gateway.capture', () => {
          const declined = { status: 'declined' as const, reason: { code: 'lost_card', detail: '' } };
          const charge =
            paymentToken === 'tok_decline'
              ? declined
              : { status: 'captured' as const, paymentId: `pay-${key}`, amountMinor };
          const known = charges.get(key) ?? { charge, refunds: new Map() };
          charges.set(key, known);
          return known.charge;
        }),
      lookUp: (key) => call('gateway.lookUp', () => charges.get(key)?.charge),
      undo: (chargeKey, refundKey) =>
        call('gateway.undo', () => {
          const known = charges.get(chargeKey) ?? {
            charge: { status: 'voided' as const },
            refunds: new Map(),
          };
          charges.set(chargeKey, known);
          if (known.charge.status !== 'captured') return { refundedMinor: 0 };
          known.refunds.set(refundKey, known.charge.amountMinor);
          return { refundedMinor: known.charge.amountMinor };
        }),
    },
    carrier: {
      book: ({ key }) =>
        call('carrier.book', () => {
          if (!parcels.has(key)) parcels.set(key, 'booked');
          const refused = { status: 'refused' as const, reason: { code: 'recalled', detail: '' } };
          return parcels.get(key) === 'recalled'
            ? refused
            : { status: 'booked' as const, shipmentId: key, carrier: 'c', trackingNumber: key };
        }),
      recall: (key) => call('carrier.recall', () => void parcels.set(key, 'recalled')),
    },
    mailer: {
      send: ({ key }) =>
        call('mailer.send', () => {
          letters.set(key, 1);
          return { messageId: key };
        }),
    },
    users: {
      findById: async (id) => ({
        id,
        email: `${id}@example.test`,
        username: id,
        role: 'customer',
        createdAt: START,
      }),
    } as ProcessorParts['users'],
  };
}
