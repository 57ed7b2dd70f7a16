/** What a letter tells, before it is put into a language: pure, from the order as its customer sees it. */
import type { Shipment } from '../../machines/order-types.ts';
import { formatMoney } from '../../platform/currency.ts';
import type { Notice } from '../../ports/notifier.ts';
import type { Language } from '../../ports/users.ts';

/** A line of the order; the money is in words of the language already. */
export interface LineFacts {
  sku: string;
  quantity: number;
  unitPrice: string;
  cancelled: number;
  returned: number;
}

export interface Facts {
  name: string;
  orderId: string;
  reference?: string;
  amount: string;
  /** What has been given back so far, of what was taken; absent when nothing has. */
  refunded?: string;
  captured: string;
  /** Whether it is certain that the customer has paid nothing. */
  isUncharged: boolean;
  canPay: boolean;
  reason?: { code: string; detail: string };
  parcels: Pick<Shipment, 'carrier' | 'trackingNumber'>[];
  lines: LineFacts[];
  /** How many lines stand in the order but not in the letter. */
  linesLeftOut: number;
}

/** More would make a letter that mail programs cut off. */
const LINES_SHOWN_MAX = 100;

/** A text of somebody else's on one line, for it stands inside our own. */
const onOneLine = (text: string) => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();

/** The facts of that notice, amounts written as people of that language write them. */
export function factsOf({ order, recipient }: Notice, language: Language): Facts {
  const { payment, reason, reference } = order;
  const money = (amountMinor: number) => formatMoney(amountMinor, order.currency, language);
  return {
    name: onOneLine(recipient.username),
    orderId: order.id,
    ...(reference !== undefined && { reference: onOneLine(reference) }),
    amount: money(order.amountMinor),
    ...(payment && payment.refundedMinor > 0 && { refunded: money(payment.refundedMinor) }),
    captured: money(payment?.capturedMinor ?? 0),
    isUncharged: payment === undefined || (payment.capturedMinor === 0 && payment.status !== 'pending'),
    canPay: order.allowedEvents.includes('order.pay'),
    ...(reason && { reason: { code: reason.code, detail: onOneLine(reason.detail) } }),
    parcels: order.shipments.map(({ carrier, trackingNumber }) => ({
      carrier: onOneLine(carrier),
      trackingNumber: onOneLine(trackingNumber),
    })),
    lines: order.lines
      .slice(0, LINES_SHOWN_MAX)
      .map(({ sku, quantity, unitPriceMinor, cancelled = 0, returned = 0 }) => ({
        sku,
        quantity,
        unitPrice: money(unitPriceMinor),
        cancelled,
        returned,
      })),
    linesLeftOut: Math.max(0, order.lines.length - LINES_SHOWN_MAX),
  };
}
