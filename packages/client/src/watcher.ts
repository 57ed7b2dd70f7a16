/** What every watch is: something that tells, until it is closed or fails. */
import type { OrdoError } from './errors.ts';
import type { Listener, Watch, WatchOptions } from './watches.ts';

/** Hands on what is told, to a listener or to loops. */
export abstract class Watcher<T> implements Watch<T> {
  readonly #listener: Listener<T> | undefined;
  readonly #onError: ((error: OrdoError) => void) | undefined;
  readonly #loops = new Set<Loop<T>>();
  /** Keeps what comes until somebody loops. */
  #first: Loop<T> | undefined;
  #error: OrdoError | undefined;
  #ended = false;

  constructor(listener: Listener<T> | undefined, { onError }: WatchOptions) {
    this.#listener = listener;
    this.#onError = onError;
    if (listener === undefined) this.#first = this.#newLoop();
  }

  get ended(): boolean {
    return this.#ended;
  }

  close(): void {
    this.#end();
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    const loop = this.#first ?? this.#newLoop();
    this.#first = undefined;
    return loop;
  }

  /** Lets go of what the watch stands on. */
  protected abstract release(): void;

  /** Tells it to everybody. */
  protected tell(item: T): void {
    if (this.#ended) return;
    this.#listener?.(item);
    for (const loop of this.#loops) loop.push(item);
  }

  /** Ends the watch with that error. */
  protected fail(error: OrdoError): void {
    if (this.#ended) return;
    // The client was closed by its owner, who knows.
    if (error.code === 'closed') {
      this.#end();
      return;
    }
    const isCaught = this.#onError !== undefined || this.#loops.size > 0;
    this.#end(error);
    this.#onError?.(error);
    if (!isCaught)
      queueMicrotask(() => {
        throw error;
      });
  }

  #newLoop(): Loop<T> {
    const loop = new Loop<T>(() => this.close());
    this.#loops.add(loop);
    if (this.#ended) loop.end(this.#error);
    return loop;
  }

  #end(error?: OrdoError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.release();
    for (const loop of this.#loops) loop.end(error);
  }
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: OrdoError): void;
}

/** One `for await` over a watch. */
class Loop<T> implements AsyncIterator<T, undefined> {
  readonly #close: () => void;
  readonly #items: T[] = [];
  readonly #waiting: Waiting<T>[] = [];
  #end: { error: OrdoError | undefined } | undefined;

  constructor(close: () => void) {
    this.#close = close;
  }

  push(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve({ value, done: false });
    else this.#items.push(value);
  }

  end(error: OrdoError | undefined): void {
    this.#end = { error };
    for (const waiting of this.#waiting.splice(0)) this.#settle(waiting, error);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#items.length > 0) resolve({ value: this.#items.shift() as T, done: false });
      else if (this.#end) this.#settle({ resolve, reject }, this.#end.error);
      else this.#waiting.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#close();
    return Promise.resolve({ value: undefined, done: true });
  }

  #settle({ resolve, reject }: Waiting<T>, error: OrdoError | undefined): void {
    if (error) reject(error);
    else resolve({ value: undefined, done: true });
    // An error is thrown once; then the loop is over.
    this.#end = { error: undefined };
  }
}
