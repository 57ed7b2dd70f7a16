/** Reading orders beyond one actor at a time; `src/store` implements it. */
import type { OrderRecord } from '../machines/order-view.ts';

export interface OrderFilter {
  customerId?: string;
  state?: string;
}

export interface OrderQueries {
  /** Newest first; `after` is the id of the last order of the page before. */
  list(filter: OrderFilter, page: { limit: number; after?: string }): Promise<OrderRecord[]>;
  countByState(): Promise<Record<string, number>>;
}
