/** The catalogue: everybody reads it, operators write it. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Product, ProductRepository } from '../ports/products.ts';
import { isOperator, viewerIn } from './context.ts';
import { idempotencyKeyIn } from './preconditions.ts';
import { type Route, route } from './route.ts';
import {
  movementsQuery,
  productBody,
  productChangeBody,
  productsQuery,
  skuParams,
  stockBody,
} from './schemas.ts';
import type { Viewer } from './tokens.ts';

/** What these routes stand on. */
export interface ProductParts {
  products: ProductRepository;
  clock: Clock;
  newId: () => string;
}

/** GET and POST /products; GET, PATCH, PUT and DELETE /products/:sku; POST /products/:sku/stock and its movements. */
export function productRoutes(parts: ProductParts): Route[] {
  return [...readingRoutes(parts.products), ...writingRoutes(parts), ...stockRoutes(parts)];
}

function readingRoutes(products: ProductRepository): Route[] {
  return [
    route({
      methods: ['get'],
      path: '/products',
      access: 'public',
      query: productsQuery,
      async handle({ ctx, query }) {
        const { items, total } = await products.list(query);
        const { skip, limit } = query;
        ctx.body = { items: items.map((item) => viewProduct(item, ctx.state.viewer)), total, skip, limit };
      },
    }),
    route({
      methods: ['get'],
      path: '/products/:sku',
      access: 'public',
      params: skuParams,
      async handle({ ctx, params }) {
        ctx.body = viewProduct(existing(await products.find(params.sku)), ctx.state.viewer);
      },
    }),
  ];
}

function writingRoutes({ products, clock }: ProductParts): Route[] {
  return [
    route({
      methods: ['post'],
      path: '/products',
      access: 'operator',
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
      params: skuParams,
      query: movementsQuery,
      async handle({ ctx, params, query }) {
        existing(await products.find(params.sku));
        ctx.body = { items: await products.movements(params.sku, query.limit) };
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
