/** What the books say of orders: for audits, which believe no reply. */
import type { Books } from './books.ts';
import { refundedOf } from './charges.ts';
import { labelOf, type ParcelEntry } from './parcels.ts';

/** All that is known of one order; amounts in minor units. */
export interface OrderBooks {
  orderId: string;
  capturedMinor: number;
  refundedMinor: number;
  charges: { key: string; status: string; amountMinor: number; refundedMinor: number }[];
  parcels: { key: string; status: ParcelEntry['status']; shipmentId: string; trackingNumber: string }[];
}

/** What everything comes to, in minor units whatever the currency. */
export interface Totals {
  captured: number;
  refunded: number;
  /** Charges captured, refunded ones included. */
  charges: number;
  /** The orders with more than one captured charge: none, unless something is wrong. */
  ordersChargedTwice: string[];
  /** How many parcels are where. */
  parcels: Record<string, number>;
}

const blank = (orderId: string): OrderBooks => ({
  orderId,
  capturedMinor: 0,
  refundedMinor: 0,
  charges: [],
  parcels: [],
});

/** From the order of that id on, in the order of ids. */
function* ordersFrom(books: Books, start: string): Generator<OrderBooks> {
  let order: OrderBooks | undefined;
  for (const [orderId, kind, key] of books.orders.getKeys({ start: [start, 'charge', ''] })) {
    if (order?.orderId !== orderId) {
      if (order !== undefined) yield order;
      order = blank(orderId);
    }
    if (kind === 'charge') addCharge(order, key, books);
    else addParcel(order, key, books);
  }
  if (order !== undefined) yield order;
}

function addCharge(order: OrderBooks, key: string, books: Books): void {
  const entry = books.charges.get(key);
  if (entry === undefined || entry.status === 'barred') return;
  const refundedMinor = refundedOf(entry);
  const { amountMinor } = entry.request;
  order.charges.push({ key, status: entry.status, amountMinor, refundedMinor });
  if (entry.status === 'captured') order.capturedMinor += amountMinor;
  order.refundedMinor += refundedMinor;
}

function addParcel(order: OrderBooks, key: string, books: Books): void {
  const entry = books.parcels.get(key);
  if (entry === undefined) return;
  const { shipmentId, trackingNumber } = labelOf(key);
  order.parcels.push({ key, status: entry.status, shipmentId, trackingNumber });
}

/** What the books have of that order; all of it empty when it never came. */
export function readOrder(books: Books, orderId: string): OrderBooks {
  const [order] = ordersFrom(books, orderId);
  return order?.orderId === orderId ? order : blank(orderId);
}

/** A page of orders by id; `next` is where the next page starts. */
export function listOrders(
  books: Books,
  start: string,
  limit: number,
): { items: OrderBooks[]; next: string | null } {
  const items: OrderBooks[] = [];
  for (const order of ordersFrom(books, start)) {
    if (items.length === limit) return { items, next: order.orderId };
    items.push(order);
  }
  return { items, next: null };
}

/** Sums up all orders. */
export function sumUp(books: Books): Totals {
  const totals: Totals = { captured: 0, refunded: 0, charges: 0, ordersChargedTwice: [], parcels: {} };
  for (const { orderId, capturedMinor, refundedMinor, charges, parcels } of ordersFrom(books, '')) {
    const captured = charges.filter(({ status }) => status === 'captured');
    totals.captured += capturedMinor;
    totals.refunded += refundedMinor;
    totals.charges += captured.length;
    if (captured.length > 1) totals.ordersChargedTwice.push(orderId);
    for (const { status } of parcels) totals.parcels[status] = (totals.parcels[status] ?? 0) + 1;
  }
  return totals;
}
