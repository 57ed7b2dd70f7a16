/** The carrier. Every call is idempotent by its key. */
import type { Address, OrderLine, ParcelStatus, Reason } from '../machines/order-types.ts';

export type Booking =
  | { status: 'booked'; shipmentId: string; carrier: string; trackingNumber: string }
  | { status: 'refused'; reason: Reason };

export interface Carrier {
  /** @throws RetryableError when the attempt failed. */
  book(request: { key: string; orderId: string; address: Address; lines: OrderLine[] }): Promise<Booking>;
  /**
   * Calls the parcel back, or bars the key from being booked later.
   * @throws RetryableError; TerminalError `conflict` when it is delivered or lost
   */
  recall(key: string): Promise<void>;
  /** Where the parcel under that key is; undefined when the carrier never saw it. @throws RetryableError */
  track(key: string): Promise<ParcelStatus | 'recalled' | undefined>;
}
