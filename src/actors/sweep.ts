/** The recovery sweep: looks after everything pending that has rested too long, whoever crashed or forgot it. */
import type { ActorRecord } from '../machines/actor-record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Feed } from '../ports/order-actors.ts';
import { type Leases, longestRestMs, sweepTime } from './effects.ts';
import type { ActorStore, Dispatch, JobQueues } from './ports.ts';
import { dispatchesOf, publicationsOf } from './relay.ts';

export interface SweepParts {
  store: ActorStore;
  queues: JobQueues;
  feed: Feed;
  clock: Clock;
  leases: Leases;
  logger: Logger;
  /** Work of other rooms that belongs to the round, such as giving back stock that nobody wants. */
  also: () => Promise<void>;
  intervalMs: number;
}

const BATCH = 200;

/** A job, and what its queue knows of it. */
interface Look {
  dispatch: Dispatch;
  known: Awaited<ReturnType<JobQueues['look']>>;
}

/** Runs rounds until stopped. Sweeps in several processes share the work: each record is claimed first. */
export class Sweep {
  #stopped = false;
  #cancel: () => void = () => undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(private readonly parts: SweepParts) {}

  /** The first round looks at all that was begun in the last lease, as after a crash; later ones at what is overdue. */
  start(): void {
    this.#schedule(0, this.parts.leases.leaseMs);
  }

  /** Resolves when the running round has ended; none follows. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#round;
  }

  /** One round over all that is due within `aheadMs`, and over everything when jobs were lost; how many records. */
  async round(aheadMs = 0): Promise<number> {
    const { store, clock } = this.parts;
    await this.#makeGood();
    const before = new Date(clock.now().getTime() + aheadMs);
    let swept = 0;
    for (
      let batch = await store.due(before, BATCH);
      batch.length > 0;
      batch = await store.due(before, BATCH)
    ) {
      const done = await Promise.all(batch.map((record) => this.#recover(record, before)));
      swept += done.filter(Boolean).length;
      if (this.#stopped || !done.includes(true)) break;
    }
    await this.parts.also();
    return swept;
  }

  #schedule(delayMs: number, aheadMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.parts.clock.after(delayMs, () => {
      this.#round = this.round(aheadMs)
        .then((swept) => {
          if (swept > 0) this.parts.logger.info({ swept }, 'sweep: pending work looked after');
        })
        .catch((error) => this.parts.logger.warn({ err: error }, 'sweep: round failed; the next one follows'))
        .finally(() => this.#schedule(this.parts.intervalMs, 0));
    });
  }

  /**
   * What the queues have lost is searched for among all that they may have had. It is due from here on, whoever looks at
   * it: only then is the loss forgotten.
   */
  async #makeGood(): Promise<void> {
    const { store, clock, leases, queues, logger } = this.parts;
    const loss = await queues.loss();
    if (loss === undefined) return;
    const now = clock.now();
    let orders = 0;
    // First what others are looking at right now: what they saw before the loss must not put it off, nor out of the way
    // of the second pass. Twice as far as a look is put off: a deadline's job is looked for later, and clocks differ.
    for (const aheadMs of [2 * leases.leaseMs, 2 * longestRestMs(leases)]) {
      let until: Date | undefined = new Date(now.getTime() + aheadMs);
      while (until !== undefined) {
        if (this.#stopped) return;
        const page = await store.hasten(now, until, BATCH);
        orders += page.hastened;
        until = page.until;
      }
    }
    await queues.madeGood(loss);
    if (orders > 0)
      logger.info({ orders }, 'sweep: Redis is new or was restarted; all pending work is looked after');
  }

  /** True when this sweep was the one to look after the record. */
  async #recover(record: ActorRecord, before: Date): Promise<boolean> {
    const { store, clock, leases, feed, queues } = this.parts;
    const now = clock.now();
    // Never within this round again, also where its lease ends in the same millisecond.
    const afterRound = (at: Date | undefined) => at && new Date(Math.max(at.getTime(), before.getTime() + 1));
    const next = afterRound(sweepTime(record, now, leases) ?? now) as Date;
    if (record.sweepAt === undefined || !(await store.claim(record._id, record.sweepAt, next))) return false;
    const looks = dispatchesOf(record, now, leases).map(async (dispatch) => ({
      dispatch,
      known: await queues.look(dispatch.queue, dispatch.jobId),
    }));
    const lost = (await Promise.all(looks)).filter(({ known }) => known !== 'pending');
    if (lost.length === 0 && record.publications.length === 0) {
      const later = afterRound(sweepTime(record, now, leases, record.updatedAt));
      // By the claim alone: should a loss have made it due meanwhile, what was seen before does not hold.
      if (later !== undefined) {
        await store.claim(record._id, next, later);
        return true;
      }
    }
    const renewed = await Promise.all(lost.map((work) => this.#renew(record, work)));
    await queues.add(renewed.filter((dispatch) => dispatch !== undefined));
    await feed.publish(publicationsOf(record));
    const rest = afterRound(sweepTime({ ...record, publications: [] }, now, leases));
    await store.acknowledge([{ actorId: record._id, seq: record.seq, sweepAt: rest }]);
    return true;
  }

  /** A job that the queue has finished without the actor knowing gets a new number, for a new job. */
  async #renew(record: ActorRecord, { dispatch, known }: Look): Promise<Dispatch | undefined> {
    if (known === 'missing') return dispatch;
    const number = Number(dispatch.jobId.slice(dispatch.jobId.lastIndexOf('.') + 1));
    if (!(await this.parts.store.raiseDispatch(dispatch.ref, number))) return undefined;
    return { ...dispatch, jobId: `${record._id}.${dispatch.ref.seq}.${dispatch.ref.id}.${number + 1}` };
  }
}
