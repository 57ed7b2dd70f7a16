/** Reads the books of stock and money back through the API, as the orders and the products tell them. */
import type { LineQuantity } from '../../src/machines/order-types.ts';
import type { OrderView } from '../../src/machines/order-view.ts';
import type { Api } from './api.ts';
import { SOLD_STATES } from './tally.ts';

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

/** An order as the API lists it: what was taken and given back for it, and what its goods cost that it keeps. */
export interface ListedOrder {
  state: string;
  capturedMinor: number;
  refundedMinor: number;
  keptMinor: number;
  /** The lines that have units come back. */
  returned: LineQuantity[];
}

/** What the API says at one moment. */
export interface Books {
  products: Map<string, ListedProduct>;
  orders: Map<string, ListedOrder>;
  /** Units of each product over the lines of orders that were sold, and those of them that came back. */
  soldUnits: Map<string, number>;
  returnedUnits: Map<string, number>;
}

const PAGE = 100;

/** Reads the whole catalogue and every order. What came back is taken to be in stock again. */
export async function readBooks(api: Api): Promise<Books> {
  const books: Books = {
    products: new Map(),
    orders: new Map(),
    soldUnits: new Map(),
    returnedUnits: new Map(),
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

function enter(books: Books, { id, state, lines, payment }: OrderView): void {
  const order: ListedOrder = {
    state,
    capturedMinor: payment?.capturedMinor ?? 0,
    refundedMinor: payment?.refundedMinor ?? 0,
    keptMinor: 0,
    returned: [],
  };
  books.orders.set(id, order);
  if (!SOLD_STATES.has(state)) return;
  for (const { line, sku, quantity, unitPriceMinor, cancelled = 0, returned = 0 } of lines) {
    const sold = quantity - cancelled;
    order.keptMinor += (sold - returned) * unitPriceMinor;
    if (returned > 0) order.returned.push({ line, quantity: returned });
    books.soldUnits.set(sku, (books.soldUnits.get(sku) ?? 0) + sold);
    books.returnedUnits.set(sku, (books.returnedUnits.get(sku) ?? 0) + returned);
  }
}
