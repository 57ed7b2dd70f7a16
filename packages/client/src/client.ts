/** A client of one engine: everything that is watched goes over its one connection. */
import { Connection, type ConnectOptions } from './connection.ts';
import { ListWatcher } from './list-watcher.ts';
import { OrderFeed } from './order-feed.ts';
import { OrderWatcher } from './order-watcher.ts';
import { QueueWatcher } from './queue-watcher.ts';
import type { ListTransition, Machine, OrderFilter, QueueCounts, Transition } from './types.ts';
import type {
  Listener,
  ListWatch,
  ListWatchOptions,
  OrderWatch,
  OrderWatchOptions,
  QueueWatch,
  WatchOptions,
} from './watches.ts';

/** Connects when the first watch begins. Each method throws an OrdoError `closed` after `close`. */
export interface OrdoClient {
  /** Tells every transition of the order: what was missed since `afterSeq`, then what comes. */
  watchOrder(orderId: string, onTransition?: Listener<Transition>, options?: OrderWatchOptions): OrderWatch;
  /** Tells every transition of the orders that the filter lets through: since `cursor`, then what comes. */
  watchOrders(
    filter?: OrderFilter,
    onTransition?: Listener<ListTransition>,
    options?: ListWatchOptions,
  ): ListWatch;
  /** Tells the queues' counters; for operators. */
  watchQueues(onCounts?: Listener<QueueCounts>, options?: WatchOptions): QueueWatch;
  /** The machine that new orders run on; asked for once. @throws Error when it cannot be had */
  machine(): Promise<Machine>;
  /** Ends every watch, and the connection. */
  close(): void;
}

class Client implements OrdoClient {
  readonly #connection: Connection;
  readonly #feeds = new Map<string, { feed: OrderFeed; users: number }>();
  readonly #lists = new Set<ListWatcher>();
  readonly #queues = new Set<QueueWatcher>();
  #machine: Promise<Machine> | undefined;
  #watches = 0;

  constructor(options: ConnectOptions) {
    this.#connection = new Connection(options);
    const { socket } = this.#connection;
    socket.on('order.transition', (told: Transition) => this.#feeds.get(told.orderId)?.feed.take(told));
    socket.on('orders.transition', (told: ListTransition) => this.#eachList((list) => list.take(told)));
    socket.on('orders.missed', (told) => this.#eachList((list) => list.missed(told)));
    socket.on('orders.cursor', (cursor: string) => this.#eachList((list) => list.settle(cursor)));
    socket.on('queues.counts', (counts: QueueCounts) => {
      for (const watch of [...this.#queues]) watch.take(counts);
    });
  }

  watchOrder(
    orderId: string,
    onTransition?: Listener<Transition>,
    options: OrderWatchOptions = {},
  ): OrderWatch {
    const machine = () => this.machine().catch(() => undefined);
    return new OrderWatcher({ ...this.#borrow(orderId), machine }, onTransition, options);
  }

  watchOrders(
    filter: OrderFilter = {},
    onTransition?: Listener<ListTransition>,
    options: ListWatchOptions = {},
  ): ListWatch {
    this.#watches += 1;
    const parts = {
      connection: this.#connection,
      id: `list-${this.#watches}`,
      leave: (watch: ListWatcher) => this.#leaveList(watch),
      borrow: (orderId: string) => this.#borrow(orderId),
    };
    const watch = new ListWatcher(parts, filter, onTransition, options);
    this.#lists.add(watch);
    return watch;
  }

  watchQueues(onCounts?: Listener<QueueCounts>, options: WatchOptions = {}): QueueWatch {
    const leave = (watch: QueueWatcher) => {
      this.#queues.delete(watch);
      if (this.#queues.size === 0) this.#connection.ask('queues.unsubscribe', {}, () => {});
    };
    const watch = new QueueWatcher(this.#connection, leave, onCounts, options);
    this.#queues.add(watch);
    return watch;
  }

  machine(): Promise<Machine> {
    this.#machine ??= this.#fetchMachine().catch((error: unknown) => {
      this.#machine = undefined;
      throw error;
    });
    return this.#machine;
  }

  close(): void {
    this.#connection.close();
  }

  #eachList(visit: (list: ListWatcher) => void): void {
    for (const list of [...this.#lists]) visit(list);
  }

  /** The feed of that order, the same for all who use it. */
  #borrow(orderId: string): { feed: OrderFeed; release: () => void } {
    const known = this.#feeds.get(orderId) ?? { feed: new OrderFeed(this.#connection, orderId), users: 0 };
    this.#feeds.set(orderId, known);
    known.users += 1;
    return {
      feed: known.feed,
      release: () => {
        known.users -= 1;
        if (known.users === 0) this.#feeds.delete(orderId);
      },
    };
  }

  #leaveList(watch: ListWatcher): void {
    this.#lists.delete(watch);
    const { customerId, state } = watch.filter;
    const isShared = [...this.#lists].some(
      ({ filter }) => filter.customerId === customerId && filter.state === state,
    );
    if (!isShared) this.#connection.ask('orders.unsubscribe', { filter: watch.filter }, () => {});
  }

  async #fetchMachine(): Promise<Machine> {
    const response = await fetch(new URL('/api/v1/machines/order', this.#connection.url));
    if (!response.ok) throw new Error(`The engine answered ${response.status} when asked for the machine.`);
    return (await response.json()) as Machine;
  }
}

/**
 * A client of the engine at `url`, with an access token or what gives one. It connects when the first watch
 * begins, again whenever the connection is lost, and resumes what is watched by itself.
 */
export function connect(options: ConnectOptions): OrdoClient {
  return new Client(options);
}
