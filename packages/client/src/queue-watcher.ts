/** The queues' counters, watched; for operators. */
import type { Connection, Dependent } from './connection.ts';
import { mayPass, OrdoError } from './errors.ts';
import type { QueueCounts } from './types.ts';
import { Watcher } from './watcher.ts';
import type { Listener, QueueWatch, WatchOptions } from './watches.ts';

const PAUSE_MS = 1_000;

/** Asks for the counters at every connection. */
export class QueueWatcher extends Watcher<QueueCounts> implements QueueWatch, Dependent {
  readonly #connection: Connection;
  readonly #leave: (watch: QueueWatcher) => void;
  #epoch = 0;

  constructor(
    connection: Connection,
    leave: (watch: QueueWatcher) => void,
    listener: Listener<QueueCounts> | undefined,
    options: WatchOptions,
  ) {
    super(listener, options);
    this.#connection = connection;
    this.#leave = leave;
    connection.add(this);
  }

  resume(): void {
    const epoch = this.#epoch;
    this.#connection.ask<{ queues: QueueCounts }>('queues.subscribe', {}, (reply) => {
      if (epoch !== this.#epoch || this.ended) return;
      if (reply.ok) this.take(reply.queues);
      else if (mayPass(reply.error.code))
        setTimeout(() => epoch === this.#epoch && !this.ended && this.resume(), PAUSE_MS);
      else this.fail(new OrdoError(reply.error.code, reply.error.detail));
    });
  }

  suspend(): void {
    this.#epoch += 1;
  }

  override fail(error: OrdoError): void {
    super.fail(error);
  }

  /** The counters as they are. */
  take(counts: QueueCounts): void {
    this.tell(counts);
  }

  protected override release(): void {
    this.#connection.remove(this);
    this.#leave(this);
  }
}
