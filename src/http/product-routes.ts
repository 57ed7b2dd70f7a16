/** The catalogue: everybody reads it, operators write it. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Product, ProductRepository } from '../ports/products.ts';
import { isOperator } from './context.ts';
import { type Route, route } from './route.ts';
import { productBody, productChangeBody, productsQuery, skuParams, stockBody } from './schemas.ts';
import type { Viewer } from './tokens.ts';

/** GET and POST /products; GET, PATCH, PUT and DELETE /products/:sku; POST /products/:sku/stock. */
export function productRoutes({ products, clock }: { products: ProductRepository; clock: Clock }): Route[] {
  return [...readingRoutes(products), ...writingRoutes(products, clock)];
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

function writingRoutes(products: ProductRepository, clock: Clock): Route[] {
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
      methods: ['post'],
      path: '/products/:sku/stock',
      access: 'operator',
      params: skuParams,
      body: stockBody,
      async handle({ ctx, params, body }) {
        const product = await products.adjustStock(params.sku, body.delta, clock.now());
        ctx.body = viewProduct(existing(product), ctx.state.viewer);
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
