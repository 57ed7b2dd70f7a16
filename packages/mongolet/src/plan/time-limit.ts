/** `maxTimeMS`: ends a command that looks at documents for too long. */
import { errorOf } from '../errors.ts';

/** Commands run one after the other and never wait inside, so one variable is enough for the one that runs. */
let endsAtMs = Number.POSITIVE_INFINITY;

/** Looking at the clock costs about as much as looking at a small document. */
const CHECK_EVERY = 64;

/** Of all that runs, not of one stream: a join opens one for each of its documents, and each may be short. */
let steps = 0;

/** Runs `action`, which may not take longer than `limitMs` (0 or undefined: as long as it likes). */
export function withTimeLimit<T>(limitMs: number | undefined, action: () => T): T {
  if (!limitMs) return action();
  endsAtMs = performance.now() + limitMs;
  try {
    return action();
  } finally {
    endsAtMs = Number.POSITIVE_INFINITY;
  }
}

/** Throws when the time of the running command is over; called at each step by whatever may take many. */
export function checkTimeLimit(): void {
  steps += 1;
  if (steps % CHECK_EVERY === 0 && performance.now() > endsAtMs)
    throw errorOf('MaxTimeMSExpired', 'operation exceeded time limit');
}
