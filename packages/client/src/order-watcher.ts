/** One order, watched. */
import { OrdoError } from './errors.ts';
import { commandsIn } from './machine.ts';
import type { OrderAnswer, OrderFeed, OrderFollower } from './order-feed.ts';
import type { Machine, Order, Role, Transition } from './types.ts';
import { Watcher } from './watcher.ts';
import type { Listener, OrderWatch, OrderWatchOptions } from './watches.ts';

/** What the watch stands on. */
export interface OrderWatcherParts {
  /** The feed of the order, until it is given back. */
  feed: OrderFeed;
  release: () => void;
  /** The machine that new orders run on; undefined when it cannot be had now. */
  machine: () => Promise<Machine | undefined>;
}

interface Wait {
  resolve: (order: Order) => void;
  reject: (error: OrdoError) => void;
}

/** Follows the order's feed, and knows where the order is. */
export class OrderWatcher extends Watcher<Transition> implements OrderWatch {
  readonly #parts: OrderWatcherParts;
  readonly #follower: OrderFollower;
  #seq: number;
  #last: Transition | undefined;
  #order: Order | undefined;
  #role: Role | undefined;
  #machineVersion: string | undefined;
  #waits: Wait[] = [];
  #failure: OrdoError | undefined;

  constructor(
    parts: OrderWatcherParts,
    listener: Listener<Transition> | undefined,
    options: OrderWatchOptions,
  ) {
    super(listener, options);
    this.#parts = parts;
    this.#seq = options.afterSeq ?? 0;
    const seq = () => this.#seq;
    this.#follower = {
      get seq() {
        return seq();
      },
      answered: (answer) => this.#answered(answer),
      take: (transition) => this.#take(transition),
      fail: (error) => this.#fail(error),
    };
    parts.feed.add(this.#follower);
  }

  get seq(): number {
    return this.#seq;
  }

  get state(): string | undefined {
    return this.#last?.to ?? this.#order?.state;
  }

  order(): Promise<Order> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#order && this.#order.seq >= this.#seq) return Promise.resolve(this.#order);
    const asked = new Promise<Order>((resolve, reject) => this.#waits.push({ resolve, reject }));
    if (this.#order) this.#parts.feed.refresh();
    return asked;
  }

  async allowedEvents(): Promise<string[]> {
    if (this.#order === undefined || this.#order.seq >= this.#seq) return (await this.order()).allowedEvents;
    const machine = await this.#parts.machine();
    if (machine?.version === this.#machineVersion && machine && this.#role && this.state !== undefined) {
      const commands = commandsIn(machine, this.state, this.#role);
      if (commands?.guarded.length === 0) return commands.allowed;
    }
    return (await this.order()).allowedEvents;
  }

  protected override release(): void {
    this.#parts.feed.remove(this.#follower);
    this.#parts.release();
    const failure = this.#failure ?? new OrdoError('closed', 'The watch was closed.');
    this.#failure = failure;
    for (const { reject } of this.#waits.splice(0)) reject(failure);
  }

  #answered({ order, role, machineVersion }: OrderAnswer): void {
    this.#order = order;
    this.#role = role;
    this.#machineVersion = machineVersion;
    for (const { resolve } of this.#waits.splice(0)) resolve(order);
  }

  #take(transition: Transition): void {
    this.#seq = transition.seq;
    this.#last = transition;
    this.tell(transition);
  }

  #fail(error: OrdoError): void {
    this.#failure = error;
    this.fail(error);
  }
}
