/** What an order is made of: the facts it was placed with, and what its machine remembers. */

export type Role = 'customer' | 'operator' | 'admin';

/** One line as placed; prices are per unit, in the currency's minor unit. */
export interface OrderLine {
  sku: string;
  quantity: number;
  unitPriceMinor: number;
}

export interface Address {
  name: string;
  street: string;
  city: string;
  postalCode: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
}

/** `catalogue`: each price must be the catalogue's; `agreed`: an operator vouches for the prices given. */
export type Pricing = 'catalogue' | 'agreed';

/** How long the order's machine waits; pinned when the order is placed. */
export interface OrderPolicy {
  paymentOverdueMs: number;
  shippingOverdueMs: number;
}

/** The facts of an order: immutable, stored once, the machine's input. */
export interface OrderInput {
  orderId: string;
  customerId: string;
  /** ISO 4217. */
  currency: string;
  lines: OrderLine[];
  amountMinor: number;
  pricing: Pricing;
  shippingAddress: Address;
  paymentToken: string;
  /** The placer's own reference, such as an invoice number. */
  reference?: string;
  policy: OrderPolicy;
}

/** Why an order did not complete, in a word that programs can read and a sentence that people can. */
export interface Reason {
  code: string;
  detail: string;
  /** The lines at fault, where there are any. */
  lines?: { sku: string; detail: string }[];
}

/** The final states other than `completed`. */
export type Ending = 'rejected' | 'declined' | 'cancelled';

/** What the machine remembers beyond its state; small, for it is rewritten at every transition. */
export interface OrderContext {
  orderId: string;
  policy: OrderPolicy;
  /** Raised only after a definite decline; part of the idempotency key at the gateway. */
  chargeAttempt: number;
  payment?: { paymentId: string; status: 'captured' | 'refunded' };
  shipment?: { shipmentId: string; carrier: string; trackingNumber: string };
  confirmation?: { messageId: string };
  ending?: Ending;
  reason?: Reason;
  /** The state whose attempts were used up, where `order.retry` leads back to. */
  stuckIn?: 'recalling' | 'refunding' | 'releasing' | 'confirming';
}

/** What the work of each invocation can come to; a decline is an outcome, not an exception. */
export type ValidationOutcome =
  | { type: 'stock.held' }
  | {
      type: 'order.refused';
      reason: Reason;
      /** Whether some of its stock is held all the same, and must be given back. */
      heldSome: boolean;
    };
export type PaymentOutcome =
  | { type: 'payment.captured'; paymentId: string }
  | { type: 'payment.declined'; reason: Reason };
export type ShippingOutcome =
  | { type: 'shipment.booked'; shipmentId: string; carrier: string; trackingNumber: string }
  | { type: 'shipment.refused'; reason: Reason };
export type ConfirmationOutcome = { type: 'confirmation.sent'; messageId: string };
export type RecallOutcome = { type: 'shipment.recalled' };
export type RefundOutcome = { type: 'payment.undone'; refundedMinor: number };
export type ReleaseOutcome = { type: 'stock.released' };

/** Commands: what people may ask of an order. */
export type OrderCommand = { type: 'order.cancel'; reason?: string } | { type: 'order.retry' };
