/** What the client hands out: watches, and what may be told when one is begun. */
import type { OrdoError } from './errors.ts';
import type { ListTransition, Order, QueueCounts, Transition } from './types.ts';

/** Takes what a watch tells, at the moment it comes. */
export type Listener<T> = (item: T) => void;

/**
 * A watch: give it a listener, or loop over it with `for await`; leaving the loop closes it. Without a listener,
 * what comes is kept for the first loop; a later loop, or one beside a listener, is told what comes from then on.
 */
export interface Watch<T> extends AsyncIterable<T, undefined> {
  /** Whether it was closed, or has failed. */
  readonly ended: boolean;
  /** Ends the watch, and the loops over it when they have taken what came. */
  close(): void;
}

/** Tells every transition of one order after `afterSeq`: once, in order, without a gap, over any disconnection. */
export interface OrderWatch extends Watch<Transition> {
  /** The seq of the last transition told; give it to a later watch as `afterSeq`. */
  readonly seq: number;
  /** The state that the order is in, as far as it is known. */
  readonly state: string | undefined;
  /** The order as it stands. @throws OrdoError when the watch fails, or is closed before the engine answers */
  order(): Promise<Order>;
  /**
   * The commands that the viewer may send in the present state: told from the machine, and asked of the engine
   * only where the state alone does not decide. @throws OrdoError as `order` does
   */
  allowedEvents(): Promise<string[]>;
}

/** Tells every transition of a list's orders: once, in order per order, without a gap, over any disconnection. */
export interface ListWatch extends Watch<ListTransition> {
  /**
   * Where the watch is: give it to a later watch, which then tells what this one has not. It may also repeat the
   * last minute of what was told: keep each order's last `seq` too where that matters.
   */
  readonly cursor: string | undefined;
}

/** Tells the queues' counters as they are, and whenever they have changed. */
export interface QueueWatch extends Watch<QueueCounts> {}

/** What may be told when a watch is begun. */
export interface WatchOptions {
  /** Called once when the watch fails for good. Without it a loop throws the error; without one, nobody catches it. */
  onError?: (error: OrdoError) => void;
}

/** What may be told when the watch of an order is begun. */
export interface OrderWatchOptions extends WatchOptions {
  /** The last seq that is known already; 0 unless given: then the whole history is told. */
  afterSeq?: number;
}

/** What may be told when the watch of a list is begun. */
export interface ListWatchOptions extends WatchOptions {
  /** Where an earlier watch of the list was: what it has not told is told first. */
  cursor?: string;
  /** Given the newest orders as they stand, where there is no cursor, before anything is told. */
  onOrders?: (orders: Order[]) => void;
}
