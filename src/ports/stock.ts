/** Stock as the stages move it: every movement is idempotent per order; `src/store` implements it. */

/** The units of one product that an order wants; a product stands at most once in a list of these. */
export interface StockClaim {
  sku: string;
  quantity: number;
}

export interface StockLedger {
  /** Holds all claims or none; what is short, with what is left of it. Held already for this order counts as held. */
  hold(
    orderId: string,
    claims: StockClaim[],
    now: Date,
  ): Promise<{ short: { sku: string; available: number }[] }>;
  /** Gives back whatever is held for the order; nothing is no error. */
  release(orderId: string, skus: string[]): Promise<void>;
  /** Turns whatever is held for the order into sold; nothing is no error. */
  sell(orderId: string, skus: string[]): Promise<void>;
  /** Orders that hold stock since before that time; the sweep gives back what finished orders left. */
  holdersBefore(before: Date, limit: number): Promise<{ orderId: string; skus: string[] }[]>;
}
