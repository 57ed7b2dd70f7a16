/** What requests for orders hold beyond placing one, and what the answers are. */
import { z } from 'zod';
import type { OrderFilter } from '../ports/orders.ts';
import { counted, currency, digits, id, orderBody, text } from './schemas.ts';
import { shortOrderBody } from './short-order.ts';

/** A new order, in full or in the short form of the oldest API. */
export const placingBody = z.union([orderBody, shortOrderBody]);

const SKIP_MAX = 100_000;
const PAGE_MAX = 5_000;

/** A day, which means its beginning in UTC, or a point in time. */
export const moment = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .transform((given) => new Date(given));

const amountMinor = z
  .string()
  .regex(/^\d{1,15}$/, 'not_an_integer')
  .transform(Number)
  .pipe(z.int().min(0));

export const ordersQuery = z.strictObject({
  limit: counted(1, 100, 20),
  after: id.exactOptional(),
  skip: counted(0, SKIP_MAX, 0),
  state: z
    .string()
    .regex(/^[A-Za-z][A-Za-z.]{0,63}$/, 'invalid')
    .exactOptional(),
  customerId: id.exactOptional(),
  /** Placed then or later, and earlier than that. */
  from: moment.exactOptional(),
  to: moment.exactOptional(),
  currency: currency.exactOptional(),
  amountMin: amountMinor.exactOptional(),
  amountMax: amountMinor.exactOptional(),
  search: text(100).exactOptional(),
  /** Operators see the archived orders: alone (`true`), or with the others (`all`). */
  archived: z.enum(['false', 'true', 'all']).default('false'),
});

/** The filter that a query of that viewer means. */
export function filterOf(query: z.output<typeof ordersQuery>, customerId: string | undefined): OrderFilter {
  const { state, from, to, currency, amountMin, amountMax, search, archived } = query;
  return {
    ...(customerId !== undefined && { customerId }),
    ...(state !== undefined && { state }),
    ...(from && { placedFrom: from }),
    ...(to && { placedBefore: to }),
    ...(currency !== undefined && { currency }),
    ...(amountMin !== undefined && { amountMinMinor: amountMin }),
    ...(amountMax !== undefined && { amountMaxMinor: amountMax }),
    ...(search !== undefined && { search }),
    ...(archived !== 'false' && { archived: archived === 'all' ? ('with' as const) : ('only' as const) }),
  };
}

export const customerParams = z.strictObject({ customerId: id });

export const pageQuery = z.strictObject({ page: counted(1, PAGE_MAX, 1), limit: counted(1, 100, 20) });

export const historyQuery = z.strictObject({ verify: z.enum(['true', 'false']).default('false') });

/** A seq in the order's past. */
export const atQuery = z.strictObject({ at: digits(1, 1_000_000).exactOptional() });

const count = z.int().min(0);
const units = z.strictObject({ line: z.int().min(1), quantity: z.int().min(1) });

const reason = z.strictObject({
  code: z.string(),
  detail: z.string(),
  lines: z.array(z.strictObject({ sku: z.string(), detail: z.string() })).exactOptional(),
});

const payment = z.strictObject({
  paymentId: z.string(),
  status: z.enum(['pending', 'captured', 'partlyRefunded', 'refunded']),
  capturedMinor: count,
  refundedMinor: count,
});

const shipment = z.strictObject({
  shipmentId: z.string(),
  carrier: z.string(),
  trackingNumber: z.string(),
  status: z.enum(['booked', 'pickedUp', 'inTransit', 'delivered', 'lost']),
  lines: z.array(units).exactOptional(),
  settled: z.boolean().exactOptional(),
});

const orderLine = z.strictObject({
  line: z.int().min(1),
  sku: z.string(),
  quantity: z.int().min(1),
  unitPriceMinor: z.int(),
  cancelled: count.exactOptional(),
  returned: count.exactOptional(),
});

export const orderAnswer = z.strictObject({
  id: z.string(),
  state: z.string(),
  final: z.boolean(),
  seq: z.int().min(1),
  customerId: z.string(),
  reference: z.string().exactOptional(),
  currency: z.string(),
  amountMinor: count,
  lines: z.array(orderLine),
  shippingAddress: orderBody.shape.shippingAddress,
  fulfilment: z.enum(['automatic', 'manual']),
  payment: payment.exactOptional(),
  shipments: z.array(shipment),
  hold: z.strictObject({ reason: z.string() }).exactOptional(),
  reason: reason.exactOptional(),
  allowedEvents: z.array(z.string()),
  placedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  archivedAt: z.iso.datetime().exactOptional(),
});

export const ordersAnswer = z.strictObject({
  items: z.array(orderAnswer),
  skip: count,
  limit: count,
  next: z.string().nullable(),
});

export const orderPageAnswer = z.strictObject({
  items: z.array(orderAnswer),
  page: count,
  limit: count,
  total: count,
  pages: count,
});

export const historyAnswer = z.strictObject({
  items: z.array(
    z.strictObject({
      orderId: z.string(),
      seq: z.int().min(1),
      at: z.iso.datetime(),
      type: z.string(),
      from: z.string(),
      to: z.string(),
      final: z.boolean(),
      by: z.string(),
      reason: reason.exactOptional(),
      /** For operators: which user, or which provider. */
      byId: z.string().exactOptional(),
      /** Over this entry and the hash of the one before; absent in older entries. */
      hash: z.string().exactOptional(),
    }),
  ),
  /** The rest with `verify=true`: whether the entries are what they were, and where not. */
  intact: z.boolean().exactOptional(),
  brokenAt: z.int().exactOptional(),
  chainedFrom: z.int().exactOptional(),
});
