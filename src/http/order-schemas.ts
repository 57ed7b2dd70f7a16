/** What requests for orders hold; what commands hold stands by itself. */
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
