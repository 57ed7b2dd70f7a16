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

/** Money given back of a charge, under its own idempotency key. */
export interface Refund {
  key: string;
  amountMinor: number;
}

/** What became of a charge. */
export type Charge =
  | { status: 'captured'; paymentId: string; amountMinor: number; refunds: Refund[] }
  /** The payer or the bank has yet to act; the settlement comes as a provider's event, or by a look-up. */
  | { status: 'pending'; paymentId: string }
  | { status: 'declined'; reason: Reason }
  | { status: 'voided' };

export interface PaymentGateway {
  /**
   * Authorises and captures.
   * @throws RetryableError when it failed, or when the outcome is unknown: look it up under the same key first.
   * @throws TerminalError `idempotency-key-reused` when the key stands for another charge.
   */
  capture(request: ChargeRequest): Promise<Charge>;
  /** What became of the charge under that key; undefined when the gateway never saw it. */
  lookUp(key: string): Promise<Charge | undefined>;
  /**
   * Bars the key: what is not captured never will be. A captured charge is not touched.
   * @returns what stands now: never `pending`
   * @throws RetryableError while the charge is in a state in which it can neither be voided nor refunded.
   */
  void(key: string): Promise<Exclude<Charge, { status: 'pending' }>>;
  /**
   * Gives back a part of a captured charge, or all of it, once under that refund key.
   * @throws TerminalError `conflict` when the charge is not captured, or less than that is left of it;
   * `idempotency-key-reused` when the refund key stands for another amount.
   */
  refund(refund: { chargeKey: string; refundKey: string; amountMinor: number }): Promise<Refund>;
}
