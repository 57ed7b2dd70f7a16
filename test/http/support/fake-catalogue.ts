/** The catalogue in memory. */
import { TerminalError } from '../../../src/platform/errors.ts';
import type { Product, ProductRepository, StockMovement } from '../../../src/ports/products.ts';

/** An empty catalogue; `held` lets a test hold units of a product. */
export function createFakeCatalogue(): ProductRepository & { hold(sku: string, quantity: number): void } {
  const products = new Map<string, Product>();
  const movements = new Map<string, StockMovement & { sku: string }>();
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
    async named(name) {
      const wanted = name.toLowerCase();
      return [...products.values()].filter((product) => product.name.toLowerCase() === wanted);
    },
    async list({ skip, limit, search = '', orderBy = 'sku', descending = false, after }) {
      const wanted = search.toLowerCase();
      const direction = descending ? -1 : 1;
      const compare = (a: Product, b: Product) =>
        direction * (a[orderBy] < b[orderBy] ? -1 : a[orderBy] > b[orderBy] ? 1 : a.sku < b.sku ? -1 : 1);
      const found = [...products.values()]
        .filter(({ sku, name }) => [sku, name].some((text) => text.toLowerCase().startsWith(wanted)))
        .sort(compare);
      const last = after && ({ sku: after.sku, [orderBy]: after.value } as unknown as Product);
      const start = last ? found.filter((product) => compare(product, last) > 0) : found;
      return { items: start.slice(skip, skip + limit), total: found.length };
    },
    async importAll(given, now) {
      const counts = { created: 0, updated: 0, unchanged: 0 };
      for (const product of given) {
        const { stock, ...facts } = product;
        const before = products.get(facts.sku);
        if (before === undefined) await this.create(product, now);
        else if (Object.entries(facts).some(([key, value]) => before[key as keyof Product] !== value))
          save({ ...before, ...facts, updatedAt: now });
        counts[
          before === undefined ? 'created' : products.get(facts.sku) === before ? 'unchanged' : 'updated'
        ] += 1;
      }
      return counts;
    },
    async update(sku, change, now) {
      const product = products.get(sku);
      return product && save({ ...product, ...change, updatedAt: now });
    },
    async adjustStock(sku, { id, delta, by, reason }, now) {
      const product = products.get(sku);
      if (!product || movements.has(`${id}/${sku}`)) return product;
      const { received, available, ...rest } = product.stock;
      if (available + delta < 0) throw new TerminalError('conflict', `Only ${available} are available.`);
      const stock = { ...rest, received: received + delta, available: available + delta };
      movements.set(`${id}/${sku}`, { sku, kind: 'adjustment', delta, at: now, by, reason });
      return save({ ...product, stock, updatedAt: now });
    },
    async movements(wanted, limit) {
      const found = [...movements.values()].filter(({ sku }) => sku === wanted).reverse();
      return found.slice(0, limit).map(({ sku: _, ...movement }) => movement);
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
