/** Reads the books of stock and money back through the API, and compares them with the orders. */
import type { OrderView } from '../../src/machines/order-view.ts';
import type { Api } from './api.ts';

/** A product's stock as operators see it. */
export interface Stock {
  received: number;
  available: number;
  held: number;
  sold: number;
}

/** A product as the API gives it to operators. */
export interface ListedProduct {
  sku: string;
  priceMinor: number;
  stock: Stock;
}

/** What the API says at one moment. */
export interface Books {
  products: Map<string, ListedProduct>;
  /** The state of each order that the API lists. */
  states: Map<string, string>;
  /** Units of each product over the lines of completed orders. */
  soldUnits: Map<string, number>;
  /** Over the completed orders: their own amounts, and the sum over their lines. */
  amountMinor: number;
  linesMinor: number;
}

const PAGE = 100;

/** Reads the whole catalogue and every order. */
export async function readBooks(api: Api): Promise<Books> {
  const books: Books = {
    products: new Map(),
    states: new Map(),
    soldUnits: new Map(),
    amountMinor: 0,
    linesMinor: 0,
  };
  for await (const product of listProducts(api)) books.products.set(product.sku, product);
  for await (const order of listOrders(api)) enter(books, order);
  return books;
}

async function* listProducts(api: Api): AsyncGenerator<ListedProduct> {
  for (let skip = 0, total = 1; skip < total; skip += PAGE) {
    const page = await api.read<{ items: ListedProduct[]; total: number }>(
      `/products?skip=${skip}&limit=${PAGE}`,
    );
    yield* page.items;
    total = page.total;
  }
}

async function* listOrders(api: Api): AsyncGenerator<OrderView> {
  for (let after: string | null = ''; after !== null; ) {
    const cursor: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
    const page: { items: OrderView[]; next: string | null } = await api.read(
      `/orders?limit=${PAGE}${cursor}`,
    );
    yield* page.items;
    after = page.next;
  }
}

function enter(books: Books, { id, state, lines, amountMinor }: OrderView): void {
  books.states.set(id, state);
  if (state !== 'completed') return;
  books.amountMinor += amountMinor;
  for (const { sku, quantity, unitPriceMinor } of lines) {
    books.linesMinor += quantity * unitPriceMinor;
    books.soldUnits.set(sku, (books.soldUnits.get(sku) ?? 0) + quantity);
  }
}
