/** Puts the file's products into the engine's catalogue, with stock enough for the run. */
import { type Api, expectOk } from './api.ts';
import type { ListedProduct } from './books.ts';
import { createLimit } from './limit.ts';
import type { NewProduct } from './products.ts';

/** The run's part of the catalogue. */
export interface Catalogue {
  /** The catalogue's price of each product, which may be another than the file's where the product existed. */
  prices: Map<string, number>;
  /** Products that the engine refused, such as those that never had a price. */
  refused: number;
}

/**
 * Creates each product; where it exists, raises its stock until enough is available.
 * @throws Error when the operator may not do that.
 */
export async function stockCatalogue(
  api: Api,
  products: NewProduct[],
  concurrency: number,
  onDone: () => void,
): Promise<Catalogue> {
  const limit = createLimit(concurrency);
  const prices = new Map<string, number>();
  const stockOne = async (product: NewProduct) => {
    const stocked = await createOrRaise(api, product);
    if (stocked) prices.set(stocked.sku, stocked.priceMinor);
    onDone();
  };
  await Promise.all(products.map((product) => limit(() => stockOne(product))));
  return { prices, refused: products.length - prices.size };
}

/** Undefined when the engine finds the product itself senseless. */
async function createOrRaise(api: Api, product: NewProduct): Promise<ListedProduct | undefined> {
  const created = await api.send<ListedProduct>('POST', '/products', product);
  if (!created.ok && created.problem.code === 'conflict') return raiseStock(api, product);
  if (!created.ok && created.problem.code === 'invalid-request') return undefined;
  return expectOk(`Product ${product.sku}`, created);
}

async function raiseStock(api: Api, { sku, stock }: NewProduct): Promise<ListedProduct> {
  const path = `/products/${encodeURIComponent(sku)}`;
  const product = await api.read<ListedProduct>(path);
  const delta = stock - product.stock.available;
  if (delta > 0) expectOk(`Stock of ${sku}`, await api.send('POST', `${path}/stock`, { delta }));
  return product;
}
