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

export interface ProductRepository {
  /** @throws TerminalError `conflict` when the sku exists. */
  create(product: NewProduct, now: Date): Promise<Product>;
  find(sku: string): Promise<Product | undefined>;
  /** Ordered by sku; `search` matches the beginning of a name or a sku, case ignored. */
  list(page: { skip: number; limit: number; search?: string }): Promise<{ items: Product[]; total: number }>;
  update(sku: string, change: ProductChange, now: Date): Promise<Product | undefined>;
  /**
   * Adds (or, negative, takes) units and records who did it and why, both or neither; once under that id.
   * Undefined when there is no such product. @throws TerminalError `conflict` when fewer are available.
   */
  adjustStock(sku: string, adjustment: StockAdjustment, now: Date): Promise<Product | undefined>;
  /** What operators and returns have moved, newest first. */
  movements(sku: string, limit: number): Promise<StockMovement[]>;
  /** False when there was none. @throws TerminalError `conflict` while units are held for orders. */
  remove(sku: string): Promise<boolean>;
}
