/** Sends a message once under its key, by a claim before and a note after (docs/adr/0009-one-message-per-channel.md). */
import type { Clock } from '../platform/clock.ts';
import { messageOf, RetryableError, TerminalError } from '../platform/errors.ts';
import type { DeliveryBook, DeliveryOutcome } from '../ports/delivery-book.ts';

/** The longest that a channel may take over one message. */
export const SEND_TIMEOUT_MS = 45_000;

/** An attempt that has not ended by then has died. */
const CLAIM_MS = SEND_TIMEOUT_MS + 15_000;

/**
 * Calls `send` unless the message under that key is settled already.
 * @param attemptsMax after that many failures the message counts as refused
 * @throws TerminalError when it is refused for good, told once; RetryableError when it failed, or when another
 * attempt is sending it right now.
 */
export type SendOnce = (
  key: string,
  send: () => Promise<{ messageId: string }>,
  attemptsMax?: number,
) => Promise<void>;

/** What sending once stands on. */
export interface SendOnceParts {
  book: DeliveryBook;
  clock: Clock;
  newId: () => string;
}

/** Sending once by that book. */
export function createSendOnce({ book, clock, newId }: SendOnceParts): SendOnce {
  /** What this process knows and the book does not, for it could not be reached after the sending. */
  const unrecorded = new Map<string, DeliveryOutcome>();

  async function settle(key: string, outcome: DeliveryOutcome): Promise<void> {
    unrecorded.set(key, outcome);
    await book.settle(key, outcome, clock.now());
    unrecorded.delete(key);
  }

  return async function sendOnce(key, send, attemptsMax = Number.POSITIVE_INFINITY) {
    const known = unrecorded.get(key);
    if (known) return settle(key, known);
    const now = clock.now();
    const claim = { id: newId(), now, until: new Date(now.getTime() + CLAIM_MS) };
    const answer = await book.claim(key, claim);
    if (answer.status === 'settled') return;
    if (answer.status === 'busy')
      throw new RetryableError(`Another attempt is sending ${key}.`, {
        retryAfterMs: Math.max(0, answer.until.getTime() - now.getTime()),
      });
    let outcome: DeliveryOutcome;
    try {
      outcome = { status: 'sent', ...(await send()) };
    } catch (error) {
      const refusal = refusalOf(error, answer.attempt >= attemptsMax);
      if (refusal === undefined) await book.release(key, claim.id);
      else await settle(key, { status: 'refused', reason: refusal.message });
      throw refusal ?? error;
    }
    await settle(key, outcome);
  };
}

function refusalOf(error: unknown, isLast: boolean): TerminalError | undefined {
  if (error instanceof TerminalError) return error;
  if (!isLast) return undefined;
  return new TerminalError('unavailable', `Given up after the last attempt: ${messageOf(error)}`, {
    cause: error,
  });
}
