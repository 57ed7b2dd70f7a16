/** What the requests and the answers about products hold. */
import { z } from 'zod';
import type { Product, ProductPage } from '../ports/products.ts';
import { counted, currency, priceMinor, sku, text } from './schemas.ts';

const UNITS_MAX = 1_000_000_000;

const productFacts = {
  name: text(200),
  description: z.string().trim().max(4_000),
  kind: z.enum(['goods', 'charge']),
  priceMinor,
  currency,
};

export const productBody = z
  .strictObject({
    sku,
    ...productFacts,
    description: productFacts.description.default(''),
    kind: productFacts.kind.default('goods'),
    stock: z.int().min(0).max(UNITS_MAX),
  })
  .meta({
    id: 'NewProduct',
    examples: [{ sku: 'MUG', name: 'Mug', priceMinor: 1_999, currency: 'USD', stock: 100 }],
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
  reason: text(500).default('adjusted by hand'),
});

export const movementsQuery = z.strictObject({ limit: counted(1, 100, 20) });

/** What moved a product's stock besides its orders' holds and sales. */
export const movementsAnswer = z.strictObject({
  items: z.array(
    z.strictObject({
      kind: z.enum(['adjustment', 'return']),
      delta: z.int(),
      at: z.iso.datetime(),
      by: z.string().exactOptional(),
      reason: z.string().exactOptional(),
      orderId: z.string().exactOptional(),
    }),
  ),
});

/** A cell of digits is a number. */
const numberCell = (maximum: number, minimum: number, fault: string) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'not_an_integer')
    .transform(Number)
    .pipe(z.int().min(minimum, fault).max(maximum));

/** A row of a CSV file, its cells as texts; an empty cell is not there. */
export const productRow = z.strictObject({
  sku,
  name: productFacts.name,
  description: productFacts.description.default(''),
  kind: productFacts.kind.default('goods'),
  priceMinor: numberCell(1_000_000_000, 1, 'price_not_positive'),
  currency,
  stock: numberCell(UNITS_MAX, 0, 'too_small').default(0),
});

/** The columns of a CSV file that must be there. */
export const NEEDED_COLUMNS = ['sku', 'name', 'priceMinor', 'currency'] as const;

export const skuParams = z.strictObject({ sku });

const ORDERS = ['sku', 'name', 'priceMinor', 'createdAt'] as const;
const sorts = [...ORDERS, ...ORDERS.map((order) => `-${order}` as const)] as const;
const orderOf = (sort: string) => ORDERS.find((order) => sort.endsWith(order)) ?? 'sku';

/** Where the page before ended: opaque to clients, base64url of JSON. */
const cursor = z
  .string()
  .max(1_024)
  .regex(/^[A-Za-z0-9_-]+$/, 'invalid')
  .transform((value, ctx) => {
    const parsed = z.tuple([sku, z.union([z.string().max(200), z.int()])]).safeParse(decoded(value));
    if (parsed.success) return parsed.data;
    ctx.addIssue({ code: 'custom', message: 'invalid' });
    return z.NEVER;
  });

function decoded(value: string): unknown {
  try {
    return JSON.parse(Buffer.from(value, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** Whether a cursor is one of that order: a price is a number, a time is one. */
function belongs({ after, sort }: { after?: [string, string | number]; sort: string }): boolean {
  if (after === undefined) return true;
  const [, value] = after;
  const orderBy = orderOf(sort);
  if (orderBy === 'priceMinor') return typeof value === 'number';
  return typeof value === 'string' && (orderBy !== 'createdAt' || !Number.isNaN(Date.parse(value)));
}

export const productsQuery = z
  .strictObject({
    skip: counted(0, 1_000_000, 0),
    limit: counted(1, 100, 100),
    search: text(100).exactOptional(),
    sort: z.enum(sorts).default('sku'),
    after: cursor.exactOptional(),
  })
  .refine(belongs, { message: 'invalid', path: ['after'] });

/** The page of the catalogue that a query asks for. */
export function pageOf({ sort, after, skip, limit, search }: z.output<typeof productsQuery>): ProductPage {
  const orderBy = orderOf(sort);
  const value = (given: string | number) => (orderBy === 'createdAt' ? new Date(given) : given);
  return {
    skip,
    limit,
    orderBy,
    descending: sort.startsWith('-'),
    ...(search !== undefined && { search }),
    ...(after && { after: { sku: after[0], value: value(after[1]) } }),
  };
}

/** The cursor that continues after that product. */
export function cursorAfter(product: Product, sort: string): string {
  return Buffer.from(JSON.stringify([product.sku, product[orderOf(sort)]])).toString('base64url');
}

const count = z.int().min(0);

/** A product; what is received, held and sold is told to operators alone. */
export const productAnswer = z
  .strictObject({
    sku: z.string(),
    name: z.string(),
    description: z.string(),
    kind: productFacts.kind,
    priceMinor: z.int(),
    currency: z.string(),
    stock: z.strictObject({
      received: z.int().exactOptional(),
      available: count,
      held: count.exactOptional(),
      sold: count.exactOptional(),
    }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Product' });

export const productsAnswer = z.strictObject({
  items: z.array(productAnswer),
  total: count,
  skip: count,
  limit: count,
  next: z.string().nullable(),
});

export const importAnswer = z.strictObject({
  rows: count,
  created: count,
  updated: count,
  unchanged: count,
  failed: count,
  /** The first hundred; `/rows/0` is the first one below the header. */
  errors: z.array(z.strictObject({ pointer: z.string(), code: z.string(), detail: z.string() })),
});
