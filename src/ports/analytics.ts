/** What can be learnt of many orders together; `src/store` implements it. All money is in minor units, by currency. */

/** Orders placed from then on, and before that. */
export interface Range {
  from: Date;
  to: Date;
}

/** What orders are counted by; periods are those of UTC, weeks begin on Monday. */
export type Dimension = 'day' | 'week' | 'month' | 'state' | 'country';

/** The orders of one key and currency. */
export interface OrdersOf {
  /** The first day of a period, such as `2026-11-16`; a state; a country. */
  key: string;
  currency: string;
  orders: number;
  /** As placed. */
  amountMinor: number;
  /** Taken and not given back. */
  revenueMinor: number;
}

/** One product in one currency. */
export interface SalesOf {
  sku: string;
  currency: string;
  /** Orders that want it. */
  orders: number;
  units: number;
  /** Units that are paid, and neither cancelled nor returned. */
  soldUnits: number;
  /** Of the units sold, at the price that each was sold for; what was given back of good will is not taken off. */
  revenueMinor: number;
}

export type Stage = 'validation' | 'payment' | 'shipping' | 'confirmation';

/** How many orders come through. */
export interface Conversion {
  placed: number;
  completed: number;
  stages: { stage: Stage; entered: number; passed: number }[];
  /** Orders that ended otherwise, or wait for an operator: the last stage that each came to, and why. */
  failures: { stage: Stage; outcome: string; code: string | null; orders: number }[];
}

/** How long orders were in a state before they left it; percentiles are at most 1% too high. */
export interface TimeIn {
  state: string;
  visits: number;
  meanMs: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

/** Every method throws RetryableError when the database takes too long. */
export interface OrderAnalytics {
  /** In the order of the keys. */
  orders(range: Range, by: Dimension): Promise<OrdersOf[]>;
  /** What brought in the most first. */
  products(range: Range, limit: number): Promise<SalesOf[]>;
  conversion(range: Range): Promise<Conversion>;
  /** In the order of the states' names. */
  times(range: Range): Promise<TimeIn[]>;
}
