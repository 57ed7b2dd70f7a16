/** The sandbox gateway's test tokens: each plays one thing that card networks do. */
import type { Reason } from '../machines/order-types.ts';

/** What the gateway does with a charge on that token; by default it approves at the first call. */
export interface TokenBehaviour {
  /** The decline; absent when the charge is approved. */
  decline?: Reason;
  /** Calls that fail before one works. */
  failures?: number;
  /** The first call moves the money, and then its reply is lost. */
  losesFirstReply?: boolean;
  /** The payer acts later: until then the charge is pending. */
  isPending?: boolean;
}

const decline = (code: string, detail: string): TokenBehaviour => ({ decline: { code, detail } });

/** What a payer who was asked can say no with. */
export const NOT_CONFIRMED: Reason = {
  code: 'payment_not_confirmed',
  detail: 'The payer did not confirm the payment.',
};

/** Every token with a behaviour of its own. */
export const SANDBOX_TOKENS: Readonly<Record<string, TokenBehaviour>> = {
  tok_approve: {},
  tok_decline_insufficient_funds: decline('insufficient_funds', 'The account has insufficient funds.'),
  tok_decline_expired_card: decline('expired_card', 'The card has expired.'),
  tok_decline_lost_card: decline('lost_card', 'The card was reported lost.'),
  tok_timeout_after_capture: { losesFirstReply: true },
  tok_error_twice: { failures: 2 },
  tok_error_always: { failures: Number.POSITIVE_INFINITY },
  tok_pending: { isPending: true },
  tok_pending_fails: { isPending: true, decline: NOT_CONFIRMED },
};

/** What the gateway does with that token: any other `tok_` token is approved, anything else is declined. */
export function behaviourOf(token: string): TokenBehaviour {
  if (Object.hasOwn(SANDBOX_TOKENS, token)) return SANDBOX_TOKENS[token] ?? {};
  if (token.startsWith('tok_')) return {};
  return decline('invalid_token', 'The payment token is not known; sandbox tokens begin with "tok_".');
}
