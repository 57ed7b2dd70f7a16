/** Publish: hands what is pending in committed records to the queues and the feed, many at a time. */
import type { ActorRecord } from '../machines/actor-record.ts';
import { type OrderRecord, viewTransition } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Feed, FeedTransition } from '../ports/order-actors.ts';
import { queueOf } from './definition.ts';
import { type Leases, sweepTime } from './effects.ts';
import type { ActorStore, Dispatch, JobQueues } from './ports.ts';

/** The queue of deadlines. */
export const TIMER_QUEUE = 'timers';

export interface RelayParts {
  store: ActorStore;
  queues: JobQueues;
  feed: Feed;
  clock: Clock;
  leases: Leases;
  logger: Logger;
  /** Runs it at once in this process, without the queue; false when there is no room for that. */
  handOn?: (dispatch: Dispatch) => boolean;
  /** Tells the activation that the feed has seen it up to `seq`. */
  onPublished(actorId: string, seq: number): void;
}

/** The job of each pending invocation, and of each timer that is near. */
export function dispatchesOf(record: ActorRecord, now: Date, { leaseMs }: Leases): Dispatch[] {
  const invocations = record.invocations.map(({ id, seq, src, dispatch }) => ({
    queue: queueOf(src),
    jobId: `${record._id}.${seq}.${id}.${dispatch}`,
    ref: { actorId: record._id, kind: 'invocation' as const, id, seq },
    delayMs: 0,
  }));
  const timers = record.timers
    .map((timer) => ({ ...timer, delayMs: timer.dueAt.getTime() - now.getTime() }))
    .filter(({ delayMs }) => delayMs <= leaseMs)
    .map(({ id, seq, dispatch, delayMs }) => ({
      queue: TIMER_QUEUE,
      jobId: `${record._id}.${seq}.${id}.${dispatch}`,
      ref: { actorId: record._id, kind: 'timer' as const, id, seq },
      delayMs: Math.max(0, delayMs),
    }));
  return [...invocations, ...timers];
}

/** The transitions of a record that the feed may not have seen yet. */
export function publicationsOf(record: ActorRecord): FeedTransition[] {
  const { customerId } = (record as OrderRecord).input;
  return record.history
    .filter(({ seq }) => record.publications.includes(seq))
    .map((entry) => ({ customerId, transition: viewTransition(record._id, entry) }));
}

/** The relay never makes a commit wait and never fails one: what it cannot hand over, the sweep will. */
export class Relay {
  #waiting: ActorRecord[] = [];
  #running: Promise<void> | undefined;

  constructor(private readonly parts: RelayParts) {}

  /** Takes a committed record; hands it over with all that is committed in the same turn. */
  publish(record: ActorRecord): void {
    this.#waiting.push(record);
    this.#running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run());
  }

  /** Resolves when everything taken so far was handed over, or given up for the sweep. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const records = this.#waiting;
      this.#waiting = [];
      await Promise.all([this.#dispatch(records), this.#announce(records)]);
    }
    this.#running = undefined;
  }

  async #dispatch(records: ActorRecord[]): Promise<void> {
    const now = this.parts.clock.now();
    const { handOn, leases } = this.parts;
    const dispatches = records
      .flatMap((record) => dispatchesOf(record, now, leases))
      .filter((dispatch) => !handOn?.(dispatch));
    try {
      if (dispatches.length > 0) await this.parts.queues.add(dispatches);
    } catch (error) {
      this.parts.logger.warn({ err: error, jobs: dispatches.length }, 'jobs not handed over; the sweep will');
    }
  }

  async #announce(records: ActorRecord[]): Promise<void> {
    try {
      await this.parts.feed.publish(records.flatMap(publicationsOf));
      for (const { _id, seq } of records) this.parts.onPublished(_id, seq);
      // An order that goes on clears its publications with its next commit; one at rest needs a write.
      const resting = records.filter(({ invocations }) => invocations.length === 0);
      const now = this.parts.clock.now();
      if (resting.length > 0)
        await this.parts.store.acknowledge(
          resting.map((record) => ({
            actorId: record._id,
            seq: record.seq,
            sweepAt: sweepTime({ ...record, publications: [] }, now, this.parts.leases),
          })),
        );
    } catch (error) {
      this.parts.logger.warn(
        { err: error, orders: records.length },
        'transitions not published; the sweep will',
      );
    }
  }
}
