/**
 * The first stage of each order: always a job's, and where nothing waits before it, begun without waiting for that job's
 * way through Redis. The job then ends as what was begun ends.
 */
import type { PendingRef } from '../actors/ports.ts';
import { Places } from './places.ts';

/** How a job ended, kept on the job for Bull Board. */
export type JobResult = 'moved' | 'stale';

/** Jobs that other processes took do not come here for what was begun: so much is kept for those that do. */
const KEPT_MAX = 1_000;

const keyOf = ({ actorId, id }: PendingRef): string => `${actorId}.${id}`;

/** What was begun in this process, and how many jobs run in it. */
export class FirstStages {
  readonly #begun = new Map<string, Promise<JobResult>>();
  readonly #jobs: Places;

  /** @param concurrency jobs at once, for each queue */
  constructor(concurrency: number) {
    this.#jobs = new Places(concurrency);
  }

  /** Whether that queue keeps nothing back from this process: older orders would wait longer for a newer one else. */
  hasRoom(queue: string): boolean {
    return this.#jobs.areFree(queue);
  }

  /** Leaves what was begun for its job, with its failure, if it comes to that. */
  begin(ref: PendingRef, work: Promise<JobResult>): void {
    work.catch(() => undefined);
    this.#begun.set(keyOf(ref), work);
    if (this.#begun.size <= KEPT_MAX) return;
    const [oldest] = this.#begun.keys();
    if (oldest !== undefined) this.#begun.delete(oldest);
  }

  /** Does a job of that queue. */
  hold<T>(queue: string, job: () => Promise<T>): Promise<T> {
    return this.#jobs.hold(queue, job);
  }

  /** Ends as what was begun for it, or else does the `work`. @throws what either throws */
  async join(ref: PendingRef, work: () => Promise<JobResult>): Promise<JobResult> {
    const key = keyOf(ref);
    const begun = ref.seq === 1 ? this.#begun.get(key) : undefined;
    this.#begun.delete(key);
    return begun ?? work();
  }
}
