/** Publish: hands what is pending in committed records to the queues and the feed, many at a time. */
import type { ActorRecord } from '../machines/actor-record.ts';
import { type OrderRecord, viewTransition } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { Rounds } from '../platform/rounds.ts';
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
    .map(({ id, seq, dispatch, dueAt }) => ({ id, seq, dispatch, delayMs: dueAt.getTime() - now.getTime() }))
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

/** With all that is taken in the same turn. */
const afterThisTurn = (begin: () => void): void => void setImmediate(begin);

/** Nobody waits for what is written of orders at rest: those of a while are written together. */
const REST_MS = 100;

/**
 * The relay never makes a commit wait and never fails one: what it cannot hand over, the sweep will. Queues, feed and
 * store do not wait for each other either.
 */
export class Relay {
  readonly #jobs: Rounds<Dispatch>;
  readonly #news: Rounds<ActorRecord>;
  readonly #rests: Rounds<ActorRecord>;

  constructor(private readonly parts: RelayParts) {
    this.#jobs = new Rounds((dispatches) => this.#enqueue(dispatches), afterThisTurn);
    this.#news = new Rounds((records) => this.#announce(records), afterThisTurn);
    this.#rests = new Rounds(
      (records) => this.#acknowledge(records),
      (begin) => void parts.clock.after(REST_MS, begin),
    );
  }

  /**
   * Takes a committed record; hands it over with all that is committed in the same turn. What was pending before
   * this commit is on its way already, or runs.
   */
  publish(record: ActorRecord): void {
    const { clock, leases, handOn } = this.parts;
    const begun = dispatchesOf(record, clock.now(), leases).filter(({ ref }) => ref.seq === record.seq);
    this.#jobs.add(...begun.filter((dispatch) => !handOn?.(dispatch)));
    this.#news.add(record);
  }

  /** Resolves when everything taken so far was handed over, or given up for the sweep. */
  async drain(): Promise<void> {
    for (const rounds of [this.#jobs, this.#news, this.#rests]) await rounds.drain();
  }

  async #enqueue(dispatches: Dispatch[]): Promise<void> {
    try {
      await this.parts.queues.add(dispatches);
    } catch (error) {
      this.parts.logger.warn({ err: error, jobs: dispatches.length }, 'jobs not handed over; the sweep will');
    }
  }

  async #announce(records: ActorRecord[]): Promise<void> {
    try {
      await this.parts.feed.publish(records.flatMap(publicationsOf));
      for (const { _id, seq } of records) this.parts.onPublished(_id, seq);
      // An order that goes on clears its publications with its next commit; one at rest needs a write.
      this.#rests.add(...records.filter(({ invocations }) => invocations.length === 0));
    } catch (error) {
      this.#giveUp(error, records);
    }
  }

  async #acknowledge(resting: ActorRecord[]): Promise<void> {
    const { store, clock, leases } = this.parts;
    const now = clock.now();
    try {
      await store.acknowledge(
        resting.map((record) => ({
          actorId: record._id,
          seq: record.seq,
          sweepAt: sweepTime({ ...record, publications: [] }, now, leases),
        })),
      );
    } catch (error) {
      this.#giveUp(error, resting);
    }
  }

  #giveUp(error: unknown, records: ActorRecord[]): void {
    const detail = { err: error, orders: records.length };
    this.parts.logger.warn(detail, 'transitions not published; the sweep will');
  }
}
