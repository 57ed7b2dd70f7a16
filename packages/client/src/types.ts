/** What the engine tells, as it comes over the wire. Unknown fields may be added by newer engines. */

/** Who watches: customers see their own orders, the others all. */
export type Role = 'customer' | 'operator' | 'admin';

/** Why an order stands as it does, in a word that programs can read and a sentence that people can. */
export interface Reason {
  code: string;
  detail: string;
}

/** An order as it stands; amounts in the currency's minor unit, times in ISO 8601. */
export interface Order {
  id: string;
  state: string;
  /** Whether nothing is to come any more, but for a return. */
  final: boolean;
  /** 1 when placed, one more at every transition. */
  seq: number;
  customerId: string;
  currency: string;
  amountMinor: number;
  /** What is to be paid for what is not cancelled, and what of the money could be given back. */
  dueMinor: number;
  refundableMinor: number;
  reason?: Reason;
  /** The commands that the viewer may send now. */
  allowedEvents: string[];
  placedAt: string;
  updatedAt: string;
  [field: string]: unknown;
}

/** One step of an order. */
export interface Transition {
  orderId: string;
  seq: number;
  at: string;
  /** What happened: a past-tense fact or a command. */
  type: string;
  from: string;
  to: string;
  final: boolean;
  /** A role, or `system`. */
  by: string;
  /** The units that it is about; `line` counts from 1. */
  lines?: { line: number; quantity: number }[];
  /** The money that it is about, in the currency's minor unit. */
  amountMinor?: number;
  reason?: Reason;
}

/** One step of an order of a list. */
export interface ListTransition extends Transition {
  customerId: string;
}

/** The orders of one customer, those that enter or leave one state, or both; without either, all one may see. */
export interface OrderFilter {
  customerId?: string;
  state?: string;
}

/** The jobs of each queue, by their state. */
export type QueueCounts = Record<string, Record<string, number>>;

/** A way out of a state; a `guard` decides on the order's own facts. */
export interface Way {
  target?: string;
  guard?: string;
}

/** A state of the machine, in the form that XState's `createMachine` takes. */
export interface MachineState {
  on?: Record<string, Way[]>;
  states?: Record<string, MachineState>;
}

/** The machine that orders run on, as `GET /machines/order` gives it. */
export interface Machine extends MachineState {
  id: string;
  version: string;
  commands: Record<string, { roles: readonly Role[] }>;
}

/** An answer of the engine. */
export type Reply<T> = ({ ok: true } & T) | { ok: false; error: { code: string; detail: string } };
