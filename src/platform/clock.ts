/** Time and timers are passed in, so that a test or a simulation can hold the clock. */
export interface Clock {
  now(): Date;
  /** Calls `run` after `delayMs`; returns what cancels it. The timer never keeps the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
