/** The Stripe library, set up so that no unknown outcome is hidden, and its errors made ours. */
import Stripe from 'stripe';
import { RetryableError, TerminalError } from '../platform/errors.ts';

/** The version of the API that this adapter was written for; a newer library does not change it unnoticed. */
const API_VERSION = '2026-10-28.endive';

/** Where Stripe is, and who asks. */
export interface StripeAccess {
  secretKey: string;
  /** Another address than Stripe's own, for a double. */
  apiBase?: URL;
  /** After so long without an answer, the outcome counts as unknown. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;

/** How soon a call that stood in another's way may come again, when Stripe does not say. */
const BUSY_RETRY_MS = 500;

/**
 * The library repeats a request whose connection was closed, whatever `maxNetworkRetries` says, unless it does not
 * see that it was. But Stripe may have executed it: what then stands has to be looked up, not overwritten.
 */
function createUnrepeatingClient(): Stripe.HttpClient {
  const client = Stripe.createNodeHttpClient();
  return {
    getClientName: () => client.getClientName(),
    makeRequest: (...request) =>
      client.makeRequest(...request).catch((error: NodeJS.ErrnoException) => {
        if (error.code === Stripe.HttpClient.TIMEOUT_ERROR_CODE) throw error;
        throw new Error(error.message);
      }),
  };
}

/** The library's client. */
export function createStripeClient({ secretKey, apiBase, timeoutMs = TIMEOUT_MS }: StripeAccess): Stripe {
  return new Stripe(secretKey, {
    apiVersion: API_VERSION,
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    httpClient: createUnrepeatingClient(),
    ...(apiBase && {
      host: apiBase.hostname,
      port: apiBase.port,
      protocol: apiBase.protocol === 'http:' ? 'http' : 'https',
    }),
  });
}

/** True for an error of Stripe with that code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === code;
}

/** True for a decline: the issuer, or Stripe for it, refused the card. */
export function isCardError(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeCardError;
}

/** True when Stripe does not know the payment method, or takes it no more. */
export function refusesToken(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.param === 'payment_method';
}

/**
 * True when nothing can come under that idempotency key for 24 hours: it holds the failure of an earlier request,
 * or stands for other parameters.
 */
export function isSpentKey(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  const replayed = error.headers?.['idempotent-replayed'] === 'true';
  return (
    error instanceof Stripe.errors.StripeIdempotencyError || (replayed && (error.statusCode ?? 0) >= 500)
  );
}

function retryAfterMs(error: Stripe.errors.StripeError): number {
  const seconds = Number(error.headers?.['retry-after']);
  return seconds > 0 ? seconds * 1_000 : BUSY_RETRY_MS;
}

function translate(error: Stripe.errors.StripeError, what: string): TerminalError | RetryableError {
  const { statusCode, requestId } = error;
  const where = requestId ? ` (Stripe's request ${requestId})` : '';
  if (error instanceof Stripe.errors.StripeConnectionError)
    return new RetryableError(`Stripe did not answer to ${what}: its outcome is unknown; look it up.`);
  if (error instanceof Stripe.errors.StripeRateLimitError || statusCode === 409)
    return new RetryableError(`Stripe was busy and did not do ${what}${where}.`, {
      retryAfterMs: retryAfterMs(error),
    });
  if (error instanceof Stripe.errors.StripeIdempotencyError)
    return new TerminalError('idempotency-key-reused', `The key of ${what} stands for other values${where}.`);
  if (statusCode === 401 || statusCode === 403)
    return new TerminalError(
      'internal',
      `Stripe refused the key for ${what}${where}: check STRIPE_SECRET_KEY.`,
    );
  if (statusCode !== undefined && statusCode < 500)
    return new TerminalError('invalid-request', `Stripe refused ${what}${where}: ${error.message}`);
  return new RetryableError(`Stripe failed at ${what}${where}: its outcome is unknown; look it up.`);
}

/**
 * An error as the port knows it. Stripe's own is left behind: it carries the payment method's data.
 * @param what the call in words, such as "the charge order-1.charge.1"
 */
export function asOurs(error: unknown, what: string): unknown {
  return error instanceof Stripe.errors.StripeError ? translate(error, what) : error;
}
