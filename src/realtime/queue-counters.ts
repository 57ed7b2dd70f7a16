/** The queues' counters, for operators: asked for while somebody watches, told when they have changed. */
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { QueueCounts } from './messages.ts';

const INTERVAL_MS = 1_000;

/** What the counters need. */
export interface QueueCountersParts {
  count: () => Promise<QueueCounts>;
  tell: (counts: QueueCounts) => void;
  clock: Clock;
  logger: Logger;
}

/** A counter is a state, not a story: who missed some is told the present ones. */
export class QueueCounters {
  readonly #parts: QueueCountersParts;
  #told = '';
  #cancel: (() => void) | undefined;

  constructor(parts: QueueCountersParts) {
    this.#parts = parts;
  }

  /** The counters now. @throws what counting throws */
  count(): Promise<QueueCounts> {
    return this.#parts.count();
  }

  /** Tells every change from now on. */
  start(): void {
    this.#told = '';
    if (this.#cancel === undefined) this.#schedule();
  }

  /** Nobody watches any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    const cancel = this.#parts.clock.after(INTERVAL_MS, () => {
      void this.#look().finally(() => {
        // Stopped meanwhile, or stopped and started: then another one goes on.
        if (this.#cancel === cancel) this.#schedule();
      });
    });
    this.#cancel = cancel;
  }

  async #look(): Promise<void> {
    try {
      const counts = await this.#parts.count();
      const text = JSON.stringify(counts);
      if (text === this.#told) return;
      this.#told = text;
      this.#parts.tell(counts);
    } catch (error) {
      this.#parts.logger.debug({ error: messageOf(error) }, 'the queues cannot be counted');
    }
  }
}
