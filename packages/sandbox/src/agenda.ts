/** What is yet to happen by itself: charges that settle, parcels that move on, events to be told. It is in the books. */
import type { Books } from './books.ts';
import type { Clock } from './clock.ts';
import type { RecordedEvent } from './webhooks.ts';

/** One thing to do when it is due. */
export type Task =
  | { kind: 'settle'; key: string }
  | { kind: 'advance'; key: string }
  | { kind: 'tell'; event: RecordedEvent; attempts: number };

/** A task as it stands in the books: its due time, and an id. */
export type TaskKey = [dueAtMs: number, id: string];

/** At once: enough for any receiver, few enough to leave it air. */
const MOST_RUNNING = 16;

const PAUSE_AFTER_FAILURE_MS = 1_000;

export interface Agenda {
  /** Looks what is due; call it when something was written down. */
  wake(): void;
  /** Begins nothing more; resolves when what runs has ended. */
  stop(): Promise<void>;
}

/**
 * Runs what is due. @param run does one task and removes it from the books, or puts it off; it may reject when the
 * books cannot be written: then the task is tried again at the next look
 */
export function startAgenda(
  books: Books,
  clock: Clock,
  run: (key: TaskKey, task: Task) => Promise<void>,
): Agenda {
  const running = new Map<string, Promise<void>>();
  let cancelTimer = () => {};
  let isStopped = false;

  function begin(key: TaskKey, task: Task): void {
    const ended = run(key, task)
      .catch(async (error: unknown) => {
        process.stderr.write(`ordo-sandbox: ${error instanceof Error ? error.message : String(error)}\n`);
        await new Promise<void>((resolve) => clock.after(PAUSE_AFTER_FAILURE_MS, resolve));
      })
      .finally(() => {
        running.delete(key[1]);
        look();
      });
    running.set(key[1], ended);
  }

  function look(): void {
    cancelTimer();
    if (isStopped) return;
    const nowMs = clock.nowMs();
    // Those that run are still in the books.
    for (const { key, value } of books.agenda.getRange({ limit: 2 * MOST_RUNNING })) {
      if (running.size >= MOST_RUNNING) return;
      const [dueAtMs, id] = key;
      if (dueAtMs > nowMs) {
        cancelTimer = clock.after(dueAtMs - nowMs, look);
        return;
      }
      if (!running.has(id)) begin(key, value);
    }
  }

  look();
  return {
    wake: look,
    async stop() {
      isStopped = true;
      cancelTimer();
      await Promise.all(running.values());
    },
  };
}
