/** Waits for a condition of a run, for so long. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 20;

/** @throws Error that names `what` when it does not hold within `timeoutMs` */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  lookMs = LOOK_MS,
): Promise<void> {
  for (const end = performance.now() + timeoutMs; !(await holds()); await sleep(lookMs)) {
    if (performance.now() > end) throw new Error(`Waited ${timeoutMs / 1000} s for ${what}.`);
  }
}
