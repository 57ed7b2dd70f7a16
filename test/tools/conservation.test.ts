/** The check of conservation notices each way in which books can be wrong. */
import test from 'ava';
import type { Books, Stock } from '../../tools/replay/books.ts';
import { compareBooks, isHolding } from '../../tools/replay/conservation.ts';
import type { TakenOrder } from '../../tools/replay/tally.ts';

interface Told {
  stock: Stock;
  soldUnits?: number;
  amountMinor?: number;
  linesMinor?: number;
  states?: [string, string][];
}

const booksOf = ({
  stock,
  soldUnits = 0,
  amountMinor = 0,
  linesMinor = amountMinor,
  states = [],
}: Told): Books => ({
  products: new Map([['lamp', { sku: 'lamp', priceMinor: 100, stock }]]),
  soldUnits: new Map([['lamp', soldUnits]]),
  states: new Map(states),
  amountMinor,
  linesMinor,
});

const before = booksOf({
  stock: { received: 10, available: 6, held: 0, sold: 4 },
  soldUnits: 4,
  amountMinor: 400,
});
const good: Told = {
  stock: { received: 30, available: 24, held: 0, sold: 6 },
  soldUnits: 6,
  amountMinor: 600,
  states: [['o1', 'completed']],
};
const order: TakenOrder = { id: 'o1', invoiceNo: '7', state: 'completed', sentAtMs: 0, finalAtMs: 1 };
const faultsOf = (told: Partial<Told>, taken = [order]) =>
  compareBooks(before, booksOf({ ...good, ...told }), ['lamp'], taken).faults;

test('exact books have no fault, and count what the run added', (t) => {
  const sum = compareBooks(before, booksOf(good), ['lamp'], [order]);
  t.deepEqual(sum.faults, []);
  t.deepEqual(sum.units, good.stock);
  t.deepEqual([sum.products, sum.soldUnits, sum.orderedUnits, sum.amountMinor], [1, 2, 2, 200]);
});

test('a unit made or lost', (t) => {
  t.deepEqual(faultsOf({ stock: { received: 30, available: 23, held: 0, sold: 6 } }), [
    'lamp: received 30 is not available 23 + held 0 + sold 6.',
  ]);
});

test('a unit still held', (t) => {
  const stock = { received: 30, available: 23, held: 1, sold: 6 };
  t.deepEqual(faultsOf({ stock }), ['lamp: 1 held, expected 0.']);
  t.true(isHolding(before, booksOf({ stock }), ['lamp']));
  t.false(isHolding(before, booksOf(good), ['lamp']));
});

test('a unit sold that no completed order has', (t) => {
  t.deepEqual(faultsOf({ soldUnits: 5 }), ['lamp: 2 sold, but completed orders have 1.']);
});

test('an amount that is not the sum of its lines', (t) => {
  t.deepEqual(faultsOf({ linesMinor: 599 }), [
    'Completed orders amount to 200 (minor units), their lines to 199.',
  ]);
});

test('an order that is lost, and one that is not what the feed said', (t) => {
  t.deepEqual(faultsOf({ states: [] }), ['Order o1 (invoice 7) was taken, but is not listed.']);
  t.deepEqual(faultsOf({ states: [['o1', 'charging']] }), [
    'Order o1 (invoice 7) is charging, but the feed said completed.',
  ]);
});

test('a product that is gone', (t) => {
  const gone = { ...booksOf(good), products: new Map() };
  t.true(compareBooks(before, gone, ['lamp'], []).faults.includes('lamp: no longer in the catalogue.'));
});
