/** What comes of a try: delivered, tried again, given up, or the endpoint's end. Pure. */
import type { Settlement } from '../ports/webhooks.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The pauses after the first failure, the second and so on, as Standard Webhooks recommends them. */
export const PAUSES_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/** A pause is longer by up to this part of it, so that what failed together does not come back together. */
const JITTER = 0.2;

/** The longest that a receiver may ask us to wait. */
const ASKED_MAX_MS = 24 * HOUR_MS;

/** An endpoint that has taken nothing for so long is told nothing more. */
const FAILING_MAX_MS = 5 * 24 * HOUR_MS;

/** What came back: an HTTP status, or the reason why there is none. */
export type Answer = { status: number; retryAfter?: string | undefined } | { error: string };

/** Milliseconds that the header `Retry-After` asks for, in seconds or as a date; 0 when it says nothing we read. */
function askedPauseMs(retryAfter: string | undefined, now: Date): number {
  if (retryAfter === undefined) return 0;
  const ms = /^\d{1,9}$/.test(retryAfter)
    ? Number(retryAfter) * SECOND_MS
    : new Date(retryAfter).getTime() - now.getTime();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), ASKED_MAX_MS) : 0;
}

/** Whether the receiver has it. */
export const isSuccess = (answer: Answer): boolean =>
  'status' in answer && answer.status >= 200 && answer.status < 300;

/** Whether the receiver wants nothing any more. */
export const isGone = (answer: Answer): boolean => 'status' in answer && answer.status === 410;

/**
 * What comes of the delivery.
 * @param attempts tries so far, this one included
 * @param options `random` from 0 up to 1; `once` for what is not worth a second try
 */
export function settlementOf(
  answer: Answer,
  attempts: number,
  { now, random, once }: { now: Date; random: number; once: boolean },
): Settlement {
  if (isSuccess(answer)) return { status: 'delivered' };
  const pauseMs = PAUSES_MS[attempts - 1];
  if (pauseMs === undefined || once || isGone(answer)) return { status: 'failed' };
  const askedMs = 'status' in answer ? askedPauseMs(answer.retryAfter, now) : 0;
  const waitMs = Math.max(pauseMs * (1 + JITTER * random), askedMs);
  return { status: 'pending', dueAt: new Date(now.getTime() + waitMs) };
}

/** Whether an endpoint that has taken nothing since then is given up. */
export const isGivenUp = (failingSince: Date | undefined, now: Date): boolean =>
  failingSince !== undefined && now.getTime() - failingSince.getTime() >= FAILING_MAX_MS;
