/** Hands an order's next stage straight on, where this process has room for it: the queue is for what has to wait. */
import type { Dispatch } from '../actors/ports.ts';
import { TIMER_QUEUE } from '../actors/relay.ts';
import { messageOf } from '../platform/errors.ts';
import type { Queues } from './queues.ts';
import { backoffMs } from './queues.ts';
import { runInvocation, type WorkerParts } from './workers.ts';

export interface HandOnParts extends Omit<WorkerParts, 'queues'> {
  queues: Queues;
  backoffMs: number;
  /** Stages at once, per queue; none when 0. */
  slots: number;
}

/** The stages that run in this process without a job of their own. */
export class HandOn {
  readonly #running = new Map<string, number>();
  readonly #work = new Set<Promise<void>>();
  #closed = false;

  constructor(private readonly parts: HandOnParts) {}

  /**
   * True when the stage is taken: it runs now, and the queue need not know of it. A process that dies with it leaves
   * it pending in the order, as it would a job. Refused: the first stage of an order, what is to come later, and
   * everything of a queue that is paused or whose slots are full.
   */
  take(dispatch: Dispatch): boolean {
    const { queue, ref, delayMs } = dispatch;
    if (this.#closed || queue === TIMER_QUEUE || delayMs > 0 || ref.seq === 1) return false;
    const running = this.#running.get(queue) ?? 0;
    if (running >= this.parts.slots || this.parts.queues.isPaused(queue)) return false;
    this.#running.set(queue, running + 1);
    const work = this.#run(dispatch).finally(() => {
      this.#running.set(queue, (this.#running.get(queue) ?? 1) - 1);
      this.#work.delete(work);
    });
    this.#work.add(work);
    return true;
  }

  /** Takes nothing more; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#work);
  }

  /** An attempt that fails goes to the queue, which has the patience. */
  async #run(dispatch: Dispatch): Promise<void> {
    const { queues, logger, backoffMs: firstMs } = this.parts;
    try {
      // It was committed here a moment ago, so nobody has tried it.
      await runInvocation({ ...this.parts, queues: queues.all }, dispatch.ref, { fresh: false });
    } catch (error) {
      logger.warn({ job: dispatch.jobId, err: messageOf(error) }, 'attempt failed');
      const delayMs = backoffMs(1, error, firstMs);
      await queues.add([{ ...dispatch, delayMs }]).catch((cause: unknown) => {
        logger.warn({ job: dispatch.jobId, err: messageOf(cause) }, 'job not handed over; the sweep will');
      });
    }
  }
}
