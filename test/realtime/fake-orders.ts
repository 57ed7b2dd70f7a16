/** Orders in memory: what the feed's tests need of the actors, with faults to order. */
import type { HistoryEntry } from '../../src/machines/actor-record.ts';
import { type OrderRecord, viewTransition } from '../../src/machines/order-view.ts';
import type { FeedTransition } from '../../src/ports/order-actors.ts';

const AT = new Date('2026-01-01T00:00:00.000Z');

function newRecord(orderId: string, customerId: string): OrderRecord {
  const policy = { paymentOverdueMs: 1_000, shippingOverdueMs: 1_000 };
  return {
    _id: orderId,
    machine: { id: 'order', version: '1' },
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
    snapshot: { value: 'placed', context: { orderId, policy, chargeAttempt: 1 }, status: 'active' },
    allowedCommands: ['order.cancel', 'order.retry'],
    invocations: [],
    timers: [],
    publications: [],
    history: [],
    placedAt: AT,
    updatedAt: AT,
  };
}

/** The database that all instances of a test share. */
export interface FakeOrders {
  place(orderId: string, customerId: string): FeedTransition;
  /** Commits the next transition, and gives what the feed is to be told of it. */
  advance(orderId: string, options?: { final?: boolean }): FeedTransition;
  read(orderId: string): Promise<OrderRecord | undefined>;
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

  const orders: FakeOrders = {
    onRead: () => Promise.resolve(),
    onCopied: () => Promise.resolve(),
    readings: () => readings,
    place(orderId, customerId) {
      records.set(orderId, newRecord(orderId, customerId));
      return orders.advance(orderId);
    },
    advance(orderId, { final = false } = {}) {
      const record = records.get(orderId);
      if (!record) throw new Error(`There is no order ${orderId}.`);
      const seq = record.seq + 1;
      const entry: HistoryEntry = {
        seq,
        at: new Date(AT.getTime() + seq),
        type: seq === 1 ? 'order.placed' : 'order.moved',
        event: { type: 'order.moved' },
        from: record.state,
        to: `state${seq}`,
        final,
        by: { role: 'system' },
        commandId: `command-${seq}`,
      };
      record.seq = seq;
      record.state = entry.to;
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
