/** Places the invoices in order of arrival, at a rate or as fast as the engine answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderView } from '../../src/machines/order-view.ts';
import { type Api, UnansweredError } from './api.ts';
import type { CustomerIds } from './customers.ts';
import type { FeedFollower } from './feed.ts';
import type { Invoice } from './invoices.ts';
import { createLimit } from './limit.ts';
import { wordOrder } from './order-body.ts';
import type { Tally } from './tally.ts';

/** What placing needs. */
export interface Placing {
  api: Api;
  feed: FeedFollower;
  tally: Tally;
  runId: string;
  customers: CustomerIds;
  /** The catalogue's price of each product. */
  catalogue: Map<string, number>;
  /** Requests at once. */
  concurrency: number;
  /** Orders a second; absent: no pause between them. */
  rate?: number;
  signal: AbortSignal;
}

/**
 * Resolves when every invoice was taken, refused, or given up.
 * @throws Error named AbortError when the signal says so.
 */
export async function placeInvoices(placing: Placing, invoices: Invoice[]): Promise<void> {
  const limit = createLimit(placing.concurrency);
  const startMs = performance.now();
  const pauseMs = placing.rate === undefined ? 0 : 1000 / placing.rate;
  await Promise.all(
    invoices.map((invoice, index) => limit(() => placeOne(placing, invoice, startMs + index * pauseMs))),
  );
}

async function placeOne(placing: Placing, invoice: Invoice, dueMs: number): Promise<void> {
  const { api, feed, tally, runId, customers, catalogue, signal } = placing;
  const earlyMs = dueMs - performance.now();
  if (earlyMs > 0) await sleep(earlyMs, undefined, { signal });
  signal.throwIfAborted();
  const body = wordOrder(invoice, customers.get(invoice.customer) ?? '', catalogue);
  const sentAtMs = performance.now();
  try {
    const answer = await api.send<OrderView>('POST', '/orders', body, `replay-${runId}-${invoice.invoiceNo}`);
    if (answer.ok) {
      tally.take(invoice.invoiceNo, answer.body, sentAtMs);
      feed.follow(answer.body.id);
    } else tally.refuse(answer.problem);
  } catch (error) {
    if (!(error instanceof UnansweredError)) throw error;
    tally.unanswered += 1;
  }
}
