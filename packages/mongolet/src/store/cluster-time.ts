/** The time that orders writes, as MongoDB's cluster time does: seconds and a count within them, never the same twice. */

/** A point of time; `i` counts within the second `t`. */
export interface ClusterTime {
  readonly t: number;
  readonly i: number;
}

/** One clock for the process: it may serve several data folders, and none of them minds that others tick too. */
let last: ClusterTime = { t: 0, i: 0 };

/** The next time, later than every one before. */
export function nextTime(nowMs: number): ClusterTime {
  const t = Math.floor(nowMs / 1000);
  last = t > last.t ? { t, i: 1 } : { t: last.t, i: last.i + 1 };
  return last;
}

/** The latest time that was given to anything. */
export function lastTime(): ClusterTime {
  return last;
}

/** Makes every later time lie behind the beginning of the second `t`. */
export function raiseTime(t: number): void {
  if (t > last.t) last = { t, i: 0 };
}
