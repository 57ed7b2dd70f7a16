/** Reading the tables: as they are now, or as they were when a snapshot was taken. */
import type { Database, RootDatabase, Transaction } from 'lmdb';

/** One ordered table of bytes by bytes. */
export type Table = Database<Buffer, Buffer>;

/** A half-open range of keys, `[low, high)`. */
export interface KeyRange {
  readonly low: Buffer;
  readonly high: Buffer;
}

/** A key with its value, as a scan hands it out. */
export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** How a scan is to run. */
export interface ScanOptions {
  readonly reverse?: boolean;
  readonly keysOnly?: boolean;
}

const EMPTY = Buffer.alloc(0);

/** The newest state for as long as nothing is held open, or one state that stays until it is closed. */
export class Snapshot {
  readonly #transaction: Transaction | undefined;

  private constructor(transaction: Transaction | undefined) {
    this.#transaction = transaction;
  }

  /** Whatever is committed now, and inside a batch also what that has written. */
  static ofNow(): Snapshot {
    return new Snapshot(undefined);
  }

  /** What is committed now, for as long as it is held. */
  static hold(root: RootDatabase<Buffer, Buffer>): Snapshot {
    // A read transaction of this turn may be older than the last commit.
    root.resetReadTxn();
    return new Snapshot(root.useReadTransaction());
  }

  /** Returns the value at `key`, a copy that stays valid. */
  get(table: Table, key: Buffer): Buffer | undefined {
    const transaction = this.#transaction;
    const value = transaction === undefined ? table.getBinary(key) : table.get(key, { transaction });
    // lmdb hands out plain Uint8Arrays for small values.
    return value === undefined ? undefined : asBuffer(value);
  }

  /** Iterates over the entries of a range, from its low end or from its high end. */
  *scan(table: Table, range: KeyRange, options: ScanOptions = {}): Generator<Entry> {
    const { low, high } = range;
    if (low.compare(high) >= 0) return;
    const bounds = {
      ...(options.reverse
        ? { start: high, end: low, reverse: true, exclusiveStart: true, inclusiveEnd: true }
        : { start: low, end: high }),
      ...(this.#transaction ? { transaction: this.#transaction } : {}),
    };
    if (options.keysOnly) {
      for (const key of table.getKeys(bounds)) yield { key: asBuffer(key), value: EMPTY };
    } else {
      for (const { key, value } of table.getRange(bounds))
        yield { key: asBuffer(key), value: asBuffer(value) };
    }
  }

  /** Counts the entries of a range without reading them. */
  count(table: Table, range: KeyRange): number {
    return table.getKeysCount({
      start: range.low,
      end: range.high,
      ...(this.#transaction ? { transaction: this.#transaction } : {}),
    });
  }

  /** Lets go of what it holds. */
  close(): void {
    this.#transaction?.done();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
