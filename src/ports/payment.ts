/** The payment gateway. Every call is idempotent by its key. */
import type { Reason } from '../machines/order-types.ts';

export interface ChargeRequest {
  /** The idempotency key: one charge for ever. */
  key: string;
  orderId: string;
  amountMinor: number;
  currency: string;
  paymentToken: string;
}

export type Charge =
  | { status: 'captured'; paymentId: string; amountMinor: number }
  | { status: 'declined'; reason: Reason }
  | { status: 'voided' };

export interface PaymentGateway {
  /**
   * Authorises and captures.
   * @throws RetryableError when it failed, or when the outcome is unknown: look it up under the same key first.
   */
  capture(request: ChargeRequest): Promise<Charge>;
  /** What became of the charge under that key; undefined when the gateway never saw it. */
  lookUp(key: string): Promise<Charge | undefined>;
  /**
   * Undoes the charge under `chargeKey`, whatever became of it: refunds it once if captured; else voids the
   * key, so that a late capture under it is refused. Idempotent by `refundKey`.
   */
  undo(chargeKey: string, refundKey: string): Promise<{ refundedMinor: number }>;
}
