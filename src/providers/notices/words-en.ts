/** The letters in English. */
import type { Words } from './words.ts';

const sent = ({ parcels }: { parcels: unknown[] }) => (parcels.length > 0 ? 'is on its way' : 'is confirmed');

export const english: Words = {
  subjects: {
    confirmation: (facts) => `Your order of ${facts.amount} ${sent(facts)}`,
    rejected: ({ amount }) => `We could not accept your order of ${amount}`,
    declined: ({ amount }) => `The payment of ${amount} was declined`,
    cancelled: ({ amount }) => `Your order of ${amount} is cancelled`,
    expired: ({ amount }) => `Your order of ${amount} has expired`,
    refunded: ({ refunded, amount }) => `A refund of your order: ${refunded ?? amount}`,
  },
  openings: {
    confirmation: (facts) => `Your order ${facts.orderId} of ${facts.amount} ${sent(facts)}.`,
    rejected: ({ orderId, amount }) =>
      `We are sorry: we could not accept your order ${orderId} of ${amount}.`,
    declined: ({ orderId, amount, canPay }) =>
      `The payment of ${amount} for your order ${orderId} was declined. ${
        canPay ? 'You can still pay it by other means.' : 'The order is closed.'
      }`,
    cancelled: ({ orderId, amount }) => `Your order ${orderId} of ${amount} is cancelled.`,
    expired: ({ orderId, amount }) =>
      `Your order ${orderId} of ${amount} was not paid in time, and is closed. You are welcome to order again.`,
    refunded: ({ orderId }) => `We have sent you money back for your order ${orderId}.`,
  },
  greeting: (name) => `Dear ${name},`,
  reason: ({ detail }) => `Reason: ${detail}`,
  refunded: (refunded, captured) => `Refunded so far: ${refunded} of the ${captured} that you paid.`,
  uncharged: 'You have not been charged.',
  parcel: ({ carrier, trackingNumber }) => `It travels with ${carrier}, tracking number ${trackingNumber}.`,
  line({ sku, quantity, unitPrice, cancelled, returned }) {
    const less = [
      ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
      ...(returned > 0 ? [`${returned} returned`] : []),
    ];
    return `${quantity} × ${sku} at ${unitPrice}${less.length > 0 ? ` (${less.join(', ')})` : ''}`;
  },
  linesLeftOut: (count) => `and ${count} more`,
  reference: (orderId, reference) =>
    `Order ${orderId}${reference === undefined ? '' : `, your reference ${reference}`}`,
};
