/** The check of conservation notices each way in which books can be wrong. */
import test from 'ava';
import type { Books, ListedOrder, Stock } from '../../tools/replay/books.ts';
import { compareBooks, isHolding } from '../../tools/replay/conservation.ts';
import type { TakenOrder } from '../../tools/replay/tally.ts';

interface Told {
  stock: Stock;
  soldUnits?: number;
  returnedUnits?: number;
  orders: [id: string, order: ListedOrder][];
}

const booksOf = ({ stock, soldUnits = 0, returnedUnits = 0, orders }: Told): Books => ({
  products: new Map([['lamp', { sku: 'lamp', priceMinor: 100, stock }]]),
  soldUnits: new Map([['lamp', soldUnits]]),
  returnedUnits: new Map([['lamp', returnedUnits]]),
  orders: new Map(orders),
});

const listed = (fields: Partial<ListedOrder> = {}): ListedOrder => ({
  ...{ state: 'completed', capturedMinor: 300, refundedMinor: 100, keptMinor: 200 },
  returned: [{ line: 1, quantity: 1 }],
  ...fields,
});
const earlier: [string, ListedOrder] = [
  'o0',
  listed({ capturedMinor: 400, refundedMinor: 0, keptMinor: 400, returned: [] }),
];
const before = booksOf({
  stock: { received: 10, available: 6, held: 0, sold: 4 },
  soldUnits: 4,
  orders: [earlier],
});
const good: Told = {
  stock: { received: 30, available: 24, held: 0, sold: 6 },
  soldUnits: 7,
  returnedUnits: 1,
  orders: [earlier, ['o1', listed()]],
};
const order: TakenOrder = {
  ...{ id: 'o1', invoiceNo: '7', state: 'completed', seq: 9, final: true, restsFromSeq: 7 },
  ...{ sentAtMs: 0, finalAtMs: 1, returnedUnits: new Map([[1, 1]]), returnedMinor: 100 },
};
const faultsOf = (told: Partial<Told>, taken = [order]) =>
  compareBooks(before, booksOf({ ...good, ...told }), ['lamp'], taken).faults;
const faultsOfOrder = (fields: Partial<ListedOrder>, taken = order) =>
  faultsOf({ orders: [earlier, ['o1', listed(fields)]] }, [taken]);

test('exact books have no fault, and count what the run added', (t) => {
  const sum = compareBooks(before, booksOf(good), ['lamp'], [order]);
  t.deepEqual(sum, {
    ...{ products: 1, units: good.stock, soldUnits: 2, orderedUnits: 3, returnedUnits: 1 },
    ...{ capturedMinor: 300, refundedMinor: 100, keptMinor: 200, faults: [] },
  });
});

test('a unit made or lost', (t) => {
  t.deepEqual(faultsOf({ stock: { received: 30, available: 23, held: 0, sold: 6 } }), [
    'lamp: received 30 is not available 23 + held 0 + sold 6.',
  ]);
});

test('a unit still held', (t) => {
  const stock = { received: 30, available: 23, held: 1, sold: 6 };
  t.deepEqual(faultsOf({ stock }), ['lamp: 1 held, expected 0.']);
  t.true(isHolding(before, booksOf({ ...good, stock }), ['lamp']));
  t.false(isHolding(before, booksOf(good), ['lamp']));
});

test('a unit sold that no completed order has', (t) => {
  t.deepEqual(faultsOf({ soldUnits: 6 }), ['lamp: 2 sold, but completed orders have 2 less 1 returned.']);
});

test('a unit returned that is not in stock again', (t) => {
  t.deepEqual(faultsOf({ returnedUnits: 2 }), ['lamp: 2 sold, but completed orders have 3 less 2 returned.']);
});

test('money that does not go with the goods', (t) => {
  t.deepEqual(faultsOfOrder({ capturedMinor: 299 }), [
    'Captured 299 less refunded 100 (minor units) is not 200, what the goods sold and kept cost.',
    'Order o1 (invoice 7) keeps 199 (minor units) for goods of 200.',
  ]);
  t.deepEqual(faultsOfOrder({ state: 'rejected', keptMinor: 0 }, { ...order, state: 'rejected' }), [
    'Captured 300 less refunded 100 (minor units) is not 0, what the goods sold and kept cost.',
    'Order o1 (invoice 7) keeps 200 (minor units) for goods of 0.',
  ]);
});

test('a refund twice, and units taken back that nobody sent', (t) => {
  t.deepEqual(faultsOfOrder({ refundedMinor: 200, keptMinor: 100, returned: [{ line: 1, quantity: 2 }] }), [
    'Order o1 (invoice 7) refunded 200 (minor units), but what was sent back had cost 100.',
    'Order o1 (invoice 7) took back 2 of line 1, but 1 of line 1 were sent back.',
  ]);
  t.deepEqual(faultsOfOrder({ returned: [] }), [
    'Order o1 (invoice 7) took back nothing, but 1 of line 1 were sent back.',
  ]);
});

test('an order that is lost, and one that is not what the feed said', (t) => {
  const taken = { ...order, id: 'o2' };
  t.deepEqual(faultsOf({}, [taken]), ['Order o2 (invoice 7) was taken, but is not listed.']);
  t.deepEqual(faultsOfOrder({ state: 'charging' }), [
    'Order o1 (invoice 7) is charging, but the feed said completed.',
  ]);
});

test('news of a parcel after the end that was heard is no fault', (t) => {
  t.deepEqual(faultsOfOrder({ state: 'delivered' }), []);
});

test('a product that is gone', (t) => {
  const gone = { ...booksOf(good), products: new Map() };
  t.true(compareBooks(before, gone, ['lamp'], []).faults.includes('lamp: no longer in the catalogue.'));
});
