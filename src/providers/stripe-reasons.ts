/** Why Stripe declined a charge, in words that a customer may read. */
import type { Reason } from '../machines/order-types.ts';

/** The part of a PaymentIntent's `last_payment_error` that tells why; from the API, or from a webhook. */
export interface PaymentFailure {
  code?: string | undefined;
  decline_code?: string | null | undefined;
  message?: string | undefined;
}

/** Stripe asks that the customer be told no more of these than of any decline: it may be the thief who asks. */
const CONFIDENTIAL = new Set(['fraudulent', 'lost_card', 'stolen_card', 'merchant_blacklist']);

const GENERIC: Reason = { code: 'generic_decline', detail: 'The payment was declined.' };

/** The reason of a decline: the issuer's code where there is one, else Stripe's own, and its sentence for customers. */
export function declineReason(failure: PaymentFailure | null | undefined): Reason {
  const code = failure?.decline_code || failure?.code;
  if (!code || CONFIDENTIAL.has(code)) return GENERIC;
  return { code, detail: failure?.message || GENERIC.detail };
}

/** The reason of a charge whose payment method Stripe does not know, or does not take again. */
export const REFUSED_TOKEN: Reason = {
  code: 'invalid_token',
  detail: 'The payment method is not known, or was used before; choose another.',
};
