/** Sends what the credit invoices take back as returns, when the orders that it was bought with have come to rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderView } from '../../src/machines/order-view.ts';
import { type Api, UnansweredError } from './api.ts';
import type { CreditTally } from './credit-tally.ts';
import type { FeedFollower } from './feed.ts';
import type { Invoice } from './invoices.ts';
import { type BoughtLine, matchCredit, type OrderReturn, type Purchase, type Unmatched } from './matching.ts';
import { isAtRest, SOLD_STATES, type Tally } from './tally.ts';

const LOOK_MS = 20;

/** What returning needs. */
export interface ReturningParts {
  api: Api;
  feed: FeedFollower;
  tally: Tally;
  credits: CreditTally;
  runId: string;
  /** How long an order is waited for. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** An ordinary invoice that is being placed; undefined when the engine did not take it. */
interface Placement {
  placed: Promise<string | undefined>;
  lines: BoughtLine[];
}

/** What the customers of the run bought, and the returns of it. */
export class Returning {
  readonly #parts: ReturningParts;
  readonly #bought = new Map<string, Placement[]>();
  readonly #lastCredit = new Map<string, Promise<void>>();

  constructor(parts: ReturningParts) {
    this.#parts = parts;
  }

  /** Takes note of an ordinary invoice; `placed` gives the order's id, or undefined when it was refused. */
  buy({ customer, lines }: Invoice, placed: Promise<string | undefined>): void {
    if (customer === undefined) return;
    const bought = lines.map(({ sku, quantity, unitPriceMinor }) => ({
      sku,
      left: quantity,
      unitPriceMinor,
    }));
    this.#bought.set(customer, [...(this.#bought.get(customer) ?? []), { placed, lines: bought }]);
  }

  /**
   * Takes note of a credit invoice, to be matched with what was noted before it, and lets `run` start it. Credits of
   * one customer go one after the other, so that no order is asked for two returns at once.
   */
  giveBack(credit: Invoice, run: (job: () => Promise<void>) => Promise<void>): Promise<void> {
    const customer = credit.customer ?? '';
    const skus = new Set(credit.lines.map(({ sku }) => sku));
    const concerned = (this.#bought.get(customer) ?? []).filter(({ lines }) =>
      lines.some(({ sku }) => skus.has(sku)),
    );
    const before = this.#lastCredit.get(customer);
    const given = run(async () => {
      await before;
      await this.#settle(credit, await Promise.all(concerned.map((placement) => this.#await(placement))));
    });
    this.#lastCredit.set(customer, given);
    return given;
  }

  async #settle(credit: Invoice, earlier: Purchase[]): Promise<void> {
    const { returns, unmatched } = matchCredit(credit, earlier);
    const refused: Unmatched[] = [];
    for (const wanted of returns) {
      const reason = await this.#return(credit, wanted);
      if (reason !== undefined)
        refused.push(...wanted.lines.map(({ quantity }) => ({ reason, units: quantity })));
    }
    const taken = returns.reduce((sum, { lines }) => sum + lines.length, 0) - refused.length;
    this.#parts.credits.end(credit, taken, [...unmatched, ...refused]);
  }

  /** The order of a placement at its rest, waited for as long as may be. */
  async #await({ placed, lines }: Placement): Promise<Purchase> {
    const orderId = await placed;
    if (orderId === undefined) return { outcome: 'refused', lines };
    const order = await this.#awaitRest(orderId);
    if (order === undefined) return { outcome: 'unfinished', lines };
    return SOLD_STATES.has(order.state) ? { outcome: 'sold', orderId, lines } : { outcome: 'refused', lines };
  }

  /** Undefined when it was taken and the order rests again; otherwise why not. */
  async #return({ invoiceNo }: Invoice, wanted: OrderReturn): Promise<string | undefined> {
    const { api, feed, tally, credits, runId } = this.#parts;
    const { orderId } = wanted;
    const lines = wanted.lines.map(({ line, quantity }) => ({ line, quantity }));
    const event = { type: 'order.return', lines, restock: true, reason: `Credit invoice ${invoiceNo}` };
    try {
      const answer = await api.send<OrderView>(
        'POST',
        `/orders/${orderId}/events`,
        event,
        `replay-${runId}-${invoiceNo}`,
      );
      if (!answer.ok) return answer.problem.code;
      for (const { bought, quantity } of wanted.lines) bought.left -= quantity;
      credits.give(wanted);
      tally.reopen(wanted, answer.body.seq);
      // The engine ended the subscription when the order came to rest: this one goes on behind what was heard.
      feed.follow(orderId, tally.taken.get(orderId)?.seq);
      await this.#awaitRest(orderId);
      return undefined;
    } catch (error) {
      if (!(error instanceof UnansweredError)) throw error;
      return 'unanswered';
    }
  }

  async #awaitRest(orderId: string) {
    const { tally, timeoutMs, signal } = this.#parts;
    for (const until = performance.now() + timeoutMs; performance.now() < until; ) {
      const order = tally.taken.get(orderId);
      if (order && isAtRest(order)) return order;
      await sleep(LOOK_MS, undefined, { signal });
    }
    return undefined;
  }
}
