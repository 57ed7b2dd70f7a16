/** The carrier. Every call is idempotent by its key. */
import type { Address, OrderLine, Reason } from '../machines/order-types.ts';

export type Booking =
  | { status: 'booked'; shipmentId: string; carrier: string; trackingNumber: string }
  | { status: 'refused'; reason: Reason };

export interface Carrier {
  /** @throws RetryableError when the attempt failed. */
  book(request: { key: string; orderId: string; address: Address; lines: OrderLine[] }): Promise<Booking>;
  /** Calls the parcel back, or bars the key from being booked later. */
  recall(key: string): Promise<void>;
}
