/** Scans that can let go of the storage between two batches of a cursor and find their place again. */
import type { Entry, KeyRange, Storage, Table } from '../store/storage.ts';

const ZERO = Buffer.of(0);

/** A scan of a range of one table; holds no transaction while suspended. */
export class ResumableScan {
  readonly #storage: Storage;
  readonly #table: Table;
  readonly #options: { reverse: boolean; keysOnly: boolean };
  #range: KeyRange;
  #entries: Generator<Entry> | undefined;
  #lastKey: Buffer | undefined;
  #isDone = false;

  constructor(
    storage: Storage,
    table: Table,
    range: KeyRange,
    options: { reverse: boolean; keysOnly: boolean },
  ) {
    this.#storage = storage;
    this.#table = table;
    this.#range = range;
    this.#options = options;
  }

  /** The next entry, or undefined at the end. */
  next(): Entry | undefined {
    if (this.#isDone) return undefined;
    this.#entries ??= this.#storage.scan(this.#table, this.#range, this.#options);
    const { done, value } = this.#entries.next();
    if (done) {
      this.#isDone = true;
      this.#entries = undefined;
      return undefined;
    }
    this.#lastKey = value.key;
    return value;
  }

  /** Lets go of the storage; the next call of `next` goes on after the last entry, whatever was written meanwhile. */
  suspend(): void {
    this.#entries?.return(undefined);
    this.#entries = undefined;
    if (this.#lastKey === undefined) return;
    this.#range = this.#options.reverse
      ? { low: this.#range.low, high: this.#lastKey }
      : { low: Buffer.concat([this.#lastKey, ZERO]), high: this.#range.high };
  }
}
