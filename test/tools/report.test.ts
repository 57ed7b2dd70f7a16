/** The figures of a run, and the table that tells them. */
import test from 'ava';
import type { OrderView, TransitionView } from '../../src/machines/order-view.ts';
import { CreditTally } from '../../tools/replay/credit-tally.ts';
import type { Invoice } from '../../tools/replay/invoices.ts';
import type { OrderReturn } from '../../tools/replay/matching.ts';
import { buildReport, isGood, type Outcome, percentile } from '../../tools/replay/report.ts';
import { writeTable } from '../../tools/replay/table.ts';
import { Tally } from '../../tools/replay/tally.ts';

const take = (tally: Tally, id: string, sentAtMs: number) =>
  tally.take(`invoice ${id}`, { id, state: 'placed' } as OrderView, sentAtMs);
const move = (
  tally: Tally,
  orderId: string,
  to: string,
  final: boolean,
  atMs: number,
  code?: string,
  seq = 1,
) =>
  tally.move(
    {
      orderId,
      to,
      final,
      seq,
      ...(code !== undefined && { reason: { code, detail: '' } }),
    } as TransitionView,
    atMs,
  );

const invoice = (invoiceNo: string, lines = 0): Invoice => ({
  ...{ invoiceNo, date: '', country: 'EIRE' },
  lines: Array.from({ length: lines }, () => ({
    sku: '10001',
    description: '',
    quantity: -2,
    unitPriceMinor: 1,
  })),
});
const returnOf = (orderId: string, quantity: number): OrderReturn => ({
  orderId,
  lines: [{ line: 1, quantity, bought: { sku: '10001', left: 9, unitPriceMinor: 250 } }],
});

function outcomeOf(tally: Tally, credits = new CreditTally()): Outcome {
  const file = ['1', '2', '3', '4', '5', '6', 'C1', 'C2', 'C3'].map((invoiceNo) => invoice(invoiceNo));
  return {
    run: { id: 'r1', file: 'f.csv.gz', url: 'http://h', at: '2026-01-01T00:00:00.000Z', interrupted: false },
    file,
    chosen: file.slice(0, 6),
    products: 2,
    productsRefused: 0,
    customers: 1,
    tally,
    credits,
    requestsRepeated: 0,
    feed: { transitions: 9, reconnects: 1, faults: [] },
    conservation: {
      ...{
        products: 2,
        units: { received: 9, available: 8, held: 0, sold: 1 },
        soldUnits: 1,
        orderedUnits: 4,
        returnedUnits: 3,
      },
      ...{ capturedMinor: 1_223_456, refundedMinor: 1_100_000, keptMinor: 123_456, faults: [] },
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
  const report = buildReport({ ...outcomeOf(new Tally()), chosen: [] });
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

test('a transition of an order of somebody else changes nothing', (t) => {
  const tally = mixedTally();
  move(tally, 'unknown', 'completed', true, 9_000);
  t.deepEqual([tally.completed, tally.ended, tally.inFlight, tally.refused], [2, 1, 1, 3]);
});

test('an order that a return moves again rests when its end is the one after the return', (t) => {
  const tally = mixedTally();
  move(tally, 'd', 'cancelled', true, 5_000);
  tally.reopen(returnOf('a', 2), 3);
  t.is(tally.inFlight, 1, 'before the feed tells of it');
  move(tally, 'a', 'completed', true, 6_000, undefined, 2);
  t.is(tally.inFlight, 1, 'an end from before the return');
  move(tally, 'a', 'returning', false, 6_100, undefined, 3);
  t.deepEqual(buildReport(outcomeOf(tally)).stuck, [{ state: 'returning', orders: 1 }]);
  move(tally, 'a', 'returned', true, 9_000, undefined, 4);
  t.is(tally.inFlight, 0);
  const report = buildReport(outcomeOf(tally));
  t.deepEqual([report.completed, report.seconds, report.stuck], [2, 5, []], 'its first end is what counts');
  t.like(report.returns, { orders: 1, keptNothing: 1 });
});

test('credits are counted once each, and their units by what became of them', (t) => {
  const credits = new CreditTally();
  credits.give(returnOf('a', 2));
  credits.give(returnOf('b', 1));
  credits.end(invoice('C1', 2), 2, []);
  credits.end(invoice('C2', 2), 1, [{ reason: 'more_than_bought', units: 1 }]);
  credits.end(invoice('C3', 3), 0, [
    { reason: 'never_bought', units: 2 },
    { reason: 'never_bought', units: 3 },
    { reason: 'not_goods', units: 2 },
  ]);
  const outcome = outcomeOf(mixedTally(), credits);
  const { returns } = buildReport({ ...outcome, chosen: outcome.file });
  t.like(returns, {
    credits: { whole: 1, part: 1, none: 1, leftOut: 0 },
    ...{ lines: 7, wholeLines: 3, taken: 2, units: 3, amountMinor: 750 },
  });
  t.deepEqual(returns.unmatched, [
    { reason: 'never_bought', lines: 2, units: 5 },
    { reason: 'more_than_bought', lines: 1, units: 1 },
    { reason: 'not_goods', lines: 1, units: 2 },
  ]);
});

test('what cannot be matched is no fault; what was left open is', (t) => {
  const tally = mixedTally();
  move(tally, 'd', 'cancelled', true, 5_000);
  const goodWith = (reason: string, ended = true) => {
    const credits = new CreditTally();
    if (ended) credits.end(invoice('C1', 1), 0, [{ reason, units: 2 }]);
    const outcome = outcomeOf(tally, credits);
    return isGood(buildReport({ ...outcome, chosen: outcome.file.slice(0, 7) }));
  };
  t.true(goodWith('never_bought'));
  t.true(goodWith('event-refused'));
  t.false(goodWith('unanswered'));
  t.false(goodWith('purchase_unfinished'));
  t.false(goodWith('', false), 'left out');
});

test('the table names every count and reason, and the faults at its end', (t) => {
  const credits = new CreditTally();
  credits.give(returnOf('a', 2));
  credits.end(invoice('C1', 3), 1, [{ reason: 'never_bought', units: 1_234 }]);
  const report = buildReport(outcomeOf(mixedTally(), credits));
  const table = writeTable({ ...report, feed: { ...report.feed, faults: ['d: expected seq 2, heard 3.'] } });
  t.regex(table, /^ {2}Placed \(201\) +4$/m);
  t.regex(table, /^ {4}at the door +1 {2}quantity_not_positive$/m);
  t.regex(table, /^ {4}rejected +1 {2}out_of_stock$/m);
  t.regex(table, /^ {4}last seen +1 {2}charging$/m);
  t.regex(table, /^ {2}Placing to completed, p95 +2,000 ms$/m);
  t.regex(table, /^ {2}Returned in this run +2 {2}units, GBP 5\.00$/m);
  t.regex(table, /^ {6}of these +1 {2}never_bought, 1,234 units$/m);
  t.regex(table, /^ {2}Sold in this run +1 {2}units; completed orders have 4 less 3 returned$/m);
  t.regex(table, /^ {4}kept +GBP 1,234\.56 {2}goods sold and kept: GBP 1,234\.56$/m);
  t.regex(table, /^ {2}Conservation +exact$/m);
  t.regex(table, /^ {2}! d: expected seq 2, heard 3\.$/m);
});
