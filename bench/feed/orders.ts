/** Orders to be watched: stored as the engine stores them, moved by real commits, told over the real bus. */
import { begin } from '../../src/actors/decide.ts';
import { defineActor } from '../../src/actors/definition.ts';
import { orderMachine } from '../../src/machines/order-machine.ts';
import type { OrderInput } from '../../src/machines/order-types.ts';
import { type OrderRecord, viewTransition } from '../../src/machines/order-view.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import type { FeedTransition } from '../../src/ports/order-actors.ts';
import { createRedisFeed } from '../../src/realtime/redis-feed.ts';
import { connectStore } from '../../src/store/connect.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { createOrderStore } from '../../src/store/order-store.ts';

const LEASES = { leaseMs: 3_600_000 };

function inputOf(orderId: string): OrderInput {
  return {
    orderId,
    customerId: 'customer-1',
    currency: 'EUR',
    lines: [{ sku: 'CUP', quantity: 1, unitPriceMinor: 500 }],
    amountMinor: 500,
    pricing: 'catalogue',
    shippingAddress: { name: 'Ada', street: 'Main 1', city: 'Graz', postalCode: '8010', country: 'AT' },
    paymentToken: 'tok_approve',
    policy: { paymentOverdueMs: 900_000, shippingOverdueMs: 86_400_000 },
  } as OrderInput;
}

/** The moment in microseconds, as the subscribers read it. */
const stamp = () => `moved.${Math.round((performance.timeOrigin + performance.now()) * 1_000)}`;

/** The orders of a run. */
export interface Orders {
  /** Commits one more transition of that order, and publishes it; its time counts from the commit. */
  commit(order: number): Promise<void>;
  /** Publishes the next transitions of so many orders in turn, without a commit. */
  publish(count: number): Promise<void>;
  end(): Promise<void>;
}

/** Stores `count` orders, `order-0` and on. */
export async function createOrders(mongodbUri: string, redisUrl: string, count: number): Promise<Orders> {
  const connection = await connectStore(mongodbUri);
  const model = orderModel(connection);
  const store = createOrderStore(model);
  await model.deleteMany({});
  const definition = defineActor(orderMachine);
  const by = { role: 'customer', userId: 'customer-1' };
  const records: OrderRecord[] = [];
  for (let i = 0; i < count; i++) {
    const _id = `order-${i}`;
    const actor = { _id, input: inputOf(_id), idempotency: { key: _id, fingerprint: 'f' } };
    const record = begin(definition, actor, { type: 'order.placed', by }, new Date(), LEASES) as OrderRecord;
    await store.insert(record);
    records.push(record);
  }
  const logger = createLogger('error');
  const feed = createRedisFeed({ redisUrl, namespace: 'ordo:feed', clock: systemClock, logger });
  await feed.ready;
  let turn = 0;

  const next = (record: OrderRecord): FeedTransition => {
    const seq = record.seq + 1;
    const { history } = record;
    const entry = {
      ...history[0],
      seq,
      at: new Date(),
      type: stamp(),
      commandId: `c${seq}`,
    } as OrderRecord['history'][0];
    record.seq = seq;
    return { customerId: record.input.customerId, transition: viewTransition(record._id, entry) };
  };
  return {
    async commit(order) {
      const record = records[order % count] as OrderRecord;
      const { state, status, snapshot, allowedCommands, invocations, timers } = record;
      const { transition } = next(record);
      const entry = {
        ...record.history[0],
        seq: transition.seq,
        at: new Date(),
      } as OrderRecord['history'][0];
      const kept = { state, status, snapshot, allowedCommands, invocations, timers, publications: [] };
      const commit = { ...kept, updatedAt: new Date(), entry, sweepAt: undefined };
      if (!(await store.commit(record._id, transition.seq - 1, commit)))
        throw new Error(`${record._id} was moved by somebody else.`);
      // Dated when the commit is durable: the time of the feed is what follows.
      await feed.publish([{ customerId: 'customer-1', transition: { ...transition, type: stamp() } }]);
    },
    async publish(many) {
      const entries: FeedTransition[] = [];
      for (let i = 0; i < many; i++) entries.push(next(records[turn++ % count] as OrderRecord));
      await feed.publish(entries);
    },
    async end() {
      await feed.close();
      await connection.close();
    },
  };
}
