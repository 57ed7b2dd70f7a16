/** Group commit: the writes of one turn of the event loop share one transaction, and one flush of the disk. */
import { errorOf } from '../errors.ts';
import { BlockedError } from './locks.ts';
import type { BatchOptions, Storage } from './storage.ts';

interface Task {
  readonly run: () => void;
  readonly settle: (error?: unknown) => void;
  /** Until when it may wait for transactions; undefined: as long as they take. */
  readonly endsAtMs: number | undefined;
  readonly isBulk: boolean;
}

/** How an action is to be executed. */
export interface ExecuteOptions extends BatchOptions {
  /** How long it may wait for transactions; undefined: as long as they take. */
  readonly limitMs?: number | undefined;
}

/** Executes writes in order of arrival; while one batch is flushed, the next one gathers in the sockets. */
export class CommitQueue {
  readonly #storage: Storage;
  #waiting: Task[] = [];
  #isScheduled = false;
  #idle: (() => void)[] = [];
  /** How many tasks wait for a transaction. */
  #parked = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * Runs `action` atomically in the next batch; resolves with its result when that is durable. An error of
   * `action` undoes it alone; an error of the commit rejects everybody in the batch. Where an open transaction
   * holds what it writes, it runs again when that has ended, for at most `limitMs`.
   */
  execute<T>(action: () => T, { limitMs, isBulk = false }: ExecuteOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: { value: T } | { error: unknown } | undefined;
      const run = (): void => {
        try {
          result = { value: this.#storage.savepoint(action) };
        } catch (error) {
          result = { error };
        }
      };
      const settle = (commitError?: unknown): void => {
        if (commitError !== undefined || result === undefined) reject(commitError);
        else if (!('error' in result)) resolve(result.value);
        else if (result.error instanceof BlockedError) this.#park(task, result.error, reject);
        else reject(result.error);
      };
      const endsAtMs = limitMs ? performance.now() + limitMs : undefined;
      const task = { run, settle, endsAtMs, isBulk };
      this.#waiting.push(task);
      this.#schedule();
    });
  }

  /** Keeps a task aside until the transaction in its way has ended, or its own time is over. */
  #park(task: Task, { holder }: BlockedError, reject: (error: unknown) => void): void {
    let isParked = true;
    this.#parked += 1;
    const timer =
      task.endsAtMs === undefined
        ? undefined
        : setTimeout(() => {
            isParked = false;
            this.#parked -= 1;
            reject(errorOf('MaxTimeMSExpired', 'operation exceeded time limit'));
          }, task.endsAtMs - performance.now());
    void holder.ended.then(() => {
      clearTimeout(timer);
      if (!isParked) return;
      this.#parked -= 1;
      this.#waiting.push(task);
      this.#schedule();
    });
  }

  /** Resolves when nothing waits, for the next batch or for the end of a transaction. */
  async drain(): Promise<void> {
    if (this.#waiting.length === 0 && this.#parked === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // After the poll phase: every socket that was readable in this turn has been read by then.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#commit();
    });
  }

  #commit(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    let failure: unknown;
    try {
      const run = (): void => {
        for (const task of batch) task.run();
      };
      this.#storage.runBatch(run, { isBulk: batch.some(({ isBulk }) => isBulk) });
    } catch (error) {
      failure = error;
      process.stderr.write(`mongolet: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    for (const task of batch) task.settle(failure);
    if (this.#waiting.length === 0 && this.#parked === 0)
      for (const resolve of this.#idle.splice(0)) resolve();
  }
}
