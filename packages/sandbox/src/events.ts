/** What webhooks tell: payments that were settled or failed, parcels that moved. */
import type { Reason } from './tokens.ts';

/** Where a parcel can get to after it was booked, in that order; `delivered` and `lost` are ends. */
export const MOVES = ['pickedUp', 'inTransit', 'delivered', 'lost'] as const;

export type Move = (typeof MOVES)[number];

/** An event without the id and the time that it gets when it is recorded. */
export type EventDraft =
  | {
      type: 'payment.settled';
      data: { orderId: string; chargeKey: string; paymentId: string; amountMinor: number };
    }
  | { type: 'payment.failed'; data: { orderId: string; chargeKey: string; reason: Reason } }
  | {
      type: `parcel.${Move}`;
      data: { orderId: string; parcelKey: string; shipmentId: string; trackingNumber: string };
    };
