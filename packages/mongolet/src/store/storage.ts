/** The tables as commands use them: batches with savepoints, and transactions over snapshots. */
import { errorOf, MongoletError } from '../errors.ts';
import { Locks } from './locks.ts';
import type { Entry, KeyRange, ScanOptions, Table } from './snapshot.ts';
import { Tables } from './tables.ts';
import { TransactionView } from './transaction-view.ts';

export type { Entry, KeyRange, Table } from './snapshot.ts';

type Undo = { readonly inMemory: boolean; readonly run: () => void };

/** How a batch is to be run. */
export interface BatchOptions {
  /** For what writes more than should be kept in memory until it is durable. */
  readonly isBulk?: boolean;
}

/**
 * Owns the files of one data folder. Reads are allowed at any time, writes only inside `runBatch`, and inside
 * `runInView`, where they go into the memory of a transaction.
 */
export class Storage {
  readonly documents: Table;
  readonly indexes: Table;
  readonly meta: Table;
  readonly changes: Table;
  readonly #tables: Tables;
  #undo: Undo[] = [];
  #isWriting = false;
  #failure: unknown;
  /** The transaction whose statement runs. */
  #view: TransactionView | undefined;
  /** The transaction that is being committed: what it holds does not hold it up. */
  #committing: TransactionView | undefined;
  readonly locks = new Locks();
  /** Who waits for the next commit. */
  readonly #waiting = new Set<() => void>();

  constructor(folder: string, options: { sync: boolean }) {
    this.#tables = new Tables(folder, options);
    const { documents, indexes, meta, changes } = this.#tables.byName;
    this.documents = documents;
    this.indexes = indexes;
    this.meta = meta;
    this.changes = changes;
  }

  /** The transaction whose statement runs, if one does. */
  get view(): TransactionView | undefined {
    return this.#view;
  }

  /** Begins a transaction, which sees what is committed now. */
  openView(catalogVersion: number): TransactionView {
    return new TransactionView(this.#tables.hold(), this.#tables.now, this.locks, catalogVersion);
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
    return (this.#view ?? this.#tables.now).get(table, key);
  }

  /** Writes `value`; `previous` is what stands there now, which the caller always knows. */
  put(table: Table, key: Buffer, value: Buffer, previous: Buffer | undefined): void {
    if (this.#view) {
      this.#view.set(table, key, value);
      return;
    }
    this.#assertWriting();
    this.locks.checkEntry(table, key, this.#committing);
    this.#tables.write(table, key, value, previous !== undefined);
    this.#undo.push({ inMemory: false, run: () => this.#tables.write(table, key, previous, true) });
  }

  /** Removes the entry at `key`, whose value is `previous`. */
  remove(table: Table, key: Buffer, previous: Buffer): void {
    if (this.#view) {
      this.#view.set(table, key, undefined);
      return;
    }
    this.#assertWriting();
    this.locks.checkEntry(table, key, this.#committing);
    this.#tables.write(table, key, undefined, true);
    this.#undo.push({ inMemory: false, run: () => this.#tables.write(table, key, previous, false) });
  }

  /** Removes an entry that nobody can see, and which needs no undo for that reason. */
  removeDead(table: Table, key: Buffer): void {
    this.#assertWriting();
    this.#tables.write(table, key, undefined, true);
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
    this.#tables.write(table, key, value, false);
  }

  /** Makes an undo empty the whole range, which spares a note for each entry. */
  clearOnUndo(table: Table, range: KeyRange): void {
    if (this.#view) return;
    this.#assertWriting();
    const run = (): void => {
      for (const { key } of [...this.scan(table, range, { keysOnly: true })])
        this.#tables.write(table, key, undefined, true);
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
   * Runs `action` and returns when what it wrote is on disk. When that fails (a full disk) nothing of the batch
   * remains, also not in memory.
   *
   * Synchronous on purpose: what arrives meanwhile waits in the sockets for the next batch.
   */
  runBatch(action: () => void, { isBulk = false }: BatchOptions = {}): void {
    this.#undo = [];
    this.#failure = undefined;
    try {
      if (isBulk) this.#runBulk(action);
      else this.#runLogged(action);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new MongoletError(14031, `could not write to the data folder (is the disk full?): ${reason}`, {
        codeName: 'OutOfDiskSpace',
      });
    } finally {
      this.#undo = [];
    }
    for (const wake of this.#waiting) wake();
  }

  #runLogged(action: () => void): void {
    try {
      this.#runWriting(action);
      this.#tables.persist();
    } catch (error) {
      this.#tables.takeBack();
      throw this.#undoInMemory(error);
    }
  }

  #runBulk(action: () => void): void {
    try {
      this.#tables.runBulk(() => this.#runWriting(action));
    } catch (error) {
      throw this.#undoInMemory(error);
    }
  }

  #undoInMemory<T>(error: T): T {
    for (const step of this.#undo.reverse()) if (step.inMemory) step.run();
    return error;
  }

  #runWriting(action: () => void): void {
    this.#isWriting = true;
    try {
      action();
    } finally {
      this.#isWriting = false;
    }
    if (this.#failure !== undefined) throw this.#failure;
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
    return (this.#view ?? this.#tables.now).scan(table, range, options);
  }

  /** Counts the entries of a range without reading them. */
  count(table: Table, range: KeyRange): number {
    return (this.#view ?? this.#tables.now).count(table, range);
  }

  /** Closes the files; nothing may be running. */
  close(): Promise<void> {
    return this.#tables.close();
  }

  #assertWriting(): void {
    if (!this.#isWriting) throw errorOf('InternalError', 'a write outside of a batch');
  }
}
