/** Time is passed in, so that a test can hold it. */
export interface Clock {
  nowMs(): number;
  /** Calls `run` after `delayMs`; returns what cancels it. The timer never keeps the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
