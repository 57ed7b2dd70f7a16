/** Words an invoice as the request that places it: as it stands in the file, sensible or not; pure. */
import type { Address, OrderLine, Pricing } from '../../src/machines/order-types.ts';
import { addressOf } from './addresses.ts';
import type { Invoice } from './invoices.ts';
import { CURRENCY } from './products.ts';

/** The body of `POST /orders`, by an operator on a customer's behalf. */
export interface OrderBody {
  customerId: string;
  reference: string;
  pricing: Pricing;
  currency: string;
  lines: OrderLine[];
  shippingAddress: Address;
  payment: { token: string };
}

/** `agreed` where a line's price is not the catalogue's: the shop sold it so, and an operator vouches for it. */
export function wordOrder(invoice: Invoice, customerId: string, catalogue: Map<string, number>): OrderBody {
  const lines = invoice.lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor }));
  const agreed = lines.some(({ sku, unitPriceMinor }) => catalogue.get(sku) !== unitPriceMinor);
  return {
    customerId,
    reference: invoice.invoiceNo,
    pricing: agreed ? 'agreed' : 'catalogue',
    currency: CURRENCY,
    lines,
    shippingAddress: addressOf(invoice.country, invoice.customer),
    payment: { token: 'tok_approve' },
  };
}
