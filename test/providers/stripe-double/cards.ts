/** Stripe's test PaymentMethods: what each does when it is charged. */

/** A decline as Stripe words it. */
export interface CardDecline {
  code: string;
  decline_code?: string;
  message: string;
}

/** What charging a payment method comes to. */
export type CardOutcome =
  | { kind: 'approved'; losesReply?: boolean }
  | { kind: 'authentication' }
  | { kind: 'processing' }
  | { kind: 'declined'; decline: CardDecline };

const declined = (code: string, decline_code: string, message: string): CardOutcome => ({
  kind: 'declined',
  decline: { code, decline_code, message },
});
const DECLINED = 'Your card was declined.';

const OUTCOMES: Readonly<Record<string, CardOutcome>> = {
  pm_card_visa: { kind: 'approved' },
  pm_card_mastercard: { kind: 'approved' },
  pm_card_chargeDeclined: declined('card_declined', 'generic_decline', DECLINED),
  pm_card_chargeDeclinedInsufficientFunds: declined(
    'card_declined',
    'insufficient_funds',
    'Your card has insufficient funds.',
  ),
  pm_card_chargeDeclinedLostCard: declined('card_declined', 'lost_card', DECLINED),
  pm_card_chargeDeclinedStolenCard: declined('card_declined', 'stolen_card', DECLINED),
  pm_card_chargeDeclinedFraudulent: declined('card_declined', 'fraudulent', DECLINED),
  pm_card_chargeDeclinedExpiredCard: declined('expired_card', 'expired_card', 'Your card has expired.'),
  pm_card_chargeDeclinedIncorrectCvc: declined(
    'incorrect_cvc',
    'incorrect_cvc',
    "Your card's security code is incorrect.",
  ),
  pm_card_chargeDeclinedProcessingError: declined(
    'processing_error',
    'processing_error',
    'An error occurred while processing your card. Try again in a little bit.',
  ),
  pm_card_authenticationRequired: { kind: 'authentication' },
  pm_usBankAccount_success: { kind: 'processing' },
  /** The double's own: approved, and the reply to the first confirmation is lost. */
  pm_double_replyLost: { kind: 'approved', losesReply: true },
};

/** What that payment method does; undefined when Stripe would not know it. The brand may stand in the name. */
export function outcomeOf(paymentMethod: string): CardOutcome | undefined {
  const name = paymentMethod.replace('pm_card_visa_', 'pm_card_');
  return Object.hasOwn(OUTCOMES, name) ? OUTCOMES[name] : undefined;
}
