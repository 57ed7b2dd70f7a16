/** The check that nothing was made or lost: stock, money and orders, before the run and after; pure. */
import type { Books, ListedOrder, Stock } from './books.ts';
import { isAtRest, SOLD_STATES, type TakenOrder } from './tally.ts';

/** What was compared, in all; exact when there are no faults. */
export interface Conservation {
  products: number;
  /** Over the products of the run, as they stand after it. */
  units: Stock;
  /** Units that the run's time added to `sold`; those on the lines of orders sold in it, and those come back of these. */
  soldUnits: number;
  orderedUnits: number;
  returnedUnits: number;
  /** Captured and refunded in the run's time, and what the lines cost whose units did not come back. */
  capturedMinor: number;
  refundedMinor: number;
  keptMinor: number;
  /** One sentence for each thing that does not add up. */
  faults: string[];
}

const NOTHING: Stock = { received: 0, available: 0, held: 0, sold: 0 };

/** Compares what the API said before the run and after it, for the products and the orders of the run. */
export function compareBooks(
  before: Books,
  after: Books,
  skus: Iterable<string>,
  taken: Iterable<TakenOrder>,
): Conservation {
  const added = (amount: 'capturedMinor' | 'refundedMinor' | 'keptMinor') =>
    sumOf(after, amount) - sumOf(before, amount);
  const sum: Conservation = {
    products: 0,
    units: { ...NOTHING },
    soldUnits: 0,
    orderedUnits: 0,
    returnedUnits: 0,
    capturedMinor: added('capturedMinor'),
    refundedMinor: added('refundedMinor'),
    keptMinor: added('keptMinor'),
    faults: [],
  };
  for (const sku of skus) compareProduct(sum, sku, before, after);
  const { capturedMinor, refundedMinor, keptMinor } = sum;
  if (capturedMinor - refundedMinor !== keptMinor)
    sum.faults.push(
      `Captured ${capturedMinor} less refunded ${refundedMinor} (minor units) is not ${keptMinor}, what the goods sold and kept cost.`,
    );
  for (const order of taken) sum.faults.push(...compareOrder(order, after));
  return sum;
}

/** Whether units of a product are still held that were not held before. */
export function isHolding(before: Books, after: Books, skus: Iterable<string>): boolean {
  return [...skus].some((sku) => stockOf(after, sku).held > stockOf(before, sku).held);
}

function stockOf(books: Books, sku: string): Stock {
  return books.products.get(sku)?.stock ?? NOTHING;
}

function sumOf({ orders }: Books, amount: 'capturedMinor' | 'refundedMinor' | 'keptMinor'): number {
  return [...orders.values()].reduce((sum, order) => sum + order[amount], 0);
}

function compareProduct(sum: Conservation, sku: string, before: Books, after: Books): void {
  if (!after.products.has(sku)) sum.faults.push(`${sku}: no longer in the catalogue.`);
  const was = stockOf(before, sku);
  const now = stockOf(after, sku);
  const sold = now.sold - was.sold;
  const ordered = (after.soldUnits.get(sku) ?? 0) - (before.soldUnits.get(sku) ?? 0);
  const returned = (after.returnedUnits.get(sku) ?? 0) - (before.returnedUnits.get(sku) ?? 0);
  sum.products += 1;
  sum.soldUnits += sold;
  sum.orderedUnits += ordered;
  sum.returnedUnits += returned;
  for (const part of ['received', 'available', 'held', 'sold'] as const) sum.units[part] += now[part];
  const { received, available, held } = now;
  if (received !== available + held + now.sold)
    sum.faults.push(
      `${sku}: received ${received} is not available ${available} + held ${held} + sold ${now.sold}.`,
    );
  if (held > was.held) sum.faults.push(`${sku}: ${held} held, expected ${was.held}.`);
  if (sold !== ordered - returned)
    sum.faults.push(`${sku}: ${sold} sold, but completed orders have ${ordered} less ${returned} returned.`);
}

function compareOrder(order: TakenOrder, after: Books): string[] {
  const name = `Order ${order.id} (invoice ${order.invoiceNo})`;
  const listed = after.orders.get(order.id);
  if (listed === undefined) return [`${name} was taken, but is not listed.`];
  if (!isAtRest(order)) return [];
  // A parcel's news may come after the end that the feed was followed to.
  const isSold = SOLD_STATES.has(listed.state) && SOLD_STATES.has(order.state);
  if (listed.state !== order.state && !isSold)
    return [`${name} is ${listed.state}, but the feed said ${order.state}.`];
  return compareAmounts(order, listed, isSold).map((fault) => `${name} ${fault}`);
}

function compareAmounts(order: TakenOrder, listed: ListedOrder, isSold: boolean): string[] {
  const { capturedMinor, refundedMinor, keptMinor, returned } = listed;
  const faults: string[] = [];
  if (capturedMinor - refundedMinor !== keptMinor)
    faults.push(`keeps ${capturedMinor - refundedMinor} (minor units) for goods of ${keptMinor}.`);
  if (!isSold) return faults;
  if (refundedMinor !== order.returnedMinor)
    faults.push(
      `refunded ${refundedMinor} (minor units), but what was sent back had cost ${order.returnedMinor}.`,
    );
  const isSame =
    returned.length === order.returnedUnits.size &&
    returned.every(({ line, quantity }) => order.returnedUnits.get(line) === quantity);
  if (!isSame) {
    const sent = [...order.returnedUnits].sort(([a], [b]) => a - b);
    faults.push(
      `took back ${wordLines(returned.map(({ line, quantity }) => [line, quantity]))}, but ${wordLines(sent)} were sent back.`,
    );
  }
  return faults;
}

const wordLines = (lines: [line: number, units: number][]) =>
  lines.length === 0 ? 'nothing' : lines.map(([line, units]) => `${units} of line ${line}`).join(', ');
