/** What an order is made of: the facts it was placed with, and what its machine remembers. */

export type Role = 'customer' | 'operator' | 'admin';

/** One line as placed; prices are per unit, in the currency's minor unit. */
export interface OrderLine {
  sku: string;
  quantity: number;
  unitPriceMinor: number;
}

/** Some units of one line; `line` counts from 1, as the order's lines stand. */
export interface LineQuantity {
  line: number;
  quantity: number;
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

/** `automatic`: the engine books the carrier; `manual`: operators say what has been sent, and how. */
export type Fulfilment = 'automatic' | 'manual';

/** How long the order's machine waits, and how it packs; pinned when the order is placed. */
export interface OrderPolicy {
  paymentOverdueMs: number;
  shippingOverdueMs: number;
  /** How long an unpaid order keeps its stock; absent in orders of version 1, which are paid at once. */
  unpaidExpiryMs?: number;
  /** The most units in one parcel; no limit when absent. */
  parcelUnits?: number;
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
  /** Absent in orders of version 1: automatic. */
  fulfilment?: Fulfilment;
  shippingAddress: Address;
  /** Absent when the order is to be paid later. */
  paymentToken?: string;
  /** What a decline leads to: the order's end (also when absent), or the wait for another means of payment. */
  onDecline?: 'end' | 'wait';
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

/** The ends of an order that is undone. */
export type Ending = 'rejected' | 'declined' | 'cancelled' | 'expired';

/** Where a parcel is, in the order in which a parcel gets there; `lost` and `delivered` are ends. */
export type ParcelStatus = 'booked' | 'pickedUp' | 'inTransit' | 'delivered' | 'lost';

/** One parcel of an order. */
export interface Shipment {
  shipmentId: string;
  carrier: string;
  trackingNumber: string;
  status: ParcelStatus;
  /** Absent when it holds the whole order. */
  lines?: LineQuantity[];
  /** A lost parcel that an operator has dealt with. */
  settled?: boolean;
}

/** The order's money; amounts in minor units. */
export interface Payment {
  paymentId: string;
  status: 'pending' | 'captured' | 'partlyRefunded' | 'refunded';
  capturedMinor: number;
  refundedMinor: number;
  /** How much of what is refunded operators gave back by other means than the gateway; absent when nothing. */
  byHandMinor?: number;
}

/** What an operator took back, or gave back of the money. */
export interface Return {
  /** None when it is about money alone. */
  lines: LineQuantity[];
  /** Whether the goods can be sold again. */
  restock: boolean;
  amountMinor: number;
  reason?: string;
}

/** A product of an order, and under which token it is held; null in holds from before there were tokens. */
export interface HeldUnder {
  sku: string;
  token: string | null;
}

/** The holds that an order goes by: under the token of the run that succeeded, but for those of earlier runs. */
export interface Holds {
  token: string;
  others?: HeldUnder[];
}

/** The stages whose attempts can be used up. */
export type StuckState =
  | 'validating'
  | 'charging'
  | 'settling'
  | 'adjusting'
  | 'shipping'
  | 'confirming'
  | 'recalling'
  | 'refunding'
  | 'releasing'
  | 'returning';

/** What the machine remembers beyond its state; small, for it is rewritten at every transition. */
export interface OrderContext {
  /** The facts, as placed. The runtime stores them once, beside the snapshot, and puts them back in here. */
  input: OrderInput;
  /** Raised only after a definite decline; part of the idempotency key at the gateway. */
  chargeAttempt: number;
  /** What the charge of that attempt is about: fixed when it begins, for the key stands for that amount. */
  chargeMinor?: number | undefined;
  /** What `order.pay` brought; before the input's. Null when it was declined. */
  paymentToken?: string | null | undefined;
  /** Absent where its validation was done before there were tokens: then it goes by any hold of its own. */
  held?: Holds | undefined;
  payment?: Payment | undefined;
  /** When it first was to be paid, in milliseconds since 1970: its wait for the money is counted from then. */
  unpaidSinceMs?: number | undefined;
  /** The gateway told that the payment failed; it is not barred there yet. */
  failure?: Reason | undefined;
  shipments?: Shipment[] | undefined;
  /** Units cancelled so far. */
  cancelled?: LineQuantity[] | undefined;
  /** Units were cancelled whose stock or money is still to be given back. */
  adjust?: boolean | undefined;
  /** Units taken back so far. */
  returned?: LineQuantity[] | undefined;
  /** Refunds begun so far, besides the one that undoes the order: part of their idempotency keys. */
  refunds?: number | undefined;
  /** The return that is being worked on. */
  returning?: Return | undefined;
  confirmation?: { messageId: string } | undefined;
  /** The order stops before its next stage, for that reason. */
  hold?: { reason: string } | undefined;
  ending?: Ending | undefined;
  reason?: Reason | undefined;
  /** The state whose attempts were used up, where `order.retry` leads back to. */
  stuckIn?: StuckState | undefined;
  /** What the last of those attempts failed of, while it needs attention: for operators alone. */
  trouble?: string | undefined;
}

/** What the work of each invocation can come to; a decline is an outcome, not an exception. */
export type ValidationOutcome =
  | { type: 'stock.held'; held?: Holds }
  | {
      type: 'order.refused';
      reason: Reason;
      /** Whether some of its stock is held all the same, and must be given back. */
      heldSome: boolean;
    };
export type PaymentOutcome =
  | { type: 'payment.captured'; paymentId: string; amountMinor: number }
  | { type: 'payment.pending'; paymentId: string }
  | { type: 'payment.declined'; reason: Reason };
export type ShippingOutcome =
  | {
      type: 'shipment.booked';
      shipmentId: string;
      carrier: string;
      trackingNumber: string;
      /** Where it is already, when its booking is found late. */
      status?: ParcelStatus;
    }
  | { type: 'shipment.refused'; reason: Reason };
/** What a last look at the carrier finds of a booking. */
export type LocationOutcome =
  | Extract<ShippingOutcome, { type: 'shipment.booked' }>
  | { type: 'shipment.missing' };
export type ConfirmationOutcome = { type: 'confirmation.sent'; messageId: string };
export type NoticeOutcome = { type: 'notice.sent'; messageId: string };
export type AdjustmentOutcome = { type: 'order.adjusted'; refundedMinor: number };
export type RecallOutcome = { type: 'shipment.recalled' };
/** `refundedMinor`: all that was ever given back of the charge. */
export type RefundOutcome = { type: 'payment.undone'; refundedMinor: number };
export type ReleaseOutcome = { type: 'stock.released' };
export type ReturnOutcome = { type: 'return.settled'; refundedMinor: number };

/** Commands: what people may ask of an order. */
export type OrderCommand =
  | { type: 'order.cancel'; reason?: string }
  /** Units of lines, before they are sent. */
  | { type: 'order.cancelLines'; lines: LineQuantity[]; reason?: string }
  /** Another means of payment, after a decline or for an order placed without one. */
  | { type: 'order.pay'; token: string }
  | { type: 'order.hold'; reason: string }
  | { type: 'order.resume' }
  | { type: 'order.retry' }
  /** Of an order that is fulfilled by hand: these units have been sent; all that are left when no lines are named. */
  | { type: 'order.ship'; carrier: string; trackingNumber: string; lines?: LineQuantity[] }
  /** The operator has settled by other means what the engine could not. */
  | { type: 'order.complete' }
  /** Units that came back, or a sum given back of good will: never more than was bought and paid. */
  | { type: 'order.return'; lines: LineQuantity[]; restock: boolean; reason?: string }
  | { type: 'order.refund'; amountMinor: number; reason?: string };

/** Facts: what the outside world tells of an order by itself. Late and repeated ones change nothing. */
export type OrderFact =
  | { type: 'payment.settled'; chargeKey: string; paymentId: string; amountMinor: number }
  | { type: 'payment.failed'; chargeKey: string; reason: Reason }
  | { type: 'shipment.tracked'; trackingNumber: string; status: Exclude<ParcelStatus, 'booked'> };
