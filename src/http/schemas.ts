/** What requests may hold: strict shapes and their limits. A message here is the code of the fault. */
import { z } from 'zod';

const LINES_MAX = 1_000;
const QUANTITY_MAX = 1_000_000;
const PRICE_MINOR_MAX = 1_000_000_000;
const UNITS_MAX = 1_000_000_000;

/** A text of one line: no control characters, no blanks around it. */
const text = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .regex(/^\P{Cc}*$/u, 'invalid');

/** Case counts. Blanks stand inside alone, as in `BANK CHARGES`. */
const sku = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9._-])?$/, 'sku_invalid');

const id = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/, 'invalid');

const currency = z.string().regex(/^[A-Z]{3}$/, 'currency_invalid');
const priceMinor = z.int().min(1, 'price_not_positive').max(PRICE_MINOR_MAX);

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

const shippingAddress = z.strictObject({
  name: text(200),
  street: text(300),
  city: text(100),
  postalCode: text(20),
  country: z.string().regex(/^[A-Z]{2}$/, 'country_invalid'),
});

/** A body that may be left out. */
export const cancelBody = z.strictObject({ reason: text(500).exactOptional() });

export const orderBody = z.strictObject({
  currency,
  lines,
  shippingAddress,
  payment: z.strictObject({ token: text(200) }),
  reference: text(100).exactOptional(),
  customerId: id.exactOptional(),
  pricing: z.enum(['catalogue', 'agreed']).default('catalogue'),
});

/** The validated body of a new order. */
export type OrderBody = z.output<typeof orderBody>;

const productFacts = {
  name: text(200),
  description: z.string().trim().max(4_000),
  kind: z.enum(['goods', 'charge']),
  priceMinor,
  currency,
};

export const productBody = z.strictObject({
  sku,
  ...productFacts,
  description: productFacts.description.default(''),
  kind: productFacts.kind.default('goods'),
  stock: z.int().min(0).max(UNITS_MAX),
});

export const productChangeBody = z
  .strictObject({
    name: productFacts.name.exactOptional(),
    description: productFacts.description.exactOptional(),
    kind: productFacts.kind.exactOptional(),
    priceMinor: productFacts.priceMinor.exactOptional(),
    currency: productFacts.currency.exactOptional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'nothing_to_change');

export const stockBody = z.strictObject({
  delta: z
    .int()
    .min(-UNITS_MAX)
    .max(UNITS_MAX)
    .refine((delta) => delta !== 0, 'nothing_to_change'),
});

const email = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email('email_invalid'))
  .transform((value) => value.toLowerCase());

export const registrationBody = z.strictObject({
  email,
  username: text(64).regex(/^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} ._-]+$/u, 'invalid'),
  password: z.string().min(10).max(200),
});

export const credentialsBody = z.strictObject({ email, password: z.string().min(1).max(200) });

export const skuParams = z.strictObject({ sku });
export const idParams = z.strictObject({ id });

/** A query's values are texts; of digits alone, they are taken as a number. */
const counted = (minimum: number, maximum: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'not_an_integer')
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum))
    .default(fallback);

export const productsQuery = z.strictObject({
  skip: counted(0, 1_000_000, 0),
  limit: counted(1, 100, 20),
  search: text(100).exactOptional(),
});

export const ordersQuery = z.strictObject({
  limit: counted(1, 100, 20),
  after: id.exactOptional(),
  state: z
    .string()
    .regex(/^[A-Za-z][A-Za-z.]{0,63}$/, 'invalid')
    .exactOptional(),
  customerId: id.exactOptional(),
});

export const transitionsQuery = z.strictObject({ afterSeq: counted(0, 999_999_999, 0) });
