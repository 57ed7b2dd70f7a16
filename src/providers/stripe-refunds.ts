/** Refunds of a captured PaymentIntent: each once under its own key, found again in Stripe's list by that key. */
import type Stripe from 'stripe';
import { TerminalError } from '../platform/errors.ts';
import type { BookedPayment } from '../ports/charge-book.ts';
import type { Refund } from '../ports/payment.ts';
import { fromStripeAmount, toStripeAmount } from './stripe-amounts.ts';
import { hasCode } from './stripe-client.ts';

/** A refund that is asked for. */
export interface RefundRequest {
  chargeKey: string;
  refundKey: string;
  amountMinor: number;
}

/** A refund made in the Dashboard has no key of ours; its own id is as good. */
const keyOf = ({ id, metadata }: Stripe.Refund) => metadata?.refundKey ?? id;

/** A refund that failed has given nothing back. */
const hasFailed = ({ status }: Stripe.Refund) => status === 'failed' || status === 'canceled';

const toRefund = (refund: Stripe.Refund): Refund => ({
  key: keyOf(refund),
  amountMinor: fromStripeAmount(refund.amount, refund.currency),
});

/** Every refund of that payment, oldest first. Stripe's lists, unlike its search, show what was just written. */
async function listAll(stripe: Stripe, paymentId: string): Promise<Stripe.Refund[]> {
  const refunds: Stripe.Refund[] = [];
  for await (const refund of stripe.refunds.list({ payment_intent: paymentId, limit: 100 }))
    refunds.push(refund);
  return refunds.reverse();
}

/** The refunds of that payment that stand, oldest first, those made in the Dashboard included. */
export async function listRefunds(stripe: Stripe, paymentId: string): Promise<Refund[]> {
  return (await listAll(stripe, paymentId)).filter((refund) => !hasFailed(refund)).map(toRefund);
}

function conflict({ refundKey, chargeKey }: RefundRequest, why: string): TerminalError {
  return new TerminalError('conflict', `The refund ${refundKey} of the charge ${chargeKey} ${why}.`);
}

/** The refund that stands under the key already. */
function repeated(request: RefundRequest, refund: Stripe.Refund): Refund {
  const made = toRefund(refund);
  if (made.amountMinor !== request.amountMinor)
    throw new TerminalError(
      'idempotency-key-reused',
      `The refund key ${request.refundKey} stands for ${made.amountMinor}; it came again with ` +
        `${request.amountMinor}. Use another key for another refund.`,
    );
  if (hasFailed(refund))
    throw conflict(
      request,
      `failed at the bank (${refund.failure_reason ?? 'no reason given'}): pay it otherwise`,
    );
  return made;
}

/**
 * Gives back a part of that payment, once under the refund key: Stripe's idempotency keys last a day, so the list of
 * refunds is asked first.
 * @throws TerminalError `conflict`, `idempotency-key-reused`; and Stripe's own errors.
 */
export async function refundPayment(
  stripe: Stripe,
  payment: BookedPayment,
  request: RefundRequest,
): Promise<Refund> {
  const { paymentId, currency } = payment;
  const [intent, refunds] = await Promise.all([
    stripe.paymentIntents.retrieve(paymentId),
    listAll(stripe, paymentId),
  ]);
  if (intent.status !== 'succeeded') throw conflict(request, 'is not possible: nothing is captured');
  const same = refunds.find((refund) => keyOf(refund) === request.refundKey);
  if (same) return repeated(request, same);
  const amount = toStripeAmount(request.amountMinor, currency);
  const given = refunds
    .filter((refund) => !hasFailed(refund))
    .reduce((sum, refund) => sum + refund.amount, 0);
  if (amount > intent.amount_received - given)
    throw conflict(
      request,
      `goes beyond what is left: ${fromStripeAmount(intent.amount_received - given, currency)}`,
    );
  const metadata = { orderId: payment.orderId, refundKey: request.refundKey };
  const options = { idempotencyKey: request.refundKey };
  const made = await stripe.refunds
    .create({ payment_intent: paymentId, amount, metadata }, options)
    .catch((error: unknown) => {
      // Another refund, made at the same time, was faster.
      const beyond = hasCode(error, 'charge_already_refunded') || isAmountRefused(error);
      throw beyond ? conflict(request, 'goes beyond what is left') : error;
    });
  return repeated(request, made);
}

function isAmountRefused(error: unknown): boolean {
  return error instanceof Error && 'param' in error && error.param === 'amount';
}
