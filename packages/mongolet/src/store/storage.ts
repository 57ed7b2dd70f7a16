/** The LMDB environment: three ordered tables, one write transaction a batch, and savepoints inside it. */
import { type Database, open, type RootDatabase } from 'lmdb';
import { errorOf, MongoletError } from '../errors.ts';

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

type Undo = { readonly inMemory: boolean; readonly run: () => void };

/** Virtual address space, not disk; smaller sizes are for machines that limit it. */
const MAP_SIZES_BYTES = [2 ** 40, 2 ** 36, 2 ** 33, 2 ** 31];

/** Owns the files of one data folder. Reads are allowed at any time, writes only inside `runBatch`. */
export class Storage {
  readonly documents: Table;
  readonly indexes: Table;
  readonly meta: Table;
  readonly #root: RootDatabase<Buffer, Buffer>;
  #undo: Undo[] = [];
  #writing = false;
  #failure: unknown;

  constructor(folder: string, options: { sync: boolean }) {
    this.#root = openRoot(folder, options.sync);
    this.documents = this.#openTable('documents');
    this.indexes = this.#openTable('indexes');
    this.meta = this.#openTable('meta');
  }

  #openTable(name: string): Table {
    return this.#root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' });
  }

  /** Returns the value at `key`, a copy that stays valid. */
  get(table: Table, key: Buffer): Buffer | undefined {
    const value = table.getBinary(key);
    // lmdb hands out plain Uint8Arrays for small values.
    return value === undefined ? undefined : asBuffer(value);
  }

  /** Writes `value`; `previous` is what stands there now, which the caller always knows. */
  put(table: Table, key: Buffer, value: Buffer, previous: Buffer | undefined): void {
    this.#assertWriting();
    table.putSync(key, value);
    this.#undo.push({
      inMemory: false,
      run: () => (previous ? table.putSync(key, previous) : table.removeSync(key)),
    });
  }

  /** Removes the entry at `key`, whose value is `previous`. */
  remove(table: Table, key: Buffer, previous: Buffer): void {
    this.#assertWriting();
    table.removeSync(key);
    this.#undo.push({ inMemory: false, run: () => table.putSync(key, previous) });
  }

  /** Writes into a range that is new in this transaction; call `clearOnUndo` for the range first. */
  putFresh(table: Table, key: Buffer, value: Buffer): void {
    this.#assertWriting();
    table.putSync(key, value);
  }

  /** Makes an undo empty the whole range, which spares a note for each entry. */
  clearOnUndo(table: Table, range: KeyRange): void {
    this.#assertWriting();
    const run = (): void => {
      for (const { key } of [...this.scan(table, range, { keysOnly: true })]) table.removeSync(key);
    };
    this.#undo.push({ inMemory: false, run });
  }

  /** Registers how to take back a change of state in memory that belongs to the running transaction. */
  onUndo(run: () => void): void {
    this.#assertWriting();
    this.#undo.push({ inMemory: true, run });
  }

  /** Runs `action`; when it throws, everything it changed, on disk and in memory, is as before. */
  savepoint<T>(action: () => T): T {
    this.#assertWriting();
    const mark = this.#undo.length;
    try {
      return action();
    } catch (error) {
      this.#rollBackTo(mark);
      throw error;
    }
  }

  #rollBackTo(mark: number): void {
    while (this.#undo.length > mark) {
      try {
        this.#undo.pop()?.run();
      } catch (error) {
        // LMDB gives up the whole transaction after a storage error: then the commit will fail too.
        this.#failure ??= error;
      }
    }
  }

  /**
   * Runs `action` in one transaction and returns when it is on disk. When the commit fails (a full disk) nothing of
   * the batch remains, also not in memory.
   *
   * Synchronous on purpose: lmdb's asynchronous commits cost more latency and processor time than the flush they
   * hide, and a failing one takes the process down. What arrives meanwhile waits in the sockets for the next batch.
   */
  runBatch(action: () => void): void {
    this.#undo = [];
    this.#failure = undefined;
    try {
      this.#root.transactionSync(() => {
        this.#writing = true;
        try {
          action();
        } finally {
          this.#writing = false;
        }
        if (this.#failure !== undefined) throw this.#failure;
      });
    } catch (error) {
      for (const step of this.#undo.reverse()) if (step.inMemory) step.run();
      const reason = error instanceof Error ? error.message : String(error);
      // LMDB tells a full disk from no other failed write.
      throw new MongoletError(14031, `could not write to the data folder (is the disk full?): ${reason}`, {
        codeName: 'OutOfDiskSpace',
      });
    } finally {
      this.#undo = [];
    }
  }

  /** Iterates over the entries of a range, from its low end or from its high end. */
  *scan(
    table: Table,
    range: KeyRange,
    options: { reverse?: boolean; keysOnly?: boolean } = {},
  ): Generator<Entry> {
    const { low, high } = range;
    if (low.compare(high) >= 0) return;
    const bounds = options.reverse
      ? { start: high, end: low, reverse: true, exclusiveStart: true, inclusiveEnd: true }
      : { start: low, end: high };
    if (options.keysOnly) {
      for (const key of table.getKeys(bounds)) yield { key: asBuffer(key), value: EMPTY };
    } else {
      for (const { key, value } of table.getRange(bounds))
        yield { key: asBuffer(key), value: asBuffer(value) };
    }
  }

  /** Counts the entries of a range without reading them. */
  count(table: Table, range: KeyRange): number {
    return table.getKeysCount({ start: range.low, end: range.high });
  }

  /** Closes the files; nothing may be running. */
  async close(): Promise<void> {
    await this.#root.close();
  }

  #assertWriting(): void {
    if (!this.#writing) throw errorOf('InternalError', 'a write outside of a batch');
  }
}

const EMPTY = Buffer.alloc(0);

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function openRoot(path: string, sync: boolean): RootDatabase<Buffer, Buffer> {
  let failure: unknown;
  for (const mapSize of MAP_SIZES_BYTES) {
    try {
      // overlappingSync would confirm a commit before it is flushed; noSync only where nothing must last.
      return open<Buffer, Buffer>({ path, mapSize, maxDbs: 4, noSync: !sync, overlappingSync: false });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
