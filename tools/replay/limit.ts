/** Runs jobs in the order given, so many at once. */

/** Runs a job when there is room for it. */
export type Limit = <T>(job: () => Promise<T>) => Promise<T>;

/** Makes a limit of `atOnce` jobs. */
export function createLimit(atOnce: number): Limit {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (job) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
