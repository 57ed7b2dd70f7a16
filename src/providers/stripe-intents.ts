/** The steps of a PaymentIntent at Stripe: created, then confirmed or cancelled; each tells how the intent then stands. */
import type Stripe from 'stripe';
import { RetryableError } from '../platform/errors.ts';
import type { ChargeRequest } from '../ports/payment.ts';
import { toStripeAmount } from './stripe-amounts.ts';
import { hasCode, isCardError, isSpentKey } from './stripe-client.ts';

/** What can become of an intent that was to be cancelled; `processing` can only be waited for. */
const NOT_CANCELLABLE: readonly string[] = ['succeeded', 'canceled', 'processing'];

/**
 * Creates an intent that is not confirmed: it has moved no money, and never will by itself. A lost reply is made good
 * by the idempotency key; where nothing comes under that any more, another intent does no harm.
 */
export async function createIntent(
  stripe: Stripe,
  request: ChargeRequest,
  newId: () => string,
): Promise<Stripe.PaymentIntent> {
  const { key, orderId, amountMinor, currency, paymentToken } = request;
  const intent = {
    amount: toStripeAmount(amountMinor, currency),
    currency: currency.toLowerCase(),
    // Bound here and not when confirming: Stripe unbinds it at a decline, so a late confirmation cannot charge it again.
    payment_method: paymentToken,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    metadata: { orderId, chargeKey: key },
  } satisfies Stripe.PaymentIntentCreateParams;
  try {
    return await stripe.paymentIntents.create(intent, { idempotencyKey: key });
  } catch (error) {
    if (!isSpentKey(error)) throw error;
    return stripe.paymentIntents.create(intent, { idempotencyKey: `${key}.${newId()}` });
  }
}

/** Has Stripe take the money; what Stripe refuses because of the card or the intent's state shows in the intent. */
export async function confirmIntent(stripe: Stripe, paymentId: string): Promise<Stripe.PaymentIntent> {
  try {
    return await stripe.paymentIntents.confirm(paymentId);
  } catch (error) {
    if (!isCardError(error) && !hasCode(error, 'payment_intent_unexpected_state')) throw error;
  }
  return stripe.paymentIntents.retrieve(paymentId);
}

/**
 * Ends the intent, unless it is at its end or cannot be stopped.
 * @throws RetryableError when it changed meanwhile; and Stripe's own errors.
 */
export async function cancelIntent(stripe: Stripe, paymentId: string): Promise<Stripe.PaymentIntent> {
  try {
    return await stripe.paymentIntents.cancel(paymentId);
  } catch (error) {
    if (!hasCode(error, 'payment_intent_unexpected_state')) throw error;
  }
  const intent = await stripe.paymentIntents.retrieve(paymentId);
  if (NOT_CANCELLABLE.includes(intent.status)) return intent;
  throw new RetryableError(`The payment ${paymentId} changed while it was being cancelled.`);
}
