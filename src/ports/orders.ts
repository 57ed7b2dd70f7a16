/** Reading orders beyond one actor at a time; `src/store` implements it. */
import type { OrderRecord } from '../machines/order-view.ts';

/** Which orders: those that are all of what is given. */
export interface OrderFilter {
  customerId?: string;
  state?: string;
  /** Placed then or later. */
  placedFrom?: Date;
  /** Placed earlier than that. */
  placedBefore?: Date;
  /** ISO 4217. */
  currency?: string;
  /** Of the amount as placed, in minor units, both inclusive. */
  amountMinMinor?: number;
  amountMaxMinor?: number;
  /** The beginning of an id, a sku, or of a word of a reference or a recipient's name with what follows it. */
  search?: string;
  /** The archived ones are left out unless they are asked for: with the others, or alone. */
  archived?: 'with' | 'only';
}

export interface OrderQueries {
  /**
   * Newest first; `after` is the id of the last order of the page before, and so many are passed over after it.
   * @throws RetryableError when the database takes too long
   */
  list(filter: OrderFilter, page: { limit: number; after?: string; skip?: number }): Promise<OrderRecord[]>;
  /** How many there are. @throws RetryableError when the database takes too long */
  count(filter: OrderFilter): Promise<number>;
}
