/** The LMDB environment: four ordered tables, one write transaction a batch, and savepoints inside it. */
import { open, type RootDatabase } from 'lmdb';
import { errorOf, MongoletError } from '../errors.ts';
import { Locks } from './locks.ts';
import { type Entry, type KeyRange, type ScanOptions, Snapshot, type Table } from './snapshot.ts';
import { TransactionView } from './transaction-view.ts';

export type { Entry, KeyRange, Table } from './snapshot.ts';

type Undo = { readonly inMemory: boolean; readonly run: () => void };

/** Virtual address space, not disk; smaller sizes are for machines that limit it. */
const MAP_SIZES_BYTES = [2 ** 40, 2 ** 36, 2 ** 33, 2 ** 31];
/** Each open transaction reads from a snapshot of its own. */
const MAX_READERS = 2048;

/**
 * Owns the files of one data folder. Reads are allowed at any time, writes only inside `runBatch`, and inside
 * `runInView`, where they go into the memory of a transaction.
 */
export class Storage {
  readonly documents: Table;
  readonly indexes: Table;
  readonly meta: Table;
  readonly changes: Table;
  readonly #root: RootDatabase<Buffer, Buffer>;
  #undo: Undo[] = [];
  #writing = false;
  #failure: unknown;
  readonly #now = Snapshot.ofNow();
  /** The transaction whose statement runs. */
  #view: TransactionView | undefined;
  /** The transaction that is being committed: what it holds does not hold it up. */
  #committing: TransactionView | undefined;
  readonly locks = new Locks();
  /** Who waits for the next commit. */
  readonly #waiting = new Set<() => void>();

  constructor(folder: string, options: { sync: boolean }) {
    this.#root = openRoot(folder, options.sync);
    this.documents = this.#openTable('documents');
    this.indexes = this.#openTable('indexes');
    this.meta = this.#openTable('meta');
    this.changes = this.#openTable('changes');
  }

  #openTable(name: string): Table {
    return this.#root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' });
  }

  /** The transaction whose statement runs, if one does. */
  get view(): TransactionView | undefined {
    return this.#view;
  }

  /** Begins a transaction, which sees what is committed now. */
  openView(catalogVersion: number): TransactionView {
    return new TransactionView(Snapshot.hold(this.#root), this.locks, catalogVersion);
  }

  /** Runs a statement of a transaction. When it throws, the transaction is of no use any more. */
  runInView<T>(view: TransactionView, action: () => T): T {
    this.#view = view;
    try {
      return action();
    } finally {
      this.#view = undefined;
    }
  }

  /** Writes, inside a batch, what a transaction has written; `action` adds to it. */
  commitView(view: TransactionView, action: () => void): void {
    this.#committing = view;
    try {
      for (const [table, { key, value }] of view.writes()) {
        const previous = this.get(table, key);
        if (value) this.put(table, key, value, previous);
        else if (previous) this.remove(table, key, previous);
      }
      action();
    } finally {
      this.#committing = undefined;
    }
  }

  /** Returns the value at `key`, a copy that stays valid. */
  get(table: Table, key: Buffer): Buffer | undefined {
    return (this.#view ?? this.#now).get(table, key);
  }

  /** Writes `value`; `previous` is what stands there now, which the caller always knows. */
  put(table: Table, key: Buffer, value: Buffer, previous: Buffer | undefined): void {
    if (this.#view) {
      this.#view.set(table, key, value);
      return;
    }
    this.#assertWriting();
    this.locks.checkEntry(table, key, this.#committing);
    table.putSync(key, value);
    this.#undo.push({
      inMemory: false,
      run: () => (previous ? table.putSync(key, previous) : table.removeSync(key)),
    });
  }

  /** Removes the entry at `key`, whose value is `previous`. */
  remove(table: Table, key: Buffer, previous: Buffer): void {
    if (this.#view) {
      this.#view.set(table, key, undefined);
      return;
    }
    this.#assertWriting();
    this.locks.checkEntry(table, key, this.#committing);
    table.removeSync(key);
    this.#undo.push({ inMemory: false, run: () => table.putSync(key, previous) });
  }

  /** Makes a write outside of transactions wait where one holds the entry at `key`. */
  checkFree(table: Table, key: Buffer): void {
    if (!this.#view) this.locks.checkEntry(table, key, this.#committing);
  }

  /** Writes into a range that is new in this transaction; call `clearOnUndo` for the range first. */
  putFresh(table: Table, key: Buffer, value: Buffer): void {
    if (this.#view) {
      this.#view.set(table, key, value);
      return;
    }
    this.#assertWriting();
    table.putSync(key, value);
  }

  /** Makes an undo empty the whole range, which spares a note for each entry. */
  clearOnUndo(table: Table, range: KeyRange): void {
    if (this.#view) return;
    this.#assertWriting();
    const run = (): void => {
      for (const { key } of [...this.scan(table, range, { keysOnly: true })]) table.removeSync(key);
    };
    this.#undo.push({ inMemory: false, run });
  }

  /** Registers how to take back a change of state in memory that belongs to the running batch. */
  onUndo(run: () => void): void {
    // A transaction that fails is thrown away as a whole.
    if (this.#view) return;
    this.#assertWriting();
    this.#undo.push({ inMemory: true, run });
  }

  /** Runs `action`; when it throws, everything it changed, on disk and in memory, is as before. */
  savepoint<T>(action: () => T): T {
    if (this.#view) return action();
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
    for (const wake of this.#waiting) wake();
  }

  /** Waits until something was committed, at most `limitMs`; `cancel` ends it at once. */
  nextCommit(limitMs: number): { done: Promise<void>; cancel: () => void } {
    let cancel = (): void => {};
    const done = new Promise<void>((resolve) => {
      const timer = setTimeout(() => cancel(), limitMs);
      cancel = () => {
        clearTimeout(timer);
        this.#waiting.delete(cancel);
        resolve();
      };
      this.#waiting.add(cancel);
    });
    return { done, cancel };
  }

  /** Iterates over the entries of a range, from its low end or from its high end. */
  scan(table: Table, range: KeyRange, options: ScanOptions = {}): Generator<Entry> {
    return (this.#view ?? this.#now).scan(table, range, options);
  }

  /** Counts the entries of a range without reading them. */
  count(table: Table, range: KeyRange): number {
    return (this.#view ?? this.#now).count(table, range);
  }

  /** Closes the files; nothing may be running. */
  async close(): Promise<void> {
    await this.#root.close();
  }

  #assertWriting(): void {
    if (!this.#writing) throw errorOf('InternalError', 'a write outside of a batch');
  }
}

function openRoot(path: string, sync: boolean): RootDatabase<Buffer, Buffer> {
  let failure: unknown;
  for (const mapSize of MAP_SIZES_BYTES) {
    try {
      // overlappingSync would confirm a commit before it is flushed; noSync only where nothing must last.
      return open<Buffer, Buffer>({
        path,
        mapSize,
        maxDbs: 4,
        maxReaders: MAX_READERS,
        noSync: !sync,
        overlappingSync: false,
      });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
