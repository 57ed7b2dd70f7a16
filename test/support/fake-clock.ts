/** A clock that stands until it is moved. */
import type { Clock } from '../../src/platform/clock.ts';

export interface FakeClock extends Clock {
  /** Moves the time on and calls what has become due, in order. */
  advance(ms: number): void;
}

/** A clock that begins at `start`. */
export function createFakeClock(start: Date): FakeClock {
  let nowMs = start.getTime();
  let timers: { atMs: number; run: () => void }[] = [];
  return {
    now: () => new Date(nowMs),
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const next = timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        nowMs = next.atMs;
        next.run();
      }
      nowMs = untilMs;
    },
  };
}
