/** Group commit: the writes of one turn of the event loop share one transaction, and one flush of the disk. */
import type { Storage } from './storage.ts';

interface Task {
  readonly run: () => void;
  readonly settle: (error?: unknown) => void;
}

/** Executes writes in order of arrival; while one batch is flushed, the next one gathers in the sockets. */
export class CommitQueue {
  readonly #storage: Storage;
  #waiting: Task[] = [];
  #isScheduled = false;
  #idle: (() => void)[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * Runs `action` atomically in the next batch; resolves with its result when that is durable. An error of
   * `action` undoes it alone; an error of the commit rejects everybody in the batch.
   */
  execute<T>(action: () => T): Promise<T> {
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
        else if ('error' in result) reject(result.error);
        else resolve(result.value);
      };
      this.#waiting.push({ run, settle });
      this.#schedule();
    });
  }

  /** Resolves when nothing waits. */
  async drain(): Promise<void> {
    if (this.#waiting.length === 0) return;
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
      this.#storage.runBatch(() => {
        for (const task of batch) task.run();
      });
    } catch (error) {
      failure = error;
      process.stderr.write(`mongolet: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    for (const task of batch) task.settle(failure);
    if (this.#waiting.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
