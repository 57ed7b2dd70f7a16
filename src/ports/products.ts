/** The catalogue as the engine reads and writes it; `src/store` implements it. */

/** `goods` can be ordered; a `charge` (postage, fees, manual corrections) stands in the books only. */
export type ProductKind = 'goods' | 'charge';

/** received = available + held + sold, always. */
export interface Stock {
  /** Units ever received, corrections included. */
  received: number;
  available: number;
  held: number;
  sold: number;
}

export interface Product {
  /** The stock-keeping unit: the product's id, given by the operator. */
  sku: string;
  name: string;
  description: string;
  kind: ProductKind;
  priceMinor: number;
  /** ISO 4217. */
  currency: string;
  stock: Stock;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewProduct {
  sku: string;
  name: string;
  description: string;
  kind: ProductKind;
  priceMinor: number;
  currency: string;
  /** The units received with it. */
  stock: number;
}

/** A correction of the stock by an operator; negative when units are gone. */
export interface StockAdjustment {
  /** The idempotency key. */
  id: string;
  delta: number;
  by: string;
  reason: string;
}

/** One movement that is not an order's own hold or sale. */
export interface StockMovement {
  kind: 'adjustment' | 'return';
  delta: number;
  at: Date;
  /** The user who adjusted it. */
  by?: string;
  reason?: string;
  /** The order that it came back from. */
  orderId?: string;
}

export type ProductChange = Partial<
  Pick<Product, 'name' | 'description' | 'kind' | 'priceMinor' | 'currency'>
>;

/** What a list can be sorted by; equal ones by their sku. */
export type ProductOrder = 'sku' | 'name' | 'priceMinor' | 'createdAt';

/** Which products, and how many of them. */
export interface ProductPage {
  /** So many are passed over: after the cursor, where there is one. */
  skip: number;
  limit: number;
  /** Matches the beginning of a sku, or of a word of a name with what follows it; case ignored. */
  search?: string;
  orderBy?: ProductOrder;
  descending?: boolean;
  /** The last product of the page before: its sku, and its value of what the list is sorted by. */
  after?: { sku: string; value: string | number | Date };
}

/** What became of products that were brought in. */
export interface Imported {
  created: number;
  updated: number;
  /** They were as given already. */
  unchanged: number;
}

export interface ProductRepository {
  /** @throws TerminalError `conflict` when the sku exists. */
  create(product: NewProduct, now: Date): Promise<Product>;
  find(sku: string): Promise<Product | undefined>;
  /** Those of exactly that name, case ignored. */
  named(name: string): Promise<Product[]>;
  /** Ordered by sku unless the page says otherwise; `total` counts all that match, whatever the page. */
  list(page: ProductPage): Promise<{ items: Product[]; total: number }>;
  update(sku: string, change: ProductChange, now: Date): Promise<Product | undefined>;
  /**
   * Adds (or, negative, takes) units and records who did it and why, both or neither; once under that id.
   * Undefined when there is no such product. @throws TerminalError `conflict` when fewer are available.
   */
  adjustStock(sku: string, adjustment: StockAdjustment, now: Date): Promise<Product | undefined>;
  /** What operators and returns have moved, newest first. */
  movements(sku: string, limit: number): Promise<StockMovement[]>;
  /** Creates those that do not exist, and gives the others these facts; the stock of one that exists stays. */
  importAll(products: NewProduct[], now: Date): Promise<Imported>;
  /** False when there was none. @throws TerminalError `conflict` while units are held for orders. */
  remove(sku: string): Promise<boolean>;
}
