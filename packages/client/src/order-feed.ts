/** One order on the connection, for all who watch it: subscribed once, resumed behind what each of them has. */
import type { Connection, Dependent } from './connection.ts';
import { mayPass, OrdoError } from './errors.ts';
import type { Order, Reply, Role, Transition } from './types.ts';

/** The order as the engine answered with it. */
export interface OrderAnswer {
  order: Order;
  /** The version of the machine that this order runs on. */
  machineVersion?: string;
  /** The role that the engine knows the viewer by. */
  role?: Role;
  transitions: Transition[];
}

/** One who follows the order. */
export interface OrderFollower {
  /** The last seq it has. */
  readonly seq: number;
  /** The order as it stands; all its transitions until then were taken. */
  answered(answer: OrderAnswer): void;
  /** The very next transition. */
  take(transition: Transition): void;
  fail(error: OrdoError): void;
}

const PAUSE_MS = 500;

/** Lives from its first follower to its last. */
export class OrderFeed implements Dependent {
  readonly #connection: Connection;
  readonly #orderId: string;
  readonly #followers = new Set<OrderFollower>();
  #asking = false;
  /** Raised at every loss: an answer to an earlier connection is none. */
  #epoch = 0;
  /** What the engine has to tell next. */
  #expectedSeq = 1;

  constructor(connection: Connection, orderId: string) {
    this.#connection = connection;
    this.#orderId = orderId;
  }

  /** Whether nobody follows it. */
  get idle(): boolean {
    return this.#followers.size === 0;
  }

  add(follower: OrderFollower): void {
    const isFirst = this.idle;
    this.#followers.add(follower);
    if (isFirst) this.#connection.add(this);
    else this.refresh();
  }

  remove(follower: OrderFollower): void {
    if (!this.#followers.delete(follower) || !this.idle) return;
    this.#connection.remove(this);
    this.#connection.ask('order.unsubscribe', { orderId: this.#orderId }, () => {});
  }

  /** Asks for the order as it stands, and for what any follower has not. */
  refresh(): void {
    if (this.#connection.socket.connected) this.resume();
  }

  resume(): void {
    if (this.#asking || this.idle) return;
    this.#asking = true;
    const epoch = this.#epoch;
    const afterSeq = Math.min(...[...this.#followers].map(({ seq }) => seq));
    const asked = { orderId: this.#orderId, afterSeq };
    this.#connection.ask<OrderAnswer>('order.subscribe', asked, (reply) => {
      if (epoch !== this.#epoch) return;
      this.#asking = false;
      this.#answer(reply, afterSeq);
    });
  }

  suspend(): void {
    this.#epoch += 1;
    this.#asking = false;
  }

  fail(error: OrdoError): void {
    for (const follower of [...this.#followers]) follower.fail(error);
  }

  /** A transition, live or answered with: to each follower its very next one. */
  take(transition: Transition): void {
    const { orderId, seq } = transition;
    if (seq !== this.#expectedSeq) this.#connection.report({ orderId, expectedSeq: this.#expectedSeq, seq });
    this.#expectedSeq = seq + 1;
    let hasGap = false;
    for (const follower of [...this.#followers]) {
      if (seq === follower.seq + 1) follower.take(transition);
      else if (seq > follower.seq) hasGap = true;
    }
    if (hasGap) this.refresh();
  }

  #answer(reply: Reply<OrderAnswer>, afterSeq: number): void {
    if (!reply.ok) {
      const { code, detail } = reply.error;
      const epoch = this.#epoch;
      if (mayPass(code)) setTimeout(() => epoch === this.#epoch && this.refresh(), PAUSE_MS);
      else this.fail(new OrdoError(code, detail));
      return;
    }
    this.#expectedSeq = afterSeq + 1;
    // One who came while we asked may have less than we asked for.
    const [served, others] = [[] as OrderFollower[], [] as OrderFollower[]];
    for (const follower of this.#followers) (follower.seq >= afterSeq ? served : others).push(follower);
    for (const transition of reply.transitions) this.take(transition);
    for (const follower of served) follower.answered(reply);
    if (others.length > 0) this.refresh();
  }
}
