/** The orders as living things: how REST and the feed reach them; `src/actors` implements it. */
import type { Cause } from '../machines/actor-record.ts';
import type {
  Address,
  Fulfilment,
  OrderCommand,
  OrderFact,
  OrderLine,
  Pricing,
  Role,
} from '../machines/order-types.ts';
import type { OrderRecord, TransitionView } from '../machines/order-view.ts';
import type { TerminalError } from '../platform/errors.ts';

/** What it takes to place an order. */
export interface PlaceOrder {
  customerId: string;
  currency: string;
  lines: OrderLine[];
  pricing: Pricing;
  fulfilment: Fulfilment;
  shippingAddress: Address;
  /** Absent when it is to be paid later. */
  paymentToken?: string;
  onDecline: 'end' | 'wait';
  reference?: string;
  by: Cause;
  /** Scoped to whoever places it; `fingerprint` is a hash of the request's body. */
  idempotency: { key: string; fingerprint: string };
}

/** The order after what was asked for; `replayed` when that had been done before, under the same key or command. */
export interface Answered {
  record: OrderRecord;
  replayed: boolean;
}

export interface OrderActors {
  /**
   * One durable insert; the same key and body again gives the first order back, as it was at seq 1.
   * @throws TerminalError `idempotency-key-reused` when the key came with another body.
   */
  place(order: PlaceOrder): Promise<Answered>;
  /**
   * The order that was placed under that key before, as it was at seq 1; undefined when none was.
   * @throws TerminalError `idempotency-key-reused` when the key came with another body.
   */
  replay(placing: Pick<PlaceOrder, 'by' | 'idempotency'>): Promise<OrderRecord | undefined>;
  /** The order as committed; undefined when there is none. */
  read(orderId: string): Promise<OrderRecord | undefined>;
  /** The order as it was at that seq, from its history; undefined when it never was. */
  readAt(orderId: string, seq: number): Promise<OrderRecord | undefined>;
  /** What a command would do now; changes nothing. @throws TerminalError `not-found` */
  simulate(orderId: string, command: OrderCommand, role: Role): Promise<Simulation>;
  /**
   * Sends a command; resolves when its transition is committed. The same commandId again changes nothing.
   * @throws TerminalError `not-found`; `event-refused` with `state` and `allowedEvents` of that role;
   * `precondition-failed` when `expectedSeq` is not the order's seq.
   */
  send(
    orderId: string,
    command: OrderCommand,
    options: {
      by: Cause & { role: Role };
      commandId: string;
      expectedSeq?: number;
    },
  ): Promise<Answered>;
  /**
   * Takes an order that has ended out of the lists; it is kept for the audit. What is archived stays as it is.
   * @throws TerminalError `not-found`; `event-refused` when it has not ended
   */
  archive(orderId: string, options: { by: Cause & { role: Role }; commandId: string }): Promise<OrderRecord>;
  /**
   * Tells the order a fact from outside; resolves when it is committed, or found to change nothing.
   * @param source who told it, and under which id of its own: the same again changes nothing
   * @throws TerminalError `not-found`; RetryableError when it came too early, and must be told again
   */
  report(
    orderId: string,
    fact: OrderFact,
    source: { provider: string; eventId: string },
  ): Promise<'moved' | 'repeated' | 'ignored'>;
}

/** What a command would do: the order after it, or why it is refused. */
export type Simulation =
  | { taken: true; before: OrderRecord; after: OrderRecord }
  | { taken: false; refusal: TerminalError };

/** A transition on its way to those who watch; `customerId` decides who may. */
export interface FeedTransition {
  customerId: string;
  transition: TransitionView;
}

/** Every transition of every order, on every instance; at least once, in no promised order. */
export interface Feed {
  publish(entries: FeedTransition[]): Promise<void>;
  /** Returns what ends the subscription. A listener must not throw. */
  onTransition(listener: (entry: FeedTransition) => void): () => void;
}
