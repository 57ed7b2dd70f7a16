/** What people see of an order, and what they may ask of it: pure, from the durable record alone. */
import type { ActorRecord, HistoryEntry } from './actor-record.ts';
import type { Address, OrderContext, OrderInput, OrderLine, Reason, Role } from './order-types.ts';

/** The durable record of an order. */
export type OrderRecord = ActorRecord<OrderInput, OrderContext>;

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
  lines: OrderLine[];
  shippingAddress: Address;
  payment?: { paymentId: string; status: 'captured' | 'refunded' };
  shipment?: { shipmentId: string; carrier: string; trackingNumber: string };
  reason?: Reason;
  /** The commands that the viewer may send in this state. */
  allowedEvents: string[];
  placedAt: string;
  updatedAt: string;
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
  reason?: Reason;
}

/** The roles that may send each command. */
export const COMMAND_ROLES: Readonly<Record<string, readonly Role[]>> = {
  'order.cancel': ['customer', 'operator', 'admin'],
  'order.retry': ['operator', 'admin'],
};

/** The commands that a viewer of that role may send to the order as it stands. */
export function allowedEventsFor(record: OrderRecord, role: Role): string[] {
  if (record.status !== 'active') return [];
  return record.allowedCommands.filter((command) => COMMAND_ROLES[command]?.includes(role));
}

/** Why the order stands as it does; what the engine could not read is told to those who can mend it. */
function reasonOf({ quarantine, snapshot }: OrderRecord, role: Role): Reason | undefined {
  if (quarantine === undefined) return snapshot.context.reason;
  const detail = role === 'customer' ? 'We are looking into this order.' : quarantine.reason;
  return { code: 'quarantined', detail };
}

/** The order as a viewer of that role sees it. */
export function viewOrder(record: OrderRecord, role: Role): OrderView {
  const { input } = record;
  const { payment, shipment } = record.snapshot.context;
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
    lines: input.lines,
    shippingAddress: input.shippingAddress,
    ...(payment && { payment }),
    ...(shipment && { shipment }),
    ...(reason && { reason }),
    allowedEvents: allowedEventsFor(record, role),
    placedAt: record.placedAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
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
    ...(entry.reason !== undefined && { reason: entry.reason as Reason }),
  };
}
