/** The words of the confirmation: pure. */
import type { OrderRecord } from '../machines/order-view.ts';

/** One a currency: making one costs more than all the rest of a mail. */
const formats = new Map<string, Intl.NumberFormat>();

/** An amount as people write it, by the currency's own number of decimals. */
function formatAmount(amountMinor: number, currency: string): string {
  const format = formats.get(currency) ?? new Intl.NumberFormat('en', { style: 'currency', currency });
  formats.set(currency, format);
  return format.format(amountMinor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** Subject and text of the mail that tells a customer that the order is on its way. */
export function confirmationOf(
  { _id, input, snapshot }: OrderRecord,
  name: string,
): { subject: string; text: string } {
  const amount = formatAmount(input.amountMinor, input.currency);
  const lines = input.lines.map(
    ({ sku, quantity, unitPriceMinor }) =>
      `  ${quantity} x ${sku} at ${formatAmount(unitPriceMinor, input.currency)}`,
  );
  const { shipment } = snapshot.context;
  const tracking = shipment
    ? [`It travels with ${shipment.carrier}, tracking number ${shipment.trackingNumber}.`]
    : [];
  const text = [
    `Dear ${name},`,
    '',
    `your order ${_id} of ${amount} is on its way:`,
    '',
    ...lines,
    '',
    ...tracking,
  ];
  return { subject: `Your order of ${amount} is on its way`, text: text.join('\n') };
}
