/** Matches a credit invoice with its customer's earlier purchases of the same products: pure. */
import type { LineQuantity } from '../../src/machines/order-types.ts';
import type { Invoice, InvoiceLine } from './invoices.ts';
import { kindOf } from './products.ts';

/** A line that was bought: what of it has not come back yet, and what a unit cost. */
export interface BoughtLine {
  sku: string;
  left: number;
  unitPriceMinor: number;
}

/** An earlier invoice of the customer: its goods were sold, or it was refused, or that is not known yet. */
export type Purchase =
  | { outcome: 'sold'; orderId: string; lines: BoughtLine[] }
  | { outcome: 'refused' | 'unfinished'; lines: BoughtLine[] };

/** What is to come back of one order. */
export interface OrderReturn {
  orderId: string;
  lines: (LineQuantity & { bought: BoughtLine })[];
}

/** Units of a credit's line that go with no purchase, and why, in a word. */
export interface Unmatched {
  reason: string;
  units: number;
}

/** What a credit invoice comes to. */
export interface Match {
  returns: OrderReturn[];
  unmatched: Unmatched[];
}

/**
 * Takes each line's units from the latest purchase of the product first, over as many purchases as it needs, and never
 * more than were bought and are left. The purchases are in the order of their arrival.
 */
export function matchCredit(credit: Invoice, earlier: Purchase[]): Match {
  const taken = new Map<BoughtLine, number>();
  const unmatched = credit.lines.flatMap((line): Unmatched[] => {
    const units = -line.quantity;
    const reason = whyNever(credit, line);
    if (reason !== undefined) return [{ reason, units: Math.abs(units) }];
    const open = takeUnits(line.sku, units, earlier, taken);
    return open === 0 ? [] : [{ reason: whyNotAll(line.sku, earlier), units: open }];
  });
  const returns = earlier.flatMap((purchase) => {
    if (purchase.outcome !== 'sold') return [];
    const lines = purchase.lines
      .map((bought, index) => ({ line: index + 1, quantity: taken.get(bought) ?? 0, bought }))
      .filter(({ quantity }) => quantity > 0);
    return lines.length === 0 ? [] : [{ orderId: purchase.orderId, lines }];
  });
  return { returns, unmatched };
}

function whyNever({ customer }: Invoice, { sku, quantity }: InvoiceLine): string | undefined {
  if (kindOf(sku) !== 'goods') return 'not_goods';
  if (!Number.isInteger(quantity) || quantity >= 0) return 'quantity_not_negative';
  return customer === undefined ? 'no_customer' : undefined;
}

/** How many units are left to take when all purchases were asked. */
function takeUnits(sku: string, units: number, earlier: Purchase[], taken: Map<BoughtLine, number>): number {
  const latestFirst = earlier.toReversed().flatMap(({ outcome, lines }) => (outcome === 'sold' ? lines : []));
  let open = units;
  for (const bought of latestFirst) {
    if (bought.sku !== sku) continue;
    const before = taken.get(bought) ?? 0;
    const more = Math.min(open, bought.left - before);
    taken.set(bought, before + more);
    open -= more;
  }
  return open;
}

function whyNotAll(sku: string, earlier: Purchase[]): string {
  const outcomes = earlier
    .filter(({ lines }) => lines.some((bought) => bought.sku === sku))
    .map(({ outcome }) => outcome);
  if (outcomes.includes('unfinished')) return 'purchase_unfinished';
  if (outcomes.includes('refused')) return 'purchase_refused';
  return outcomes.includes('sold') ? 'more_than_bought' : 'never_bought';
}
