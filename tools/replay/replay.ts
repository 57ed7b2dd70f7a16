/** One run: catalogue, customers, orders, returns, and the books read back. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from './api.ts';
import { type Books, readBooks } from './books.ts';
import { stockCatalogue } from './catalogue.ts';
import { type Conservation, compareBooks, isHolding } from './conservation.ts';
import { CreditTally } from './credit-tally.ts';
import { customersOf, registerCustomers } from './customers.ts';
import { FeedFollower } from './feed.ts';
import { chooseInvoices, type Invoice, isCredit, readRetailFile } from './invoices.ts';
import type { Credentials, Options } from './options.ts';
import { type Placing, placeInvoices } from './placing.ts';
import { deriveProducts } from './products.ts';
import { startBar } from './progress.ts';
import { buildReport, type Report } from './report.ts';
import { isAtRest, Tally } from './tally.ts';

const LOOK_MS = 100;
/** How long stock may still be held after the last order ended: the engine's own sweep gives back what it forgot. */
const SETTLE_MS = 60_000;

/**
 * Runs the file through the engine at `url`. After an abort it reports what it has, if orders were placed.
 * @throws Error when the file, the operator, a product or a customer is refused.
 */
export async function replay(
  options: Options,
  url: string,
  operator: Credentials,
  signal: AbortSignal,
): Promise<Report> {
  const at = new Date();
  const runId = randomBytes(4).toString('hex');
  const file = await readRetailFile(options.file);
  const invoices = chooseInvoices(file, options.orders);
  const ordinary = withoutCredits(invoices);
  const api = new Api({ url, operator, patienceMs: options.timeoutMs, signal });
  await api.login();
  const before = await readBooks(api);

  const products = deriveProducts(withoutCredits(file), ordinary, options.stock);
  const catalogue = await withBar('Products', products.length, (onDone) =>
    stockCatalogue(api, products, options.concurrency, onDone),
  );
  const names = customersOf(ordinary);
  const customers = await withBar('Customers', names.length, (onDone) =>
    registerCustomers(api, runId, names, options.concurrency, onDone),
  );

  const tally = new Tally();
  const credits = new CreditTally();
  const feed = new FeedFollower({
    url,
    getToken: async () => {
      await api.login();
      return api.token;
    },
    onTransition: (transition) => {
      tally.move(transition, performance.now());
      const { orderId, seq, final } = transition;
      const order = tally.taken.get(orderId);
      // An end from before the last command: a parcel's news came between.
      if (final && order && !isAtRest(order)) feed.follow(orderId, seq);
    },
  });
  const { concurrency, rate, timeoutMs } = options;
  const placing: Placing = {
    ...{ api, feed, tally, credits, runId, customers, catalogue: catalogue.prices },
    ...{ concurrency, timeoutMs, signal },
    ...(rate !== undefined && { rate }),
  };
  try {
    const ran = placeInvoices(placing, invoices).then(() => awaitEnds(tally, timeoutMs, signal));
    await unlessAborted(signal, withOrderBar(tally, ordinary.length, ran));
  } finally {
    feed.close();
  }
  const conservation = await unlessAborted(
    signal,
    checkBooks(api, before, [...catalogue.prices.keys()], tally),
  );
  return buildReport({
    run: { id: runId, file: options.file, url, at: at.toISOString(), interrupted: signal.aborted },
    file,
    chosen: invoices,
    products: products.length,
    productsRefused: catalogue.refused,
    customers: names.length,
    tally,
    credits,
    requestsRepeated: api.retries,
    feed: { transitions: feed.transitions, reconnects: feed.reconnects, faults: feed.faults },
    ...(conservation && { conservation }),
  });
}

const withoutCredits = (invoices: Invoice[]) => invoices.filter((invoice) => !isCredit(invoice));

async function awaitEnds(tally: Tally, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (tally.inFlight > 0 && performance.now() < until) await sleep(LOOK_MS, undefined, { signal });
}

async function checkBooks(api: Api, before: Books, skus: string[], tally: Tally): Promise<Conservation> {
  // To a token that ran out the catalogue would still answer, but as to the public.
  await api.login();
  const until = performance.now() + SETTLE_MS;
  let after = await readBooks(api);
  while (tally.inFlight === 0 && isHolding(before, after, skus) && performance.now() < until) {
    await sleep(1_000);
    after = await readBooks(api);
  }
  return compareBooks(before, after, skus, tally.taken.values());
}

/** Undefined when the work failed because of the abort. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
}

async function withBar<T>(name: string, total: number, work: (onDone: () => void) => Promise<T>): Promise<T> {
  const bar = startBar(name, total, '{value}/{total}');
  try {
    return await work(() => bar.increment());
  } finally {
    bar.stop();
  }
}

async function withOrderBar(tally: Tally, total: number, work: Promise<void>): Promise<void> {
  const startMs = performance.now();
  const payload = () => ({
    placed: tally.taken.size,
    completed: tally.completed,
    refused: tally.refused,
    inFlight: tally.inFlight,
    speed: ((1000 * (tally.completed + tally.ended)) / (performance.now() - startMs)).toFixed(0),
  });
  const shape =
    '{percentage}% | {placed} placed, {completed} completed, {refused} refused, {inFlight} in flight | {speed}/s';
  const bar = startBar('Orders', total, shape, payload());
  const show = () => bar.update(tally.completed + tally.refused + tally.unanswered, payload());
  const looking = setInterval(show, LOOK_MS);
  try {
    await work;
  } finally {
    clearInterval(looking);
    show();
    bar.stop();
  }
}
