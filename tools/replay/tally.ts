/** What became of each order of the run: pure, told by the placing and by the feed. */
import type { OrderView, TransitionView } from '../../src/machines/order-view.ts';
import type { Problem } from './api.ts';

/** An order that the engine took. */
export interface TakenOrder {
  id: string;
  invoiceNo: string;
  state: string;
  /** When the request was first sent and the end was heard of, in milliseconds of one clock. */
  sentAtMs: number;
  finalAtMs?: number;
  /** Why it did not complete. */
  reasonCode?: string;
}

/** The run's account: each chosen invoice is waiting, taken, refused at the door, or unanswered. */
export class Tally {
  readonly taken = new Map<string, TakenOrder>();
  /** Refusals at the door by the code of the first fault. */
  readonly refusedAtDoor = new Map<string, number>();
  /** Invoices whose placing got no final answer in time. */
  unanswered = 0;
  completed = 0;
  /** Ended otherwise than completed. */
  ended = 0;

  /** Orders that the engine took and that have no end yet. */
  get inFlight(): number {
    return this.taken.size - this.completed - this.ended;
  }

  /** Orders that are not completed and will not be, the door's refusals included. */
  get refused(): number {
    return this.ended + [...this.refusedAtDoor.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The engine answered 201. */
  take(invoiceNo: string, { id, state }: OrderView, sentAtMs: number): void {
    this.taken.set(id, { id, invoiceNo, state, sentAtMs });
  }

  /** The engine refused the placing. */
  refuse({ code, errors }: Problem): void {
    const first = errors?.[0]?.code ?? code;
    this.refusedAtDoor.set(first, (this.refusedAtDoor.get(first) ?? 0) + 1);
  }

  /** The feed told of a transition. */
  move({ orderId, to, final, reason }: TransitionView, atMs: number): void {
    const order = this.taken.get(orderId);
    if (!order || order.finalAtMs !== undefined) return;
    order.state = to;
    if (!final) return;
    order.finalAtMs = atMs;
    if (reason) order.reasonCode = reason.code;
    if (to === 'completed') this.completed += 1;
    else this.ended += 1;
  }
}
