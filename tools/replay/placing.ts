/** Places the invoices in order of arrival, at a rate or as fast as the engine answers; credits give back. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderView } from '../../src/machines/order-view.ts';
import { UnansweredError } from './api.ts';
import type { CustomerIds } from './customers.ts';
import { type Invoice, isCredit } from './invoices.ts';
import { createLimit } from './limit.ts';
import { wordOrder } from './order-body.ts';
import { Returning, type ReturningParts } from './returning.ts';

/** What placing needs. */
export interface Placing extends ReturningParts {
  customers: CustomerIds;
  /** The catalogue's price of each product. */
  catalogue: Map<string, number>;
  /** Requests at once. */
  concurrency: number;
  /** Orders a second; absent: no pause between them. */
  rate?: number;
}

/**
 * Resolves when every ordinary invoice was taken, refused, or given up, and every credit invoice has given back what
 * it can.
 * @throws Error named AbortError when the signal says so.
 */
export async function placeInvoices(placing: Placing, invoices: Invoice[]): Promise<void> {
  const limit = createLimit(placing.concurrency);
  const returning = new Returning(placing);
  const startMs = performance.now();
  const pauseMs = placing.rate === undefined ? 0 : 1000 / placing.rate;
  let dueMs = startMs;
  const work = invoices.map((invoice) => {
    const turnMs = dueMs;
    const inTurn = <T>(job: () => Promise<T>) =>
      limit(async () => {
        await awaitTurn(turnMs, placing.signal);
        return job();
      });
    if (isCredit(invoice)) return returning.giveBack(invoice, inTurn);
    dueMs += pauseMs;
    const placed = inTurn(() => placeOne(placing, invoice));
    returning.buy(invoice, placed);
    return placed;
  });
  await Promise.all(work);
}

async function awaitTurn(turnMs: number, signal: AbortSignal): Promise<void> {
  const earlyMs = turnMs - performance.now();
  if (earlyMs > 0) await sleep(earlyMs, undefined, { signal });
  signal.throwIfAborted();
}

/** The order's id; undefined when the engine did not take it. */
async function placeOne(placing: Placing, invoice: Invoice): Promise<string | undefined> {
  const { api, feed, tally, runId, customers, catalogue } = placing;
  const body = wordOrder(invoice, customers.get(invoice.customer) ?? '', catalogue);
  const sentAtMs = performance.now();
  try {
    const answer = await api.send<OrderView>('POST', '/orders', body, `replay-${runId}-${invoice.invoiceNo}`);
    if (!answer.ok) {
      tally.refuse(answer.problem);
      return undefined;
    }
    const { id } = answer.body;
    tally.take(invoice.invoiceNo, answer.body, sentAtMs);
    feed.follow(id);
    return id;
  } catch (error) {
    if (!(error instanceof UnansweredError)) throw error;
    tally.unanswered += 1;
    return undefined;
  }
}
