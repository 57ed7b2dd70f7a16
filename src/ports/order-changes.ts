/** What changed of late, over all orders: what the feed makes itself complete from; `src/store` implements it. */
import type { OrderRecord } from '../machines/order-view.ts';

/** That an order is at `seq` since `updatedAt`. */
export interface OrderChange {
  orderId: string;
  seq: number;
  updatedAt: Date;
}

/** A place in the line of all orders, by the time of their last change and, where that is the same, their id. */
export interface ChangePosition {
  updatedAt: Date;
  orderId: string;
}

export interface OrderChanges {
  /** The orders behind that place, in line, `limit` at most. */
  changedAfter(position: ChangePosition, limit: number): Promise<OrderChange[]>;
  /** The same with all that is known of them; of one customer's alone where `customerId` is given. */
  recordsAfter(position: ChangePosition, limit: number, customerId?: string): Promise<OrderRecord[]>;
  /** Where those orders are now; one that does not exist is left out. */
  changesOf(orderIds: string[]): Promise<OrderChange[]>;
}
