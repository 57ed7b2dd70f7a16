/** The outcome of a run, in figures and as the table that ends it; pure. */
import type { Conservation } from './conservation.ts';
import type { RetailFile } from './invoices.ts';
import type { Tally } from './tally.ts';

/** The run in figures, as `--json` writes it. */
export interface Report {
  run: { id: string; file: string; url: string; at: string; interrupted: boolean };
  invoices: { ordinary: number; credits: number; chosen: number; customers: number };
  products: { named: number; refused: number };
  placed: number;
  completed: number;
  /** Orders that were refused, by where (`door`, or the final state) and by code; most first. */
  refused: { where: string; code: string; orders: number }[];
  /** Taken orders without an end, by the state they were last seen in. */
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

/** What the run knows when it ends. */
export interface Outcome {
  run: Report['run'];
  file: RetailFile;
  chosen: number;
  products: number;
  productsRefused: number;
  customers: number;
  tally: Tally;
  requestsRepeated: number;
  feed: Report['feed'];
  conservation?: Conservation;
}

/** Nearest rank: the smallest value that at least `percent` of the values do not exceed; undefined of none. */
export function percentile(ascending: number[], percent: number): number | undefined {
  const rank = Math.max(1, Math.ceil((percent / 100) * ascending.length));
  return ascending[rank - 1];
}

/** Counts the run up. */
export function buildReport(told: Outcome): Report {
  const { tally, file, chosen, products, productsRefused, customers, ...outcome } = told;
  const taken = [...tally.taken.values()];
  const sent = taken.map(({ sentAtMs }) => sentAtMs);
  const ended = taken.flatMap(({ finalAtMs }) => finalAtMs ?? []);
  const seconds = ended.length === 0 ? 0 : (latest(ended) - earliest(sent)) / 1000;
  const door = [...tally.refusedAtDoor].map(([code, orders]) => ({ where: 'door', code, orders }));
  const endings = taken.filter(({ state, finalAtMs }) => finalAtMs !== undefined && state !== 'completed');
  const later = countBy(endings, ({ state, reasonCode }) => `${state} ${reasonCode ?? 'no_reason'}`);
  const doorTotal = door.reduce((sum, { orders }) => sum + orders, 0);
  return {
    ...outcome,
    invoices: { ordinary: file.ordinary.length, credits: file.credits, chosen, customers },
    products: { named: products, refused: productsRefused },
    placed: taken.length,
    completed: tally.completed,
    refused: [
      ...door,
      ...later.map(({ key, orders }) => {
        const [where = '', code = ''] = key.split(' ');
        return { where, code, orders };
      }),
    ].sort((a, b) => b.orders - a.orders),
    stuck: countBy(
      taken.filter(({ finalAtMs }) => finalAtMs === undefined),
      ({ state }) => state,
    ).map(({ key, orders }) => ({ state: key, orders })),
    unanswered: tally.unanswered,
    leftOut: chosen - taken.length - doorTotal - tally.unanswered,
    latencyMs: latenciesOf(tally),
    seconds,
    ordersPerSecond: seconds === 0 ? 0 : ended.length / seconds,
  };
}

/** Whether the run showed what it should: everything answered and ended, heard without a gap, and exact books. */
export function isGood({ stuck, unanswered, leftOut, feed, conservation }: Report): boolean {
  const books = conservation?.faults ?? ['not read'];
  return [...stuck, ...feed.faults, ...books].length === 0 && unanswered === 0 && leftOut === 0;
}

function latenciesOf(tally: Tally): Report['latencyMs'] {
  const ascending = [...tally.taken.values()]
    .filter(({ state }) => state === 'completed')
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
