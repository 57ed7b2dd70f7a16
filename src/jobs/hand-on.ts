/** Hands an order's next stage straight on, where this process has room for it: the queue is for what has to wait. */
import type { Dispatch } from '../actors/ports.ts';
import { TIMER_QUEUE } from '../actors/relay.ts';
import type { Clock } from '../platform/clock.ts';
import { Rounds } from '../platform/rounds.ts';
import type { FirstStages, JobResult } from './first-stages.ts';
import { Line } from './line.ts';
import { Places } from './places.ts';
import type { Queues } from './queues.ts';
import { enqueue, retryLater } from './retry-later.ts';
import { type AttemptParts, runInvocation } from './workers.ts';

export interface HandOnParts extends AttemptParts {
  queues: Queues;
  clock: Clock;
  backoffMs: number;
  /** How long pending work may rest before the sweep looks after it. */
  leaseMs: number;
  /** Stages at once, per queue; none when 0. */
  slots: number;
  firstStages: FirstStages;
}

/** Stages in line, for each place of a queue. A job of Bull and the look at its order cost far more than a short wait. */
const IN_LINE_PER_PLACE = 4;

/** Nobody waits for the job of what has begun: those of a moment are one job. */
const SHARED_WITHIN_MS = 100;

/** The stages that run in this process without waiting for a job. */
export class HandOn {
  readonly #places: Places;
  readonly #lines = new Map<string, Line>();
  readonly #work = new Set<Promise<unknown>>();
  readonly #begun: Rounds<Dispatch>;
  #closed = false;

  constructor(private readonly parts: HandOnParts) {
    this.#places = new Places(parts.slots);
    const { queues, logger, clock } = parts;
    const together = { add: (dispatches: Dispatch[]) => queues.addTogether(dispatches) };
    this.#begun = new Rounds(
      (dispatches) => enqueue({ queues: together, logger }, dispatches),
      (begin) => void clock.after(SHARED_WITHIN_MS, begin),
    );
  }

  /**
   * True when the stage is taken: it runs now, or next when one of its queue ends, and the queue need not know of it. A
   * process that dies with it leaves it pending in the order, as it would a job. Refused: what is to come later, and
   * everything of a queue that is paused or whose line is full. The first stage of an order is taken only where there is
   * a place and nothing waits before it; a job stands for it all the same, shared with those begun at about its time.
   */
  take(dispatch: Dispatch): boolean {
    const { queue, ref, delayMs } = dispatch;
    const { queues, firstStages } = this.parts;
    if (this.#closed || queue === TIMER_QUEUE || delayMs > 0 || queues.isPaused(queue)) return false;
    const isFree = this.#places.areFree(queue);
    if (ref.seq > 1) {
      if (!isFree) return this.#lineOf(queue).stand(dispatch);
      void this.#hold(queue, () => this.#run(dispatch));
      return true;
    }
    if (!isFree || !firstStages.hasRoom(queue)) return false;
    firstStages.begin(
      ref,
      this.#hold(queue, () => this.#attempt(dispatch)),
    );
    this.#begun.add(dispatch);
    return true;
  }

  /** Takes nothing more; resolves when what runs has ended, and what stood in line or has begun is in its queue. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const line of this.#lines.values()) line.dissolve();
    await Promise.all([...this.#work, this.#begun.drain()]);
  }

  /** A stop waits for it. */
  #track(work: Promise<unknown>): void {
    const ended: Promise<unknown> = work.catch(() => undefined).then(() => this.#work.delete(ended));
    this.#work.add(ended);
  }

  /** Does the work in a place of that queue, and then what stands in line for it. */
  #hold<T>(queue: string, work: () => Promise<T>): Promise<T> {
    const held = this.#places.hold(queue, work);
    this.#track(held.finally(() => this.#next(queue)));
    return held;
  }

  #lineOf(queue: string): Line {
    const known = this.#lines.get(queue);
    if (known) return known;
    const { slots, leaseMs, clock } = this.parts;
    const line = new Line({
      clock,
      max: slots * IN_LINE_PER_PLACE,
      // Another process may have a place; and when the lease ends, the sweep looks for it in the queue.
      patienceMs: leaseMs / 2,
      leave: (dispatches) => this.#track(enqueue(this.parts, dispatches)),
    });
    this.#lines.set(queue, line);
    return line;
  }

  /** A place is free. */
  #next(queue: string): void {
    const line = this.#lines.get(queue);
    if (this.parts.queues.isPaused(queue)) line?.dissolve();
    const next = line?.next();
    if (next) void this.#hold(queue, () => this.#run(next));
  }

  /** It was committed here a moment ago, so nobody has tried it. */
  #attempt({ ref }: Dispatch): Promise<JobResult> {
    return runInvocation(this.parts, ref, { fresh: false });
  }

  /** An attempt that fails goes to the queue, which has the patience. */
  async #run(dispatch: Dispatch): Promise<void> {
    await this.#attempt(dispatch).catch((error: unknown) => retryLater(this.parts, dispatch, error));
  }
}
