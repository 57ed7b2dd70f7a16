/** Orders in memory: what the feed's tests need of the actors, with faults to order. */
import type { HistoryEntry } from '../../src/machines/actor-record.ts';
import { type OrderRecord, viewTransition } from '../../src/machines/order-view.ts';
import type { FeedTransition } from '../../src/ports/order-actors.ts';
import type { ChangePosition, OrderChanges } from '../../src/ports/order-changes.ts';
import type { OrderQueries } from '../../src/ports/orders.ts';

function newRecord(orderId: string, customerId: string): OrderRecord {
  const policy = { paymentOverdueMs: 1_000, shippingOverdueMs: 1_000 };
  return {
    _id: orderId,
    machine: { id: 'order', version: '3' },
    seq: 0,
    state: 'placed',
    status: 'active',
    input: {
      orderId,
      customerId,
      currency: 'EUR',
      lines: [{ sku: 'mug', quantity: 1, unitPriceMinor: 500 }],
      amountMinor: 500,
      pricing: 'catalogue',
      shippingAddress: { name: 'Ada', street: 'Main 1', city: 'Graz', postalCode: '8010', country: 'AT' },
      paymentToken: 'tok_approve',
      policy,
    },
    snapshot: { value: 'placed', context: { chargeAttempt: 1 }, status: 'active' },
    allowedCommands: ['order.cancel', 'order.retry'],
    invocations: [],
    timers: [],
    publications: [],
    history: [],
    placedAt: new Date(),
    updatedAt: new Date(),
  };
}

/** The database that all instances of a test share. */
export interface FakeOrders {
  place(orderId: string, customerId: string): FeedTransition;
  /** Commits the next transition, and gives what the feed is to be told of it; it is dated now, unless given. */
  advance(orderId: string, options?: { final?: boolean; at?: Date; to?: string }): FeedTransition;
  read(orderId: string): Promise<OrderRecord | undefined>;
  changes: OrderChanges;
  queries: Pick<OrderQueries, 'list'>;
  /** Readings so far. */
  readings(): number;
  /** Runs before every reading; a test may wait or throw there. */
  onRead: (orderId: string) => Promise<void>;
  /** Runs after a reading has taken its copy of the record, before it is given away. */
  onCopied: (orderId: string) => Promise<void>;
}

/** An empty database. */
export function createFakeOrders(): FakeOrders {
  const records = new Map<string, OrderRecord>();
  let readings = 0;

  const behind = ({ updatedAt, orderId }: ChangePosition) =>
    [...records.values()]
      .filter((it) => it.updatedAt > updatedAt || (+it.updatedAt === +updatedAt && it._id > orderId))
      .sort((a, b) => +a.updatedAt - +b.updatedAt || (a._id < b._id ? -1 : 1));
  const toChange = ({ _id, seq, updatedAt }: OrderRecord) => ({ orderId: _id, seq, updatedAt });

  const orders: FakeOrders = {
    changes: {
      changedAfter: async (position, limit) => behind(position).slice(0, limit).map(toChange),
      recordsAfter: async (position, limit, customerId) =>
        structuredClone(
          behind(position)
            .filter(({ input }) => customerId === undefined || input.customerId === customerId)
            .slice(0, limit),
        ),
      changesOf: async (ids) => ids.flatMap((id) => records.get(id) ?? []).map(toChange),
    },
    queries: {
      list: async ({ customerId, state }, { limit }) =>
        structuredClone(
          [...records.values()]
            .filter((it) => customerId === undefined || it.input.customerId === customerId)
            .filter((it) => state === undefined || it.state === state)
            .reverse()
            .slice(0, limit),
        ),
    },
    onRead: () => Promise.resolve(),
    onCopied: () => Promise.resolve(),
    readings: () => readings,
    place(orderId, customerId) {
      records.set(orderId, newRecord(orderId, customerId));
      return orders.advance(orderId);
    },
    advance(orderId, { final = false, at = new Date(), to } = {}) {
      const record = records.get(orderId);
      if (!record) throw new Error(`There is no order ${orderId}.`);
      const seq = record.seq + 1;
      const entry: HistoryEntry = {
        seq,
        at,
        type: seq === 1 ? 'order.placed' : 'order.moved',
        event: { type: 'order.moved' },
        from: record.state,
        to: to ?? `state${String.fromCharCode(64 + (seq % 26))}`,
        final,
        by: { role: 'system' },
        commandId: `command-${seq}`,
      };
      record.seq = seq;
      record.state = entry.to;
      record.updatedAt = at;
      record.status = final ? 'done' : 'active';
      record.history.push(entry);
      return { customerId: record.input.customerId, transition: viewTransition(orderId, entry) };
    },
    async read(orderId) {
      readings++;
      await orders.onRead(orderId);
      const copy = structuredClone(records.get(orderId));
      await orders.onCopied(orderId);
      return copy;
    },
  };
  return orders;
}
