/** The catalogue in memory. */
import { TerminalError } from '../../../src/platform/errors.ts';
import type { Product, ProductRepository } from '../../../src/ports/products.ts';

/** An empty catalogue; `held` lets a test hold units of a product. */
export function createFakeCatalogue(): ProductRepository & { hold(sku: string, quantity: number): void } {
  const products = new Map<string, Product>();
  const save = (product: Product) => {
    products.set(product.sku, product);
    return product;
  };
  return {
    async create({ stock, ...facts }, now) {
      if (products.has(facts.sku)) throw new TerminalError('conflict', `The sku ${facts.sku} exists.`);
      const counts = { received: stock, available: stock, held: 0, sold: 0 };
      return save({ ...facts, stock: counts, createdAt: now, updatedAt: now });
    },
    async find(sku) {
      return products.get(sku);
    },
    async list({ skip, limit, search = '' }) {
      const wanted = search.toLowerCase();
      const found = [...products.values()]
        .filter(({ sku, name }) => [sku, name].some((text) => text.toLowerCase().startsWith(wanted)))
        .sort((a, b) => (a.sku < b.sku ? -1 : 1));
      return { items: found.slice(skip, skip + limit), total: found.length };
    },
    async update(sku, change, now) {
      const product = products.get(sku);
      return product && save({ ...product, ...change, updatedAt: now });
    },
    async adjustStock(sku, delta, now) {
      const product = products.get(sku);
      if (!product) return undefined;
      const { received, available, ...rest } = product.stock;
      if (available + delta < 0) throw new TerminalError('conflict', `Only ${available} are available.`);
      const stock = { ...rest, received: received + delta, available: available + delta };
      return save({ ...product, stock, updatedAt: now });
    },
    async remove(sku) {
      if ((products.get(sku)?.stock.held ?? 0) > 0) throw new TerminalError('conflict', 'Units are held.');
      return products.delete(sku);
    },
    hold(sku, quantity) {
      const product = products.get(sku);
      if (!product) throw new Error(`There is no product ${sku}.`);
      const { available, held, ...rest } = product.stock;
      save({ ...product, stock: { ...rest, available: available - quantity, held: held + quantity } });
    },
  };
}
