/** What an HTTP status says about trying again. */
import { RetryableError, TerminalError } from '../platform/errors.ts';

/** Timeout, conflict with a request under the same key, too early, too many. */
const PASSING: readonly number[] = [408, 409, 425, 429];

/**
 * The error for an answer that is no success.
 * @param retryAfter the header of that name; seconds are understood, dates are not
 */
export function failureOf(
  status: number,
  retryAfter: string | undefined,
  reason: string,
): RetryableError | TerminalError {
  if (status >= 300 && status < 500 && !PASSING.includes(status))
    return new TerminalError('invalid-request', reason);
  const seconds = /^\d{1,5}$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined;
  return new RetryableError(reason, seconds === undefined ? {} : { retryAfterMs: seconds * 1000 });
}
