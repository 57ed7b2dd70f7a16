/** What people see of an order, and what they may ask of it: pure, from the durable record alone. */
import type { ActorRecord, HistoryEntry } from './actor-record.ts';
import { dueMinor, paidMinor } from './order-lines.ts';
import type {
  Address,
  Fulfilment,
  LineQuantity,
  OrderCommand,
  OrderContext,
  OrderInput,
  OrderLine,
  Payment,
  Reason,
  Role,
  Shipment,
} from './order-types.ts';

/** The durable record of an order; the facts in the snapshot's context are stored beside it. */
export type OrderRecord = ActorRecord<OrderInput, Omit<OrderContext, 'input'>>;

/** One line as it stands; `line` is its number, counted from 1. */
export interface OrderLineView extends OrderLine {
  line: number;
  /** Units cancelled before they were sent; absent when none were. */
  cancelled?: number;
  /** Units that came back; absent when none did. */
  returned?: number;
}

/** An order as its owner and the operators see it; times are ISO 8601 in UTC. */
export interface OrderView {
  id: string;
  state: string;
  final: boolean;
  /** The order's version: 1 when placed, one more at every transition; also its `ETag`. */
  seq: number;
  customerId: string;
  reference?: string;
  currency: string;
  amountMinor: number;
  /** What is to be paid for what is not cancelled. */
  dueMinor: number;
  /** What is paid and not given back: no refund can be more. */
  refundableMinor: number;
  lines: OrderLineView[];
  shippingAddress: Address;
  fulfilment: Fulfilment;
  payment?: Payment;
  /** The parcels, in the order of their booking. */
  shipments: Shipment[];
  /** Why it is on hold, or will be before its next stage. */
  hold?: { reason: string };
  reason?: Reason;
  /** What the last attempt failed of, while it needs attention; for operators. */
  trouble?: string;
  /** The commands that the viewer may send in this state. */
  allowedEvents: string[];
  /** The version of the machine that runs it: for those who run the shop. */
  machineVersion?: string;
  placedAt: string;
  updatedAt: string;
  /** Since when it is out of the lists. */
  archivedAt?: string;
}

/** One step of an order as the feed and the history tell it. */
export interface TransitionView {
  orderId: string;
  seq: number;
  at: string;
  /** What happened: a past-tense fact or a command. */
  type: string;
  from: string;
  to: string;
  final: boolean;
  /** Who caused it: a role, or `system`. */
  by: string;
  /** The units that it is about: cancelled, sent or returned. */
  lines?: LineQuantity[];
  /** The money that came in or was given back by it, or that it asks to be given back; in minor units. */
  amountMinor?: number;
  reason?: Reason;
}

const EVERYBODY: readonly Role[] = ['customer', 'operator', 'admin'];
const OPERATORS: readonly Role[] = ['operator', 'admin'];

/** The roles that may send each command. */
export const COMMAND_ROLES: Readonly<Record<OrderCommand['type'], readonly Role[]>> = {
  'order.cancel': EVERYBODY,
  'order.cancelLines': EVERYBODY,
  'order.pay': EVERYBODY,
  'order.hold': OPERATORS,
  'order.resume': OPERATORS,
  'order.retry': OPERATORS,
  'order.ship': OPERATORS,
  'order.complete': OPERATORS,
  'order.return': OPERATORS,
  'order.refund': OPERATORS,
};

/** The commands that a viewer of that role may send to the order as it stands. */
export function allowedEventsFor(record: OrderRecord, role: Role): string[] {
  if (record.status === 'quarantined') return [];
  const roles: Readonly<Record<string, readonly Role[]>> = COMMAND_ROLES;
  return record.allowedCommands.filter((command) => roles[command]?.includes(role));
}

const quantityIn = (list: LineQuantity[] | undefined, line: number): number =>
  list?.find((item) => item.line === line)?.quantity ?? 0;

function viewLines({ input, snapshot }: OrderRecord): OrderLineView[] {
  const { cancelled, returned } = snapshot.context;
  return input.lines.map((placed, index) => {
    const line = index + 1;
    const gone = quantityIn(cancelled, line);
    const back = quantityIn(returned, line);
    return { line, ...placed, ...(gone > 0 && { cancelled: gone }), ...(back > 0 && { returned: back }) };
  });
}

/** Why the order stands as it does; what the engine could not read is told to those who can mend it. */
function reasonOf({ quarantine, snapshot }: OrderRecord, role: Role): Reason | undefined {
  if (quarantine === undefined) return snapshot.context.reason;
  const detail = role === 'customer' ? 'We are looking into this order.' : quarantine.reason;
  return { code: 'quarantined', detail };
}

/** Its money; orders of version 1 have no sum of their own in their payment, and cannot be refunded in part. */
function moneyOf({ input, snapshot }: OrderRecord): Pick<OrderView, 'dueMinor' | 'refundableMinor'> {
  const { payment, cancelled } = snapshot.context;
  const isCounted = payment?.capturedMinor !== undefined;
  return {
    dueMinor: dueMinor({ input, cancelled }),
    refundableMinor: isCounted ? paidMinor(payment) : 0,
  };
}

/** The order as a viewer of that role sees it. */
export function viewOrder(record: OrderRecord, role: Role): OrderView {
  const { input } = record;
  const { payment, shipments = [], hold, trouble } = record.snapshot.context;
  const reason = reasonOf(record, role);
  return {
    id: record._id,
    state: record.state,
    final: record.status === 'done',
    seq: record.seq,
    customerId: input.customerId,
    ...(input.reference !== undefined && { reference: input.reference }),
    currency: input.currency,
    amountMinor: input.amountMinor,
    ...moneyOf(record),
    lines: viewLines(record),
    shippingAddress: input.shippingAddress,
    fulfilment: input.fulfilment ?? 'automatic',
    ...(payment && { payment }),
    shipments,
    ...(hold && { hold }),
    ...(reason && { reason }),
    ...(trouble !== undefined && role !== 'customer' && { trouble }),
    allowedEvents: allowedEventsFor(record, role),
    ...(OPERATORS.includes(role) && { machineVersion: record.machine.version }),
    placedAt: record.placedAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
    ...(record.archivedAt && { archivedAt: record.archivedAt.toISOString() }),
  };
}

/** What an event says of units and money: a command by itself, an outcome by what came of it. */
function contentsOf({ event }: HistoryEntry): Pick<TransitionView, 'lines' | 'amountMinor'> {
  const said = event as { lines?: LineQuantity[]; amountMinor?: number; output?: unknown };
  const outcome = (said.output ?? {}) as { amountMinor?: number; refundedMinor?: number };
  const amountMinor = said.amountMinor ?? outcome.amountMinor ?? outcome.refundedMinor ?? 0;
  return { ...(said.lines && { lines: said.lines }), ...(amountMinor > 0 && { amountMinor }) };
}

/** One history entry as the feed tells it. */
export function viewTransition(orderId: string, entry: HistoryEntry): TransitionView {
  return {
    orderId,
    seq: entry.seq,
    at: entry.at.toISOString(),
    type: entry.type,
    from: entry.from,
    to: entry.to,
    final: entry.final,
    by: entry.by.role,
    ...contentsOf(entry),
    ...(entry.reason !== undefined && { reason: entry.reason as Reason }),
  };
}
