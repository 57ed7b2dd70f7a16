/** What a job is about: one piece of pending work, and perhaps others of its kind that share the job with it. */
import type { Dispatch, PendingRef } from '../actors/ports.ts';

/** One that is done with another's job, and the id that a job of its own would have. */
export type Companion = Pick<Dispatch, 'jobId' | 'ref'>;

/** A job's own work; its id is the one of that. */
export type JobData = PendingRef & { companions?: Companion[] };

/** So many share a job at most: it is one text in Redis, and one row of Bull Board. */
const SHARE_MAX = 100;

/** The job of one dispatch, as Bull takes it. */
export const jobOf = ({ jobId, ref, delayMs }: Dispatch, companions: Companion[] = []) => ({
  data: (companions.length > 0 ? { ...ref, companions } : ref) as JobData,
  opts: { jobId, delay: delayMs },
});

/** Jobs of one queue for all of them, as few as can be. */
export function sharedJobs(dispatches: Dispatch[]): ReturnType<typeof jobOf>[] {
  const jobs: ReturnType<typeof jobOf>[] = [];
  for (let from = 0; from < dispatches.length; from += SHARE_MAX) {
    const [first, ...others] = dispatches.slice(from, from + SHARE_MAX);
    const companions = others.map(({ jobId, ref }) => ({ jobId, ref }));
    if (first) jobs.push(jobOf(first, companions));
  }
  return jobs;
}
