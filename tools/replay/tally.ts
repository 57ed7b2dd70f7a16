/** What became of each order of the run: pure, told by the placing, the returns and the feed. */
import type { OrderView, TransitionView } from '../../src/machines/order-view.ts';
import type { Problem } from './api.ts';
import type { OrderReturn } from './matching.ts';

/** The states of orders whose goods are sold, whatever has come back of them. */
export const SOLD_STATES: ReadonlySet<string> = new Set(['completed', 'delivered', 'parcelLost', 'returned']);

/** An order that the engine took. */
export interface TakenOrder {
  id: string;
  invoiceNo: string;
  /** As the feed told last. */
  state: string;
  seq: number;
  final: boolean;
  /** A command was taken at this seq: only an end from there on is the order's rest. */
  restsFromSeq: number;
  /** When the request was first sent and the first end was heard of, in milliseconds of one clock. */
  sentAtMs: number;
  finalAtMs?: number;
  /** Why it did not complete. */
  reasonCode?: string;
  /** Units of each line that came back, and what they had cost. */
  returnedUnits: Map<number, number>;
  returnedMinor: number;
}

/** Whether nothing moves the order any more but a command. */
export const isAtRest = ({ final, seq, restsFromSeq }: TakenOrder): boolean => final && seq >= restsFromSeq;

/** The run's account: each chosen ordinary invoice is waiting, taken, refused at the door, or unanswered. */
export class Tally {
  readonly taken = new Map<string, TakenOrder>();
  /** Refusals at the door by the code of the first fault. */
  readonly refusedAtDoor = new Map<string, number>();
  /** Invoices whose placing got no final answer in time. */
  unanswered = 0;
  completed = 0;
  /** Ended otherwise than completed. */
  ended = 0;

  /** Orders that the engine took and that do not rest. */
  get inFlight(): number {
    return [...this.taken.values()].filter((order) => !isAtRest(order)).length;
  }

  /** Orders that are not completed and will not be, the door's refusals included. */
  get refused(): number {
    return this.ended + [...this.refusedAtDoor.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The engine answered 201. */
  take(invoiceNo: string, { id, state }: OrderView, sentAtMs: number): void {
    const unmoved = { seq: 0, final: false, restsFromSeq: 1, returnedUnits: new Map(), returnedMinor: 0 };
    this.taken.set(id, { id, invoiceNo, state, sentAtMs, ...unmoved });
  }

  /** The engine refused the placing. */
  refuse({ code, errors }: Problem): void {
    const first = errors?.[0]?.code ?? code;
    this.refusedAtDoor.set(first, (this.refusedAtDoor.get(first) ?? 0) + 1);
  }

  /** The engine took a return, and the order moved on to that seq at least. */
  reopen({ orderId, lines }: OrderReturn, seq: number): void {
    const order = this.taken.get(orderId);
    if (!order) return;
    order.restsFromSeq = seq;
    for (const { line, quantity, bought } of lines) {
      order.returnedUnits.set(line, (order.returnedUnits.get(line) ?? 0) + quantity);
      order.returnedMinor += quantity * bought.unitPriceMinor;
    }
  }

  /** The feed told of a transition. */
  move({ orderId, seq, to, final, reason }: TransitionView, atMs: number): void {
    const order = this.taken.get(orderId);
    if (!order) return;
    Object.assign(order, { seq, state: to, final });
    if (!final || order.finalAtMs !== undefined) return;
    order.finalAtMs = atMs;
    if (reason) order.reasonCode = reason.code;
    if (SOLD_STATES.has(to)) this.completed += 1;
    else this.ended += 1;
  }
}
