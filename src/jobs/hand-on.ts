/** Hands an order's next stage straight on, where this process has room for it: the queue is for what has to wait. */
import type { Dispatch } from '../actors/ports.ts';
import { TIMER_QUEUE } from '../actors/relay.ts';
import { messageOf } from '../platform/errors.ts';
import type { FirstStages, JobResult } from './first-stages.ts';
import { Places } from './places.ts';
import type { Queues } from './queues.ts';
import { backoffMs } from './queues.ts';
import { runInvocation, type WorkerParts } from './workers.ts';

export interface HandOnParts extends Omit<WorkerParts, 'queues'> {
  queues: Queues;
  backoffMs: number;
  /** Stages at once, per queue; none when 0. */
  slots: number;
  firstStages: FirstStages;
}

/** The stages that run in this process without waiting for a job. */
export class HandOn {
  readonly #places: Places;
  readonly #work = new Set<Promise<unknown>>();
  #closed = false;

  constructor(private readonly parts: HandOnParts) {
    this.#places = new Places(parts.slots);
  }

  /**
   * True when the stage is taken: it runs now, and the queue need not know of it. A process that dies with it leaves
   * it pending in the order, as it would a job. Refused: what is to come later, and everything of a queue that is
   * paused or whose slots are full. The first stage of an order is begun too, but needs its job all the same.
   */
  take(dispatch: Dispatch): boolean {
    const { queue, ref, delayMs } = dispatch;
    const { queues, firstStages } = this.parts;
    if (this.#closed || queue === TIMER_QUEUE || delayMs > 0) return false;
    if (!this.#places.areFree(queue) || queues.isPaused(queue)) return false;
    if (ref.seq > 1) {
      void this.#hold(queue, () => this.#run(dispatch));
      return true;
    }
    if (firstStages.hasRoom(queue))
      firstStages.begin(
        ref,
        this.#hold(queue, () => this.#attempt(dispatch)),
      );
    return false;
  }

  /** Takes nothing more; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#work);
  }

  /** Does the work in a place of that queue; a stop waits for it. */
  #hold<T>(queue: string, work: () => Promise<T>): Promise<T> {
    const held = this.#places.hold(queue, work);
    const ended: Promise<unknown> = held.catch(() => undefined).then(() => this.#work.delete(ended));
    this.#work.add(ended);
    return held;
  }

  /** It was committed here a moment ago, so nobody has tried it. */
  #attempt({ ref }: Dispatch): Promise<JobResult> {
    return runInvocation({ ...this.parts, queues: this.parts.queues.all }, ref, { fresh: false });
  }

  /** An attempt that fails goes to the queue, which has the patience. */
  async #run(dispatch: Dispatch): Promise<void> {
    const { queues, logger, backoffMs: firstMs } = this.parts;
    try {
      await this.#attempt(dispatch);
    } catch (error) {
      logger.warn({ job: dispatch.jobId, err: messageOf(error) }, 'attempt failed');
      const delayMs = backoffMs(1, error, firstMs);
      await queues.add([{ ...dispatch, delayMs }]).catch((cause: unknown) => {
        logger.warn({ job: dispatch.jobId, err: messageOf(cause) }, 'job not handed over; the sweep will');
      });
    }
  }
}
