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
  /** Adds (or, negative, takes) units; undefined when there is no such product. @throws TerminalError `conflict` when fewer are available. */
  adjustStock(sku: string, delta: number, now: Date): Promise<Product | undefined>;
  /** False when there was none. @throws TerminalError `conflict` while units are held for orders. */
  remove(sku: string): Promise<boolean>;
}
