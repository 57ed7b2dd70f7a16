/** The check that nothing was made or lost: stock, money and orders, before the run and after; pure. */
import type { Books, Stock } from './books.ts';
import type { TakenOrder } from './tally.ts';

/** What was compared, in all; exact when there are no faults. */
export interface Conservation {
  products: number;
  /** Over the products of the run, as they stand after it. */
  units: Stock;
  /** Units that the run's time added to `sold`, and those on the lines of orders completed in it. */
  soldUnits: number;
  orderedUnits: number;
  /** Amounts of the orders completed in the run's time, and the sums over their lines. */
  amountMinor: number;
  linesMinor: number;
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
  const sum: Conservation = {
    products: 0,
    units: { ...NOTHING },
    soldUnits: 0,
    orderedUnits: 0,
    amountMinor: after.amountMinor - before.amountMinor,
    linesMinor: after.linesMinor - before.linesMinor,
    faults: [],
  };
  for (const sku of skus) compareProduct(sum, sku, before, after);
  if (sum.amountMinor !== sum.linesMinor)
    sum.faults.push(
      `Completed orders amount to ${sum.amountMinor} (minor units), their lines to ${sum.linesMinor}.`,
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

function compareProduct(sum: Conservation, sku: string, before: Books, after: Books): void {
  if (!after.products.has(sku)) sum.faults.push(`${sku}: no longer in the catalogue.`);
  const was = stockOf(before, sku);
  const now = stockOf(after, sku);
  const sold = now.sold - was.sold;
  const ordered = (after.soldUnits.get(sku) ?? 0) - (before.soldUnits.get(sku) ?? 0);
  sum.products += 1;
  sum.soldUnits += sold;
  sum.orderedUnits += ordered;
  for (const part of ['received', 'available', 'held', 'sold'] as const) sum.units[part] += now[part];
  const { received, available, held } = now;
  if (received !== available + held + now.sold)
    sum.faults.push(
      `${sku}: received ${received} is not available ${available} + held ${held} + sold ${now.sold}.`,
    );
  if (held > was.held) sum.faults.push(`${sku}: ${held} held, expected ${was.held}.`);
  if (sold !== ordered) sum.faults.push(`${sku}: ${sold} sold, but completed orders have ${ordered}.`);
}

function compareOrder({ id, invoiceNo, state, finalAtMs }: TakenOrder, after: Books): string[] {
  const listed = after.states.get(id);
  if (listed === undefined) return [`Order ${id} (invoice ${invoiceNo}) was taken, but is not listed.`];
  if (finalAtMs === undefined || listed === state) return [];
  return [`Order ${id} (invoice ${invoiceNo}) is ${listed}, but the feed said ${state}.`];
}
