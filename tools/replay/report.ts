/** The outcome of a run, in figures and as the table that ends it; pure. */
import type { Conservation } from './conservation.ts';
import type { CreditTally } from './credit-tally.ts';
import { type Invoice, isCredit } from './invoices.ts';
import { isAtRest, SOLD_STATES, type Tally } from './tally.ts';

/** The run in figures, as `--json` writes it. */
export interface Report {
  run: { id: string; file: string; url: string; at: string; interrupted: boolean };
  /** The file's invoices, ordinary and credits, and the chosen ones of each. */
  invoices: {
    ordinary: number;
    credits: number;
    chosen: number;
    chosenCredits: number;
    customers: number;
  };
  products: { named: number; refused: number };
  placed: number;
  /** Orders that were completed, whatever came back of them. */
  completed: number;
  returns: ReturnsReport;
  /** Orders that were refused, by where (`door`, or the final state) and by code; most first. */
  refused: { where: string; code: string; orders: number }[];
  /** Taken orders that do not rest, by the state they were last seen in. */
  stuck: { state: string; orders: number }[];
  /** Placings without a final answer in time. */
  unanswered: number;
  /** Invoices that an interruption left out. */
  leftOut: number;
  /** From the first sending of the request until the feed told of `completed`. */
  latencyMs: { p50: number; p95: number; p99: number } | undefined;
  /** From the first sending to the last end. */
  seconds: number;
  ordersPerSecond: number;
  requestsRepeated: number;
  feed: { transitions: number; reconnects: number; faults: string[] };
  /** Absent when the run was interrupted. */
  conservation?: Conservation;
}

/** What came of the credit invoices. */
export interface ReturnsReport {
  /** Credits that were returned in whole, in part, not at all, and those that an interruption left out. */
  credits: { whole: number; part: number; none: number; leftOut: number };
  /** Their lines, and those of them that were returned in whole. */
  lines: number;
  wholeLines: number;
  /** Returns taken by the engine, the orders that they were from, and those of these that kept nothing. */
  taken: number;
  orders: number;
  keptNothing: number;
  units: number;
  amountMinor: number;
  /** What was not returned, by reason; most lines first. */
  unmatched: { reason: string; lines: number; units: number }[];
}

/** What the run knows when it ends. */
export interface Outcome {
  run: Report['run'];
  /** All invoices of the file, and those of the run. */
  file: Invoice[];
  chosen: Invoice[];
  products: number;
  productsRefused: number;
  customers: number;
  tally: Tally;
  credits: CreditTally;
  requestsRepeated: number;
  feed: Report['feed'];
  conservation?: Conservation;
}

/** Reasons that leave open what became of a return. */
const UNSETTLED: ReadonlySet<string> = new Set(['unanswered', 'purchase_unfinished']);

/** Nearest rank: the smallest value that at least `percent` of the values do not exceed; undefined of none. */
export function percentile(ascending: number[], percent: number): number | undefined {
  const rank = Math.max(1, Math.ceil((percent / 100) * ascending.length));
  return ascending[rank - 1];
}

/** Counts the run up. */
export function buildReport(told: Outcome): Report {
  const { tally, credits, file, chosen, products, productsRefused, customers, ...outcome } = told;
  const [ofFile, ofRun] = [count(file), count(chosen)];
  const taken = [...tally.taken.values()];
  const sent = taken.map(({ sentAtMs }) => sentAtMs);
  const ended = taken.flatMap(({ finalAtMs }) => finalAtMs ?? []);
  const seconds = ended.length === 0 ? 0 : (latest(ended) - earliest(sent)) / 1000;
  const door = [...tally.refusedAtDoor].map(([code, orders]) => ({ where: 'door', code, orders }));
  const endings = taken.filter(({ state, finalAtMs }) => finalAtMs !== undefined && !SOLD_STATES.has(state));
  const later = countBy(endings, ({ state, reasonCode }) => `${state} ${reasonCode ?? 'no_reason'}`);
  const doorTotal = door.reduce((sum, { orders }) => sum + orders, 0);
  return {
    ...outcome,
    invoices: { ...ofFile, chosen: ofRun.ordinary, chosenCredits: ofRun.credits, customers },
    products: { named: products, refused: productsRefused },
    placed: taken.length,
    completed: tally.completed,
    returns: reportReturns(tally, credits, ofRun.credits),
    refused: [
      ...door,
      ...later.map(({ key, orders }) => {
        const [where = '', code = ''] = key.split(' ');
        return { where, code, orders };
      }),
    ].sort((a, b) => b.orders - a.orders),
    stuck: countBy(
      taken.filter((order) => !isAtRest(order)),
      ({ state }) => state,
    ).map(({ key, orders }) => ({ state: key, orders })),
    unanswered: tally.unanswered,
    leftOut: ofRun.ordinary - taken.length - doorTotal - tally.unanswered,
    latencyMs: latenciesOf(tally),
    seconds,
    ordersPerSecond: seconds === 0 ? 0 : ended.length / seconds,
  };
}

/** Whether the run showed what it should: everything answered and ended, heard without a gap, and exact books. */
export function isGood({ stuck, unanswered, leftOut, returns, feed, conservation }: Report): boolean {
  const books = conservation?.faults ?? ['not read'];
  const open = returns.unmatched.filter(({ reason }) => UNSETTLED.has(reason));
  return (
    [...stuck, ...feed.faults, ...books, ...open].length === 0 &&
    unanswered + leftOut + returns.credits.leftOut === 0
  );
}

function count(invoices: Invoice[]): { ordinary: number; credits: number } {
  const credits = invoices.filter(isCredit).length;
  return { ordinary: invoices.length - credits, credits };
}

function reportReturns(tally: Tally, credits: CreditTally, chosen: number): ReturnsReport {
  const { whole, part, none, lines, wholeLines, returns, units, amountMinor } = credits;
  const orders = [...tally.taken.values()].filter(({ returnedUnits }) => returnedUnits.size > 0);
  return {
    credits: { whole, part, none, leftOut: chosen - whole - part - none },
    lines,
    wholeLines,
    taken: returns,
    orders: orders.length,
    keptNothing: orders.filter(({ state }) => state === 'returned').length,
    units,
    amountMinor,
    unmatched: [...credits.unmatched]
      .map(([reason, missing]) => ({ reason, ...missing }))
      .sort((a, b) => b.lines - a.lines || a.reason.localeCompare(b.reason)),
  };
}

function latenciesOf(tally: Tally): Report['latencyMs'] {
  const ascending = [...tally.taken.values()]
    .filter(({ state }) => SOLD_STATES.has(state))
    .flatMap(({ sentAtMs, finalAtMs }) => (finalAtMs === undefined ? [] : [finalAtMs - sentAtMs]))
    .sort((a, b) => a - b);
  const [p50, p95, p99] = [50, 95, 99].map((percent) => percentile(ascending, percent));
  if (p50 === undefined || p95 === undefined || p99 === undefined) return undefined;
  return { p50, p95, p99 };
}

function countBy<T>(items: T[], keyOf: (item: T) => string): { key: string; orders: number }[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return [...counts].map(([key, orders]) => ({ key, orders }));
}

const earliest = (times: number[]) => times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
const latest = (times: number[]) => times.reduce((a, b) => Math.max(a, b), 0);
