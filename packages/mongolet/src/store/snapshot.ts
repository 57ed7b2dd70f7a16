/** Reading the tables: as they are now, or as they were when a snapshot was taken. */
import type { Database, RootDatabase, Transaction } from 'lmdb';
import type { Place } from './log-record.ts';
import type { Overlay } from './overlay.ts';

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

/** What was written since the last checkpoint, which the tables do not have yet. */
export interface Recent {
  /** What was written to that table. */
  of(table: Table): Overlay<NonNullable<Place>>;
  /** The value that stands there, a copy. */
  read(place: NonNullable<Place>): Buffer;
  /** The same, which stays as it is until it is released. */
  hold(tables?: readonly Table[]): HeldRecent;
}

/** What was written since a checkpoint, as it was at one time. */
export interface HeldRecent extends Recent {
  release(): void;
}

const EMPTY = Buffer.alloc(0);

/** The newest state for as long as nothing is held open, or one state that stays until it is closed. */
export class Snapshot {
  readonly #recent: Recent;
  readonly #close: () => void;
  readonly #transaction: Transaction | undefined;

  private constructor(recent: Recent, transaction?: Transaction, close: () => void = () => {}) {
    this.#recent = recent;
    this.#transaction = transaction;
    this.#close = close;
  }

  /** Whatever is committed now, and inside a batch also what that has written. */
  static ofNow(recent: Recent): Snapshot {
    return new Snapshot(recent);
  }

  /** What is committed now, for as long as it is held. */
  static hold(root: RootDatabase<Buffer, Buffer>, recent: Recent): Snapshot {
    // A read transaction of this turn may be older than the last checkpoint.
    root.resetReadTxn();
    const transaction = root.useReadTransaction();
    const held = recent.hold();
    return new Snapshot(held, transaction, () => {
      held.release();
      transaction.done();
    });
  }

  /** Returns the value at `key`, a copy that stays valid. */
  get(table: Table, key: Buffer): Buffer | undefined {
    const change = this.#recent.of(table).get(key);
    if (change) return change.value && this.#recent.read(change.value);
    const transaction = this.#transaction;
    const value = transaction === undefined ? table.getBinary(key) : table.get(key, { transaction });
    // lmdb hands out plain Uint8Arrays for small values.
    return value === undefined ? undefined : asBuffer(value);
  }

  /** Iterates over the entries of a range, from its low end or from its high end; later writes do not show. */
  *scan(table: Table, range: KeyRange, options: ScanOptions = {}): Generator<Entry> {
    if (range.low.compare(range.high) >= 0) return;
    const entries = this.#entries(table, range, options);
    if (!this.#recent.of(table).touches(range)) {
      yield* entries;
      return;
    }
    const held = this.#recent.hold([table]);
    try {
      yield* held.of(table).merge(entries, range, options, (place) => held.read(place));
    } finally {
      held.release();
    }
  }

  /** What the table itself has. */
  *#entries(table: Table, { low, high }: KeyRange, options: ScanOptions): Generator<Entry> {
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
    const inTable = table.getKeysCount({
      start: range.low,
      end: range.high,
      ...(this.#transaction ? { transaction: this.#transaction } : {}),
    });
    return inTable + this.#recent.of(table).growth(range);
  }

  /** Lets go of what it holds. */
  close(): void {
    this.#close();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
