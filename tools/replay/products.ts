/** Derives the catalogue from the invoices: what each stock code is, costs, and must have in stock. */
import type { Invoice, InvoiceLine } from './invoices.ts';

/** A product as the engine is asked to create it. */
export interface NewProduct {
  sku: string;
  name: string;
  kind: 'goods' | 'charge';
  priceMinor: number;
  currency: string;
  /** Units that must be available before the first order. */
  stock: number;
}

/** The currency of the data set. */
export const CURRENCY = 'GBP';

// Five digits with up to two letters; the shop's own boxes (DCGS) and its gift vouchers.
const GOODS = /^(\d{5}[A-Z]{0,2}|DCGS\w+|gift_\w+)$/i;

/** `goods` by the shape of the code; whatever else (POST, DOT, M, D, S, BANK CHARGES, ...) is a `charge`. */
export function kindOf(sku: string): NewProduct['kind'] {
  return GOODS.test(sku) ? 'goods' : 'charge';
}

/**
 * The products that the chosen invoices name. Name and price are taken from the whole file: the first description
 * that is not empty (else the code), the most common positive price (the first of equals; 0 when there is none).
 * The stock is what the chosen invoices need in all, or `stock` when that is given.
 */
export function deriveProducts(file: Invoice[], chosen: Invoice[], stock?: number): NewProduct[] {
  const told = linesBySku(file);
  return [...linesBySku(chosen)].map(([sku, lines]) => {
    const all = told.get(sku) ?? lines;
    return {
      sku,
      name: all.find(({ description }) => description !== '')?.description ?? sku,
      kind: kindOf(sku),
      priceMinor: mostCommonPrice(all),
      currency: CURRENCY,
      stock: stock ?? lines.reduce((units, { quantity }) => units + Math.max(0, quantity), 0),
    };
  });
}

function linesBySku(invoices: Invoice[]): Map<string, InvoiceLine[]> {
  const groups = new Map<string, InvoiceLine[]>();
  for (const line of invoices.flatMap(({ lines }) => lines)) {
    const group = groups.get(line.sku);
    if (group) group.push(line);
    else groups.set(line.sku, [line]);
  }
  return groups;
}

function mostCommonPrice(lines: InvoiceLine[]): number {
  const counts = new Map<number, number>();
  for (const { unitPriceMinor } of lines)
    if (unitPriceMinor > 0 && Number.isInteger(unitPriceMinor))
      counts.set(unitPriceMinor, (counts.get(unitPriceMinor) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])[0];
}
