/** The recovery sweep: looks after everything pending that has rested too long, whoever crashed. */
import type { ActorRecord } from '../machines/actor-record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Feed } from '../ports/order-actors.ts';
import { type Leases, sweepTime } from './effects.ts';
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

/** Runs rounds until stopped. Sweeps in several processes share the work: each record is claimed first. */
export class Sweep {
  #stopped = false;
  #cancel: () => void = () => undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(private readonly parts: SweepParts) {}

  /** The first round looks at all that is pending, as after a crash; later ones at what is overdue. */
  start(): void {
    this.#schedule(0, this.parts.leases.leaseMs);
  }

  /** Resolves when the running round has ended; none follows. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#round;
  }

  /** One round over all that is due within `aheadMs`; how many records were handed over anew. */
  async round(aheadMs = 0): Promise<number> {
    const { store, clock } = this.parts;
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
          if (swept > 0) this.parts.logger.info({ swept }, 'sweep: pending work handed over again');
        })
        .catch((error) => this.parts.logger.warn({ err: error }, 'sweep: round failed; the next one follows'))
        .finally(() => this.#schedule(this.parts.intervalMs, 0));
    });
  }

  /** True when this sweep was the one to look after the record. */
  async #recover(record: ActorRecord, before: Date): Promise<boolean> {
    const { store, clock, leases, feed, queues } = this.parts;
    const now = clock.now();
    // Never within this round again, also where its lease ends in the same millisecond.
    const afterRound = (at: Date | undefined) => at && new Date(Math.max(at.getTime(), before.getTime() + 1));
    const next = afterRound(sweepTime(record, now, leases) ?? now) as Date;
    if (record.sweepAt === undefined || !(await store.claim(record._id, record.sweepAt, next))) return false;
    const dispatches = await Promise.all(
      dispatchesOf(record, now, leases).map((dispatch) => this.#renew(record, dispatch)),
    );
    await queues.add(dispatches.filter((dispatch) => dispatch !== undefined));
    await feed.publish(publicationsOf(record));
    const rest = afterRound(sweepTime({ ...record, publications: [] }, now, leases));
    await store.acknowledge([{ actorId: record._id, seq: record.seq, sweepAt: rest }]);
    return true;
  }

  /** A job that the queue has finished without the actor knowing gets a new number, for a new job. */
  async #renew(record: ActorRecord, dispatch: Dispatch): Promise<Dispatch | undefined> {
    const known = await this.parts.queues.look(dispatch.queue, dispatch.jobId);
    if (known === 'pending') return undefined;
    if (known === 'missing') return dispatch;
    const number = Number(dispatch.jobId.slice(dispatch.jobId.lastIndexOf('.') + 1));
    if (!(await this.parts.store.raiseDispatch(dispatch.ref, number))) return undefined;
    return { ...dispatch, jobId: `${record._id}.${dispatch.ref.seq}.${dispatch.ref.id}.${number + 1}` };
  }
}
