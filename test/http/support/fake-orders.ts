/** Orders in memory, moved by the real machine: the ports that REST reaches them by. */
import { initialTransition, transition } from 'xstate';
import { orderMachine } from '../../../src/machines/order-machine.ts';
import type { OrderContext } from '../../../src/machines/order-types.ts';
import { allowedEventsFor, type OrderRecord } from '../../../src/machines/order-view.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { TerminalError } from '../../../src/platform/errors.ts';
import type { OrderActors, PlaceOrder } from '../../../src/ports/order-actors.ts';
import type { OrderQueries } from '../../../src/ports/orders.ts';

const POLICY = { paymentOverdueMs: 900_000, shippingOverdueMs: 86_400_000 };
const COMMANDS = ['order.cancel', 'order.retry'] as const;

export interface FakeOrders extends OrderActors {
  queries: OrderQueries;
  /** What `place` was called with, in order. */
  placings: PlaceOrder[];
  /** The commands that were committed. */
  commandIds: string[];
  /** Puts an order into that state, as the stages would have; its seq goes up by one. */
  force(orderId: string, state: string, context?: Partial<OrderContext>): void;
  count(): number;
}

/** An empty book of orders. */
export function createFakeOrders(parts: { clock: Clock; newId: () => string }): FakeOrders {
  const records = new Map<string, OrderRecord>();
  const byKey = new Map<string, string>();
  const placings: PlaceOrder[] = [];
  const commandIds: string[] = [];

  const existing = (orderId: string): OrderRecord => {
    const record = records.get(orderId);
    if (!record) throw new TerminalError('not-found', `There is no order ${orderId}.`);
    return record;
  };

  const replay = (orderId: string, fingerprint: string) => {
    const record = existing(orderId);
    if (record.idempotency?.fingerprint !== fingerprint) {
      throw new TerminalError('idempotency-key-reused', 'This key came before with another body.');
    }
    return { record: { ...record, ...firstOf(record) }, replayed: true };
  };

  return {
    placings,
    commandIds,
    count: () => records.size,
    async place(order) {
      placings.push(order);
      const scoped = `${order.customerId}/${order.idempotency.key}`;
      const known = byKey.get(scoped);
      if (known !== undefined) return replay(known, order.idempotency.fingerprint);
      const record = placed(order, parts.newId(), parts.clock.now());
      byKey.set(scoped, record._id);
      records.set(record._id, record);
      return { record, replayed: false };
    },
    async read(orderId) {
      return records.get(orderId);
    },
    async send(orderId, command, { by, commandId, expectedSeq }) {
      const record = existing(orderId);
      if (commandIds.includes(commandId)) return record;
      if (expectedSeq !== undefined && expectedSeq !== record.seq) {
        throw new TerminalError('precondition-failed', `The order is at seq ${record.seq}.`);
      }
      const { value, context } = record.snapshot;
      const snapshot = orderMachine.resolveState({ value: value as string, context });
      if (!snapshot.can(command)) {
        throw new TerminalError('event-refused', `The order is ${record.state}.`, {
          state: record.state,
          allowedEvents: allowedEventsFor(record, by.role),
        });
      }
      const [next] = transition(orderMachine, snapshot, command);
      commandIds.push(commandId);
      const moved = after(record, String(next.value), next.context, command.type, by, parts.clock.now());
      records.set(orderId, moved);
      return moved;
    },
    force(orderId, state, context = {}) {
      const record = existing(orderId);
      const merged = { ...record.snapshot.context, ...context };
      records.set(orderId, after(record, state, merged, 'forced', { role: 'system' }, parts.clock.now()));
    },
    queries: createQueries(records),
  };
}

function createQueries(records: Map<string, OrderRecord>): OrderQueries {
  return {
    async list({ customerId, state }, { limit, after: last }) {
      const found = [...records.values()]
        .reverse()
        .filter((record) => customerId === undefined || record.input.customerId === customerId)
        .filter((record) => state === undefined || record.state === state);
      const start = last === undefined ? 0 : found.findIndex(({ _id }) => _id === last) + 1;
      return found.slice(start, start + limit);
    },
    async countByState() {
      const counts: Record<string, number> = {};
      for (const { state } of records.values()) counts[state] = (counts[state] ?? 0) + 1;
      return counts;
    },
  };
}

function placed(order: PlaceOrder, orderId: string, now: Date): OrderRecord {
  const { by, idempotency, ...facts } = order;
  const amountMinor = facts.lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0);
  const record: OrderRecord = {
    _id: orderId,
    machine: { id: 'order', version: '1' },
    seq: 0,
    state: '',
    status: 'active',
    input: { ...facts, orderId, amountMinor, policy: POLICY },
    snapshot: { value: '', context: { orderId, policy: POLICY, chargeAttempt: 1 }, status: 'active' },
    allowedCommands: [],
    invocations: [],
    timers: [],
    publications: [],
    history: [],
    idempotency,
    placedAt: now,
    updatedAt: now,
  };
  const [first] = initialTransition(orderMachine, record.input);
  return after(record, String(first.value), first.context, 'order.placed', by, now);
}

/** The order as it was at seq 1. */
function firstOf(record: OrderRecord): Partial<OrderRecord> {
  const { by, at } = record.history[0] ?? { by: { role: 'system' }, at: record.placedAt };
  const { input, idempotency = { key: '', fingerprint: '' } } = record;
  const { seq, state, status, snapshot, allowedCommands, history, updatedAt } = placed(
    { ...input, by, idempotency },
    record._id,
    at,
  );
  return { seq, state, status, snapshot, allowedCommands, history, updatedAt };
}

function after(
  record: OrderRecord,
  state: string,
  context: OrderContext,
  type: string,
  by: PlaceOrder['by'],
  at: Date,
): OrderRecord {
  const snapshot = orderMachine.resolveState({ value: state, context });
  const seq = record.seq + 1;
  const final = snapshot.status === 'done';
  const entry = { seq, at, type, event: { type }, from: record.state, to: state, final, by };
  return {
    ...record,
    seq,
    state,
    status: final ? 'done' : 'active',
    snapshot: { value: state, context, status: final ? 'done' : 'active' },
    allowedCommands: COMMANDS.filter((command) => !final && snapshot.can({ type: command })),
    history: [...record.history, { ...entry, commandId: `${type}.${seq}` }],
    updatedAt: at,
  };
}
