/** A list of orders, watched: all that one may see, or those of a customer or a state. */
import type { Connection, Dependent } from './connection.ts';
import { mayPass, OrdoError } from './errors.ts';
import type { OrderFeed, OrderFollower } from './order-feed.ts';
import type { ListTransition, Order, OrderFilter, Reply, Transition } from './types.ts';
import { Watcher } from './watcher.ts';
import type { Listener, ListWatch, ListWatchOptions } from './watches.ts';

/** What the watch stands on. */
export interface ListWatcherParts {
  connection: Connection;
  /** This watch's own word for itself. */
  id: string;
  /** Leaves the list, unless others watch it too. */
  leave: (watch: ListWatcher) => void;
  /** Borrows the feed of one order, to fill a gap. */
  borrow: (orderId: string) => { feed: OrderFeed; release: () => void };
}

const PAUSE_MS = 500;

/** Orders whose last seq is remembered: more than move in the time that a resume may repeat. */
const MAX_REMEMBERED = 100_000;

/** Remembers each order's last seq: what a resume repeats is dropped, and a gap is filled. */
export class ListWatcher extends Watcher<ListTransition> implements ListWatch, Dependent {
  readonly filter: OrderFilter;
  readonly #parts: ListWatcherParts;
  readonly #onOrders: ((orders: Order[]) => void) | undefined;
  readonly #seqs = new Map<string, number>();
  readonly #filling = new Map<string, () => void>();
  #cursor: string | undefined;
  #live = false;
  #epoch = 0;

  constructor(
    parts: ListWatcherParts,
    filter: OrderFilter,
    listener: Listener<ListTransition> | undefined,
    options: ListWatchOptions,
  ) {
    super(listener, options);
    this.filter = filter;
    this.#parts = parts;
    this.#onOrders = options.onOrders;
    this.#cursor = options.cursor;
    parts.connection.add(this);
  }

  get cursor(): string | undefined {
    return this.#cursor;
  }

  resume(): void {
    if (this.ended) return;
    const epoch = this.#epoch;
    const cursor = this.#cursor;
    const asked = { id: this.#parts.id, filter: this.filter, ...(cursor !== undefined && { cursor }) };
    this.#parts.connection.ask<{ cursor: string; orders?: Order[] }>('orders.subscribe', asked, (reply) => {
      if (epoch === this.#epoch && !this.ended) this.#answer(reply);
    });
  }

  suspend(): void {
    this.#epoch += 1;
    this.#live = false;
  }

  override fail(error: OrdoError): void {
    super.fail(error);
  }

  /** What was missed, before the answer. */
  missed({ id, transitions, cursor }: { id: string; transitions: ListTransition[]; cursor: string }): void {
    if (id !== this.#parts.id || this.ended) return;
    for (const transition of transitions) this.#take(transition);
    if (this.#filling.size === 0) this.#cursor = cursor;
  }

  /** A live transition of one of the lists on this connection. */
  take(transition: ListTransition): void {
    const { customerId, state } = this.filter;
    if (!this.#live || (customerId !== undefined && customerId !== transition.customerId)) return;
    if (state === undefined || state === transition.from || state === transition.to) this.#take(transition);
  }

  /** The engine vouches for everything up to that cursor. */
  settle(cursor: string): void {
    if (this.#live && this.#filling.size === 0) this.#cursor = cursor;
  }

  protected override release(): void {
    for (const stop of this.#filling.values()) stop();
    this.#parts.connection.remove(this);
    this.#parts.leave(this);
  }

  #answer(reply: Reply<{ cursor: string; orders?: Order[] }>): void {
    if (!reply.ok) {
      const { code, detail } = reply.error;
      const epoch = this.#epoch;
      if (mayPass(code)) setTimeout(() => epoch === this.#epoch && this.resume(), PAUSE_MS);
      else this.fail(new OrdoError(code, detail));
      return;
    }
    this.#live = true;
    if (this.#filling.size === 0) this.#cursor = reply.cursor;
    if (!reply.orders) return;
    for (const { id, seq } of reply.orders) this.#remember(id, seq);
    this.#onOrders?.(reply.orders);
  }

  #take(transition: ListTransition): void {
    const { orderId, seq } = transition;
    const last = this.#seqs.get(orderId);
    if (this.#filling.has(orderId) || (last !== undefined && seq <= last)) return;
    // Of the list of a state not every transition of an order is told.
    const hasGap = last !== undefined && seq > last + 1 && this.filter.state === undefined;
    if (hasGap) this.#fill(orderId, last, transition.customerId);
    else {
      this.#remember(orderId, seq);
      this.tell(transition);
    }
  }

  #remember(orderId: string, seq: number): void {
    this.#seqs.delete(orderId);
    this.#seqs.set(orderId, seq);
    if (this.#seqs.size <= MAX_REMEMBERED) return;
    // A map's order is the order of use: the one that moved longest ago stands first.
    for (const oldest of this.#seqs.keys()) {
      this.#seqs.delete(oldest);
      return;
    }
  }

  /** Asks for what is missing of one order; until the answer, what comes of it is left to the answer. */
  #fill(orderId: string, after: number, customerId: string): void {
    const { feed, release } = this.#parts.borrow(orderId);
    const stop = () => {
      this.#filling.delete(orderId);
      feed.remove(follower);
      release();
    };
    let seq = after;
    const follower: OrderFollower = {
      get seq() {
        return seq;
      },
      answered: stop,
      take: (transition: Transition) => {
        seq = transition.seq;
        this.#remember(orderId, seq);
        this.tell({ ...transition, customerId });
      },
      fail: stop,
    };
    this.#filling.set(orderId, stop);
    feed.add(follower);
  }
}
