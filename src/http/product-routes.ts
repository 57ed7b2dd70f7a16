/** The catalogue: everybody reads it, operators write it. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Product, ProductRepository } from '../ports/products.ts';
import { isOperator, viewerIn } from './context.ts';
import { wordFault } from './faults.ts';
import { languageOf } from './language.ts';
import { linkToNext } from './paging.ts';
import { idempotencyKeyIn } from './preconditions.ts';
import { importProducts } from './product-import.ts';
import {
  cursorAfter,
  importAnswer,
  movementsAnswer,
  movementsQuery,
  pageOf,
  productAnswer,
  productBody,
  productChangeBody,
  productsAnswer,
  productsQuery,
  skuParams,
  stockBody,
} from './product-schemas.ts';
import { type Route, route } from './route.ts';
import type { Viewer } from './tokens.ts';

/** What these routes stand on. */
export interface ProductParts {
  products: ProductRepository;
  clock: Clock;
  newId: () => string;
  /** Rows that one import may have. */
  importRows: number;
}

const tags = ['Products'];
const shown = { description: 'The product as it is now.', body: productAnswer };

/** GET and POST /products; POST /products/import; GET, PATCH, PUT and DELETE /products/:sku; POST /products/:sku/stock. */
export function productRoutes(parts: ProductParts): Route[] {
  const { products, clock } = parts;
  return [
    ...readingRoutes(products),
    importRoute(parts),
    ...writingRoutes(products, clock),
    ...stockRoutes(parts),
  ];
}

function readingRoutes(products: ProductRepository): Route[] {
  return [
    route({
      methods: ['get'],
      path: '/products',
      access: 'public',
      operation: {
        id: 'listProducts',
        summary: 'The catalogue: searched, sorted, a page at a time',
        tags,
        answers: { 200: { description: 'A page of products.', body: productsAnswer, headers: ['Link'] } },
      },
      query: productsQuery,
      async handle({ ctx, query }) {
        const { skip, limit, sort } = query;
        // One more than asked tells whether there is a next page.
        const { items, total } = await products.list({ ...pageOf(query), limit: limit + 1 });
        const page = items.slice(0, limit);
        const last = page.at(-1);
        const next = items.length > limit && last ? cursorAfter(last, sort) : null;
        if (next !== null) linkToNext(ctx, next);
        const { viewer } = ctx.state;
        ctx.body = { items: page.map((item) => viewProduct(item, viewer)), total, skip, limit, next };
      },
    }),
    route({
      methods: ['get'],
      path: '/products/:sku',
      access: 'public',
      operation: {
        id: 'getProduct',
        summary: 'One product',
        tags,
        answers: { 200: shown },
        problems: ['not-found'],
      },
      params: skuParams,
      async handle({ ctx, params }) {
        ctx.body = viewProduct(existing(await products.find(params.sku)), ctx.state.viewer);
      },
    }),
  ];
}

function importRoute({ products, clock, importRows }: ProductParts): Route {
  return route({
    methods: ['post'],
    path: '/products/import',
    access: 'operator',
    consumes: ['csv'],
    operation: {
      id: 'importProducts',
      summary: 'Create and change products by a CSV file; the same file again changes nothing',
      tags,
      answers: { 200: { description: 'What became of the rows.', body: importAnswer } },
      problems: ['malformed-body', 'body-too-large'],
    },
    async handle({ ctx }) {
      const report = await importProducts(ctx.req, { products, now: clock.now(), maxRows: importRows });
      const language = languageOf(ctx);
      ctx.body = { ...report, errors: report.errors.map((fault) => wordFault(fault, language)) };
    },
  });
}

function writingRoutes(products: ProductRepository, clock: Clock): Route[] {
  return [
    route({
      methods: ['post'],
      path: '/products',
      access: 'operator',
      operation: {
        id: 'createProduct',
        summary: 'Add a product to the catalogue',
        tags,
        answers: { 201: { ...shown, headers: ['Location'] } },
        problems: ['conflict'],
      },
      body: productBody,
      async handle({ ctx, body }) {
        const product = await products.create(body, clock.now());
        ctx.status = 201;
        ctx.set('Location', `/api/v1/products/${encodeURIComponent(product.sku)}`);
        ctx.body = viewProduct(product, ctx.state.viewer);
      },
    }),
    route({
      methods: ['patch', 'put'],
      path: '/products/:sku',
      access: 'operator',
      operation: {
        id: 'updateProduct',
        summary: 'Change what is given of a product; the rest stays',
        tags,
        answers: { 200: shown },
        problems: ['not-found'],
      },
      params: skuParams,
      body: productChangeBody,
      async handle({ ctx, params, body }) {
        ctx.body = viewProduct(
          existing(await products.update(params.sku, body, clock.now())),
          ctx.state.viewer,
        );
      },
    }),
    route({
      methods: ['delete'],
      path: '/products/:sku',
      access: 'operator',
      operation: {
        id: 'deleteProduct',
        summary: 'Take a product out of the catalogue; orders keep their lines',
        tags,
        answers: { 204: { description: 'It is gone.' } },
        problems: ['not-found', 'conflict'],
      },
      params: skuParams,
      async handle({ ctx, params }) {
        if (!(await products.remove(params.sku))) existing(undefined);
        ctx.status = 204;
      },
    }),
  ];
}

function stockRoutes({ products, clock, newId }: ProductParts): Route[] {
  return [
    route({
      methods: ['post'],
      path: '/products/:sku/stock',
      access: 'operator',
      operation: {
        id: 'adjustStock',
        summary: 'Receive units, or, with a negative number, write them off',
        tags,
        headers: { 'Idempotency-Key': 'optional' },
        answers: { 200: shown },
        problems: ['not-found', 'conflict'],
      },
      params: skuParams,
      body: stockBody,
      async handle({ ctx, params, body }) {
        const adjustment = { id: idempotencyKeyIn(ctx) ?? newId(), by: viewerIn(ctx).userId, ...body };
        const product = await products.adjustStock(params.sku, adjustment, clock.now());
        ctx.body = viewProduct(existing(product), ctx.state.viewer);
      },
    }),
    route({
      methods: ['get'],
      path: '/products/:sku/movements',
      access: 'operator',
      operation: {
        id: 'listMovements',
        summary: 'What operators and returns have moved, newest first',
        tags,
        answers: { 200: { description: 'The movements.', body: movementsAnswer } },
        problems: ['not-found'],
      },
      params: skuParams,
      query: movementsQuery,
      async handle({ ctx, params, query }) {
        existing(await products.find(params.sku));
        const movements = await products.movements(params.sku, query.limit);
        ctx.body = { items: movements.map(({ at, ...movement }) => ({ ...movement, at: at.toISOString() })) };
      },
    }),
  ];
}

function existing(product: Product | undefined): Product {
  if (!product) throw new TerminalError('not-found', 'There is no such product.');
  return product;
}

/** What is held and sold is the shop's own business. */
function viewProduct(product: Product, viewer: Viewer | undefined) {
  const { sku, name, description, kind, priceMinor, currency, createdAt, updatedAt } = product;
  const { received, available, held, sold } = product.stock;
  const stock = isOperator(viewer) ? { received, available, held, sold } : { available };
  return { sku, name, description, kind, priceMinor, currency, stock, createdAt, updatedAt };
}
