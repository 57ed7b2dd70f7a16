/** `maxTimeMS`: ends a command that looks at documents for too long. */
import { errorOf } from '../errors.ts';

/** Commands run one after the other and never wait inside, so one variable is enough for the one that runs. */
let endsAtMs = Number.POSITIVE_INFINITY;

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

/** Throws when the time of the running command is over; called now and then by whatever may take long. */
export function checkTimeLimit(): void {
  if (performance.now() > endsAtMs) throw errorOf('MaxTimeMSExpired', 'operation exceeded time limit');
}
