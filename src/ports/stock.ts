/** Stock as the stages move it: every movement is idempotent per order; `src/store` implements it. */
import type { HeldUnder } from '../machines/order-types.ts';

/** The units of one product that an order wants; a product stands at most once in a list of these. */
export interface StockClaim {
  sku: string;
  quantity: number;
  currency: string;
  /** The prices that the order's lines give for it, each once; undefined when they were agreed. */
  pricesMinor: number[] | undefined;
}

/** Units of a product. */
export interface StockUnits {
  sku: string;
  quantity: number;
}

/** Units to be sold. With a token, a hold under another one is not touched: it came after its order had sold. */
export interface SaleUnits extends StockUnits {
  token?: string | null;
}

/** Why a product cannot be held for an order. */
export type Shortfall =
  | { sku: string; code: 'unknown_product' }
  | { sku: string; code: 'not_goods' }
  | { sku: string; code: 'currency_changed'; currency: string }
  | { sku: string; code: 'price_changed'; priceMinor: number }
  | { sku: string; code: 'out_of_stock'; available: number };

/** What became of a wish to hold stock. */
export interface Holding {
  /** Why what could not be held could not; empty when everything is held. */
  shortfalls: Shortfall[];
  /** Whether something is held for the order. It stays held: giving it back is a decision for the order to make. */
  heldSome: boolean;
  /** What an earlier run had held already, under its token; absent when there is none. */
  others?: HeldUnder[];
}

export interface StockLedger {
  /**
   * Holds the claims, each only while the product is what the order takes it for. What is held already for this
   * order counts as held.
   * @param token of this run alone: whoever sells says under which one the order is held
   */
  hold(orderId: string, claims: StockClaim[], now: Date, token: string): Promise<Holding>;
  /** Gives back whatever is held for the order; nothing is no error. */
  release(orderId: string, skus: string[]): Promise<void>;
  /** Holds no more than these units of each product named; what was held beyond is given back. */
  keep(orderId: string, units: StockUnits[]): Promise<void>;
  /** Units sold that came back and can be sold again: once under that key. A product that is gone is passed over. */
  restock(movement: { key: string; orderId: string; units: StockUnits[] }, now: Date): Promise<void>;
  /**
   * Turns whatever is held for the order into sold; nothing is no error.
   * @param units what is likely held of each product; a wrong guess costs a look
   */
  sell(orderId: string, units: SaleUnits[]): Promise<void>;
  /** Orders that hold stock since before that time, the oldest first. */
  holdersBefore(before: Date, limit: number): Promise<{ orderId: string; skus: string[] }[]>;
}
