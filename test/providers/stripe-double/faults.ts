/** What the double answers, and how it refuses: Stripe's error object with its status. */

/** Form parameters, nested as `a[b]=c` tells. */
export type Params = { [name: string]: string | Params };

/** Any object of the API. */
export type StripeObject = Record<string, unknown>;

/** A reply: `saved` is false when Stripe would not keep it under the idempotency key, for nothing was executed. */
export interface Reply {
  status: number;
  body: StripeObject;
  headers?: Record<string, string>;
  saved: boolean;
}

/** A refusal of the API. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly error: { type: string; message: string; [field: string]: unknown },
    readonly executed = true,
    readonly headers: Record<string, string> = {},
  ) {
    super(error.message);
  }

  toReply(): Reply {
    return { status: this.status, body: { error: this.error }, headers: this.headers, saved: this.executed };
  }
}

/** 400 for parameters that do not fit; found before anything is executed. */
export function badParameter(param: string, code: string, message: string): Refusal {
  const doc_url = `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;
  return new Refusal(400, { type: 'invalid_request_error', code, message, param, doc_url }, false);
}

/** 404, or 400 where the missing thing was named in a parameter. */
export function missing(kind: string, id: string, param = 'intent'): Refusal {
  const error = { type: 'invalid_request_error', code: 'resource_missing', param };
  return new Refusal(param === 'payment_method' ? 400 : 404, {
    ...error,
    message: `No such ${kind}: '${id}'`,
  });
}

/** 400 for a step that the intent's state does not allow. */
export function unexpectedState(intent: StripeObject, step: string): Refusal {
  return new Refusal(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${step} this PaymentIntent because it has a status of ${intent.status}.`,
    payment_intent: { ...intent },
  });
}

/** A failure on Stripe's side. */
export function serverError(): Refusal {
  return new Refusal(500, { type: 'api_error', message: 'An unknown error occurred.' });
}

/** 429 of the rate limiter, which stands before the idempotency layer. */
export function rateLimited(): Refusal {
  const error = {
    type: 'invalid_request_error',
    code: 'rate_limit',
    message: 'Request rate limit exceeded.',
  };
  return new Refusal(429, error, false, { 'Retry-After': '2', 'Stripe-Rate-Limited-Reason': 'global-rate' });
}

/** 429 of an object that another request holds. */
export function lockTimeout(): Refusal {
  const message =
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.';
  return new Refusal(429, { type: 'invalid_request_error', code: 'lock_timeout', message }, false);
}

/** 401, with the key masked as Stripe masks it. */
export function badKey(key: string): Refusal {
  const message = `Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}`;
  return new Refusal(401, { type: 'invalid_request_error', message }, false);
}
