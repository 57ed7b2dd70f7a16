/** Orders in memory behind the engine's own facade: what REST reaches them by, without the stages that move them. */
import { createOrders } from '../../../src/actors/orders.ts';
import { Registry } from '../../../src/actors/registry.ts';
import type { OrderRecord } from '../../../src/machines/order-view.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import type { OrderActors } from '../../../src/ports/order-actors.ts';
import type { OrderFilter, OrderQueries } from '../../../src/ports/orders.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { leases, versions } from '../../support/orders.ts';

const POLICY = { paymentOverdueMs: 900_000, shippingOverdueMs: 86_400_000, unpaidExpiryMs: 172_800_000 };

/** What the work that is pending comes to: its output, or that its attempts are used up. */
export type Outcome = { output: { type: string; [key: string]: unknown } } | { error: string };

export interface FakeOrders extends OrderActors {
  queries: OrderQueries;
  /** Tells an order, one after the other, what its pending work came to, as the stages would. */
  settle(orderId: string, ...outcomes: Outcome[]): Promise<void>;
  count(): number;
}

/** An empty book of orders. */
export function createFakeOrders({ clock, newId }: { clock: Clock; newId: () => string }): FakeOrders {
  const store = createMemoryStore();
  const records = store.records as Map<string, OrderRecord>;
  const parts = { store, versions, clock, leases, publish: () => undefined };
  const registry = new Registry(parts, 100);
  return {
    ...createOrders({ ...parts, registry, newId, policy: POLICY }),
    queries: createQueries(records),
    count: () => records.size,
    async settle(orderId, ...outcomes) {
      for (const outcome of outcomes) {
        const pending = records.get(orderId)?.invocations[0];
        if (!pending) throw new Error(`Nothing is pending in the order ${orderId}.`);
        const ref = { actorId: orderId, kind: 'invocation' as const, id: pending.id, seq: pending.seq };
        await registry.activate(orderId).tell({ kind: 'outcome', ref, outcome });
      }
    },
  };
}

function createQueries(records: Map<string, OrderRecord>): OrderQueries {
  const matching = ({ customerId, state }: OrderFilter) =>
    [...records.values()]
      .reverse()
      .filter((record) => customerId === undefined || record.input.customerId === customerId)
      .filter((record) => state === undefined || record.state === state);
  return {
    async list(filter, { limit, after: last, skip = 0 }) {
      const found = matching(filter);
      const start = skip + (last === undefined ? 0 : found.findIndex(({ _id }) => _id === last) + 1);
      return found.slice(start, start + limit);
    },
    async count(filter) {
      return matching(filter).length;
    },
  };
}
