/** What requests may hold: strict shapes and their limits. A message here is the code of the fault. */
import { z } from 'zod';

export const LINES_MAX = 1_000;
export const QUANTITY_MAX = 1_000_000;
export const PRICE_MINOR_MAX = 1_000_000_000;

/** A text of one line: no control characters, no blanks around it. */
export const text = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .regex(/^\P{Cc}*$/u, 'invalid');

/** Case counts. Blanks stand inside alone, as in `BANK CHARGES`. */
export const sku = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9._-])?$/, 'sku_invalid');

/** An id as we make them. */
export const id = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/, 'invalid');

/** ISO 4217. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'currency_invalid');
/** The price of one unit, in the currency's minor unit. */
export const priceMinor = z.int().min(1, 'price_not_positive').max(PRICE_MINOR_MAX);

const line = z.strictObject({
  sku,
  quantity: z.int().min(1, 'quantity_not_positive').max(QUANTITY_MAX),
  unitPriceMinor: priceMinor,
});

const lines = z
  .array(line)
  .min(1)
  .max(LINES_MAX)
  .refine(
    (all) =>
      all.reduce((sum, each) => sum + each.quantity * each.unitPriceMinor, 0) <= Number.MAX_SAFE_INTEGER,
    'amount_too_large',
  );

export const shippingAddress = z.strictObject({
  name: text(200),
  street: text(300),
  city: text(100),
  postalCode: text(20),
  country: z.string().regex(/^[A-Z]{2}$/, 'country_invalid'),
});

export const orderBody = z
  .strictObject({
    currency,
    lines,
    shippingAddress,
    /** Without a token the order waits to be paid. */
    payment: z
      .strictObject({ token: text(200).exactOptional(), onDecline: z.enum(['end', 'wait']).default('end') })
      .default({ onDecline: 'end' }),
    fulfilment: z.enum(['automatic', 'manual']).default('automatic'),
    reference: text(100).exactOptional(),
    customerId: id.exactOptional(),
    pricing: z.enum(['catalogue', 'agreed']).default('catalogue'),
  })
  .meta({
    id: 'NewOrder',
    examples: [
      {
        currency: 'EUR',
        lines: [{ sku: 'MUG-SPECKLED', quantity: 2, unitPriceMinor: 1_450 }],
        shippingAddress: {
          name: 'Ada Lovelace',
          street: '12 St James Square',
          city: 'London',
          postalCode: 'SW1Y 4JH',
          country: 'GB',
        },
        payment: { token: 'tok_approve' },
      },
    ],
  });

/** The validated body of a new order. */
export type OrderBody = z.output<typeof orderBody>;

export const idParams = z.strictObject({ id });

/** A query's values are texts; of digits alone, they are taken as a number. */
export const digits = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'not_an_integer')
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum));

export const counted = (minimum: number, maximum: number, fallback: number) =>
  digits(minimum, maximum).default(fallback);

export const transitionsQuery = z.strictObject({ afterSeq: counted(0, 999_999_999, 0) });
