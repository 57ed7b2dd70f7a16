/** What a real gateway's adapter keeps of its charges: which payment a key stands for, and which keys are barred. */
import type { Reason } from '../machines/order-types.ts';

/** The gateway's payment that a charge key stands for, once and for ever. */
export interface BookedPayment {
  /** The gateway's own id of it. */
  paymentId: string;
  orderId: string;
  amountMinor: number;
  currency: string;
}

/** What stands under one charge key. */
export interface BookedCharge {
  key: string;
  /** Absent when the key was barred before a payment came. */
  payment?: BookedPayment;
  /** No money may be taken under the key any more. */
  barred: boolean;
  /** Why it was declined, in the gateway's words. */
  decline?: Reason;
}

/** A durable book. Every write is atomic, and outlives any crash once it has returned. */
export interface ChargeBook {
  find(key: string): Promise<BookedCharge | undefined>;
  /**
   * Enters the payment, unless something stands under the key already.
   * @returns what stands there now: another run's payment, or a bar, where that came first.
   */
  enter(key: string, payment: BookedPayment): Promise<BookedCharge>;
  /** Bars the key for ever. @returns what stands there now */
  bar(key: string): Promise<BookedCharge>;
  /** Remembers why the payment of that key was declined. */
  decline(key: string, reason: Reason): Promise<void>;
}
