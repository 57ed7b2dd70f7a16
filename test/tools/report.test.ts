/** The figures of a run, and the table that tells them. */
import test from 'ava';
import type { OrderView, TransitionView } from '../../src/machines/order-view.ts';
import { buildReport, isGood, type Outcome, percentile } from '../../tools/replay/report.ts';
import { writeTable } from '../../tools/replay/table.ts';
import { Tally } from '../../tools/replay/tally.ts';

const take = (tally: Tally, id: string, sentAtMs: number) =>
  tally.take(`invoice ${id}`, { id, state: 'placed' } as OrderView, sentAtMs);
const move = (tally: Tally, orderId: string, to: string, final: boolean, atMs: number, code?: string) =>
  tally.move(
    { orderId, to, final, ...(code !== undefined && { reason: { code, detail: '' } }) } as TransitionView,
    atMs,
  );

function outcomeOf(tally: Tally): Outcome {
  return {
    run: { id: 'r1', file: 'f.csv.gz', url: 'http://h', at: '2026-01-01T00:00:00.000Z', interrupted: false },
    file: { ordinary: [], credits: 3 },
    chosen: 6,
    products: 2,
    productsRefused: 0,
    customers: 1,
    tally,
    requestsRepeated: 0,
    feed: { transitions: 9, reconnects: 1, faults: [] },
    conservation: {
      ...{
        products: 2,
        productsRefused: 0,
        units: { received: 9, available: 8, held: 0, sold: 1 },
        soldUnits: 1,
        orderedUnits: 1,
      },
      ...{ amountMinor: 123_456, linesMinor: 123_456, faults: [] },
    },
  };
}

function mixedTally(): Tally {
  const tally = new Tally();
  for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) take(tally, id, index * 1000);
  move(tally, 'a', 'completed', true, 1_500);
  move(tally, 'b', 'rejected', true, 2_000, 'out_of_stock');
  move(tally, 'c', 'completed', true, 4_000);
  move(tally, 'd', 'charging', false, 4_500);
  const errors = [{ pointer: '/lines/0/quantity', code: 'quantity_not_positive', detail: '' }];
  tally.refuse({ code: 'invalid-request', detail: '', errors });
  tally.refuse({ code: 'forbidden', detail: '' });
  return tally;
}

test('a percentile is a value that occurred: the nearest rank', (t) => {
  const values = [10, 20, 30, 40];
  t.deepEqual(
    [0, 25, 50, 75, 76, 95, 100].map((percent) => percentile(values, percent)),
    [10, 10, 20, 30, 40, 40, 40],
  );
  t.is(percentile([], 50), undefined);
});

test('every chosen invoice is counted once', (t) => {
  const report = buildReport(outcomeOf(mixedTally()));
  t.is(report.placed, 4);
  t.is(report.completed, 2);
  t.deepEqual(report.refused, [
    { where: 'door', code: 'quantity_not_positive', orders: 1 },
    { where: 'door', code: 'forbidden', orders: 1 },
    { where: 'rejected', code: 'out_of_stock', orders: 1 },
  ]);
  t.deepEqual(report.stuck, [{ state: 'charging', orders: 1 }]);
  t.deepEqual([report.unanswered, report.leftOut], [0, 0]);
});

test('latency is of completed orders; speed from the first sending to the last end', (t) => {
  const report = buildReport(outcomeOf(mixedTally()));
  t.deepEqual(report.latencyMs, { p50: 1_500, p95: 2_000, p99: 2_000 });
  t.is(report.seconds, 4);
  t.is(report.ordersPerSecond, 0.75);
});

test('a run of nothing has no latency and no speed', (t) => {
  const report = buildReport({ ...outcomeOf(new Tally()), chosen: 0 });
  t.deepEqual([report.latencyMs, report.seconds, report.ordersPerSecond], [undefined, 0, 0]);
  t.true(isGood(report));
});

test('a run is good only when all is ended, answered, heard and exact', (t) => {
  const tally = mixedTally();
  t.false(isGood(buildReport(outcomeOf(tally))), 'one is stuck');
  move(tally, 'd', 'cancelled', true, 5_000);
  const good = buildReport(outcomeOf(tally));
  t.true(isGood(good));
  t.false(isGood({ ...good, unanswered: 1 }));
  t.false(isGood({ ...good, leftOut: 1 }));
  t.false(isGood({ ...good, feed: { ...good.feed, faults: ['a gap'] } }));
  const { conservation, ...unread } = good;
  t.false(isGood(unread));
  t.false(
    conservation === undefined || isGood({ ...good, conservation: { ...conservation, faults: ['lost'] } }),
  );
});

test('a transition after the end, or of an order of somebody else, changes nothing', (t) => {
  const tally = mixedTally();
  move(tally, 'a', 'rejected', true, 9_000);
  move(tally, 'unknown', 'completed', true, 9_000);
  t.deepEqual([tally.completed, tally.ended, tally.inFlight, tally.refused], [2, 1, 1, 3]);
});

test('the table names every count and reason, and the faults at its end', (t) => {
  const report = buildReport(outcomeOf(mixedTally()));
  const table = writeTable({ ...report, feed: { ...report.feed, faults: ['d: expected seq 2, heard 3.'] } });
  t.regex(table, /^ {2}Placed \(201\) +4$/m);
  t.regex(table, /^ {4}at the door +1 {2}quantity_not_positive$/m);
  t.regex(table, /^ {4}rejected +1 {2}out_of_stock$/m);
  t.regex(table, /^ {4}last seen +1 {2}charging$/m);
  t.regex(table, /^ {2}Placing to completed, p95 +2,000 ms$/m);
  t.regex(table, /^ {2}Money in this run +GBP 1,234\.56 {2}completed orders' lines: GBP 1,234\.56$/m);
  t.regex(table, /^ {2}Conservation +exact$/m);
  t.regex(table, /^ {2}! d: expected seq 2, heard 3\.$/m);
});
