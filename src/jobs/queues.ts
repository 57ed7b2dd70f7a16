/** The Bull queues, one a stage, and the relay's way into them. */
import type Bull from 'bull';
import type { Redis } from 'ioredis';
import type { Dispatch, JobQueues } from '../actors/ports.ts';
import { type BullConnections, createBullConnections } from '../platform/bull-connections.ts';
import { type JobData, jobOf, sharedJobs } from './job-data.ts';
import { forgetLoss, tellLoss } from './loss-mark.ts';

/** Finished jobs that stay visible in Bull Board, per queue. */
const KEEP_COMPLETED = 100;
const KEEP_FAILED = 1_000;
const MIN_LOCK_MS = 2_000;
/** Bull's own attempts are only its patience: what counts is counted in the order. */
const PATIENCE = 1_000;

export interface QueueSettings {
  backoffMs: number;
  /** How long pending work may rest: a job of a process that died runs again after about half of it. */
  leaseMs: number;
}

/** The longest pause between two attempts. */
const MAX_BACKOFF_MS = 60_000;

/** When to try again, as an error itself says or else doubling from the first pause. */
export function backoffMs(attempt: number, error: unknown, firstMs: number): number {
  const asked = (error as { retryAfterMs?: number } | undefined)?.retryAfterMs;
  return Math.min(asked ?? firstMs * 2 ** (attempt - 1), MAX_BACKOFF_MS);
}

/** All queues of the engine over shared connections. */
export class Queues implements JobQueues {
  readonly #queues = new Map<string, Bull.Queue<JobData>>();
  readonly #connections: BullConnections;
  readonly #paused = new Set<string>();

  constructor(
    redisUrl: string,
    /** What every key begins with. */
    private readonly namespace: string,
    names: Iterable<string>,
    private readonly settings: QueueSettings,
  ) {
    this.#connections = createBullConnections(redisUrl);
    for (const name of names) this.#queues.set(name, this.#open(name));
  }

  /** The queues as Bull knows them, for its dashboard and for workers. */
  get all(): Bull.Queue<JobData>[] {
    return [...this.#queues.values()];
  }

  /** The jobs of each queue, by their state. @throws what Redis says when it does not answer */
  async counts(): Promise<Record<string, Record<string, number>>> {
    const counts = this.all.map(async (queue) => [queue.name, await queue.getJobCounts()] as const);
    return Object.fromEntries((await Promise.all(counts)).map(([name, count]) => [name, { ...count }]));
  }

  add(dispatches: Dispatch[]): Promise<void> {
    return this.#add(dispatches, (group) => group.map((dispatch) => jobOf(dispatch)));
  }

  /** Adds what may share jobs: as few of them as can be. */
  addTogether(dispatches: Dispatch[]): Promise<void> {
    return this.#add(dispatches, sharedJobs);
  }

  async look(queue: string, jobId: string): Promise<'pending' | 'finished' | 'missing'> {
    const bull = this.#queue(queue);
    // Bull's `getJob` would read the whole job, its `getState` whole lists. These, and those of others, are one write.
    const [known, ...finished] = await Promise.all([
      bull.client.exists(bull.toKey(jobId)),
      bull.client.zscore(bull.toKey('completed'), jobId),
      bull.client.zscore(bull.toKey('failed'), jobId),
    ]);
    if (known === 0) return 'missing';
    return finished.some((score) => score !== null) ? 'finished' : 'pending';
  }

  loss(): Promise<string | undefined> {
    return tellLoss(this.#client, this.#mark);
  }

  madeGood(loss: string): Promise<void> {
    return forgetLoss(this.#client, this.#mark, loss);
  }

  /** Whether an operator has paused that queue. */
  isPaused(queue: string): boolean {
    return this.#paused.has(queue);
  }

  /** Resolves when every queue can be used. @throws AbortError when Redis does not answer in time */
  async ready(): Promise<void> {
    await this.#connections.ready();
    await Promise.all(this.all.map((queue) => this.#watchPause(queue)));
  }

  /** @throws what Redis says when it does not answer */
  async ping(): Promise<void> {
    await this.#client.ping();
  }

  /** This process takes no more jobs; resolves when those that run have ended. */
  async quiesce(): Promise<void> {
    await Promise.all(this.all.map((queue) => queue.pause(true)));
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #add(dispatches: Dispatch[], jobsOf: typeof sharedJobs): Promise<void> {
    await Promise.all(
      [...groupByQueue(dispatches)].map(([name, group]) => this.#queue(name).addBulk(jobsOf(group))),
    );
  }

  /** Keeps in mind whether the queue is paused, in every process. */
  async #watchPause(queue: Bull.Queue<JobData>): Promise<void> {
    queue.on('global:paused', () => this.#paused.add(queue.name));
    queue.on('global:resumed', () => this.#paused.delete(queue.name));
    if (await queue.isPaused()) this.#paused.add(queue.name);
  }

  /** What all queues share for their commands. */
  get #client(): Redis {
    const [queue] = this.all;
    if (queue === undefined) throw new Error('There is no queue, and so no connection of one.');
    return queue.client;
  }

  /** A key beside the queues' own, so that whoever loses those loses it too. */
  get #mark(): string {
    return `${this.namespace}:sweep`;
  }

  #queue(name: string): Bull.Queue<JobData> {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new Error(`There is no queue "${name}".`);
    return queue;
  }

  #open(name: string): Bull.Queue<JobData> {
    const lockMs = Math.max(MIN_LOCK_MS, this.settings.leaseMs / 2);
    return this.#connections.open<JobData>(name, {
      prefix: this.namespace,
      settings: {
        lockDuration: lockMs,
        stalledInterval: lockMs / 2,
        maxStalledCount: PATIENCE,
        backoffStrategies: {
          ordo: (attempt, error) => backoffMs(attempt, error, this.settings.backoffMs),
        },
      },
      defaultJobOptions: {
        attempts: PATIENCE,
        backoff: { type: 'ordo' },
        removeOnComplete: KEEP_COMPLETED,
        removeOnFail: KEEP_FAILED,
      },
    });
  }
}

function groupByQueue(dispatches: Dispatch[]): Map<string, Dispatch[]> {
  const groups = new Map<string, Dispatch[]>();
  for (const dispatch of dispatches) {
    const group = groups.get(dispatch.queue);
    if (group) group.push(dispatch);
    else groups.set(dispatch.queue, [dispatch]);
  }
  return groups;
}
