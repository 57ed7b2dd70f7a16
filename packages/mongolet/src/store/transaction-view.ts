/** The storage as one transaction sees it: a snapshot, and over it the transaction's own writes. */
import type { Change as LoggedChange } from './change.ts';
import type { Collection } from './collection.ts';
import { type Locks, writeConflict } from './locks.ts';
import { type Change, Overlay } from './overlay.ts';
import type { Entry, KeyRange, ScanOptions, Snapshot, Table } from './snapshot.ts';

/** Everything a transaction has seen and done so far; nothing of it is on disk. */
export class TransactionView {
  /** Collections whose documents it has looked at or written: they may not change their shape meanwhile. */
  readonly touched = new Set<Collection>();
  /** Collections it has made, which nobody else sees yet. */
  readonly created = new Map<string, Collection>();
  /** Collections with an index that became multikey by its writes. */
  readonly flagged = new Set<Collection>();
  /** What the change log is told when it commits. */
  readonly changes: LoggedChange[] = [];
  /** The catalogue's age when the transaction began. */
  readonly catalogVersion: number;
  /** Resolves when it has ended, either way. */
  readonly ended: Promise<void>;
  readonly #snapshot: Snapshot;
  readonly #now: Snapshot;
  readonly #locks: Locks;
  readonly #overlays = new Map<Table, Overlay<Buffer>>();
  #resolveEnded: () => void = () => {};

  constructor(snapshot: Snapshot, now: Snapshot, locks: Locks, catalogVersion: number) {
    this.#snapshot = snapshot;
    this.#now = now;
    this.#locks = locks;
    this.catalogVersion = catalogVersion;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    locks.add(this);
  }

  /** Whether a commit would change anything. */
  get hasWrites(): boolean {
    return this.#overlays.size > 0 || this.created.size > 0;
  }

  /** Whether it has made this collection itself and put nothing into it: then it may add indexes. */
  isOwnEmpty(collection: Collection): boolean {
    return this.created.get(collection.namespace) === collection && !collection.hasRecords;
  }

  /** The value at `key`. */
  get(table: Table, key: Buffer): Buffer | undefined {
    const change = this.#overlays.get(table)?.get(key);
    return change ? change.value : this.#snapshot.get(table, key);
  }

  /** Writes or, without a value, removes; fails where another transaction or a later write was first. */
  set(table: Table, key: Buffer, value: Buffer | undefined): void {
    let overlay = this.#overlays.get(table);
    if (!overlay) {
      overlay = new Overlay();
      this.#overlays.set(table, overlay);
    }
    const wasThere = overlay.get(key)?.wasThere ?? this.#take(table, key);
    overlay.set(key, value, wasThere);
  }

  /** Makes an entry its own; whether there is one in what it sees. */
  #take(table: Table, key: Buffer): boolean {
    const seen = this.#snapshot.get(table, key);
    const current = this.#now.get(table, key);
    if (seen === undefined ? current !== undefined : !current?.equals(seen)) throw writeConflict();
    this.#locks.takeEntry(table, key, this);
    return seen !== undefined;
  }

  /** Iterates over a range. */
  scan(table: Table, range: KeyRange, options: ScanOptions): Generator<Entry> {
    const before = this.#snapshot.scan(table, range, options);
    const overlay = this.#overlays.get(table);
    return overlay ? overlay.freeze().merge(before, range, options, (value) => value) : before;
  }

  /** Counts the entries of a range. */
  count(table: Table, range: KeyRange): number {
    return this.#snapshot.count(table, range) + (this.#overlays.get(table)?.growth(range) ?? 0);
  }

  /** All it wrote. */
  *writes(): Generator<[Table, Change<Buffer> & { key: Buffer }]> {
    for (const [table, overlay] of this.#overlays)
      for (const change of overlay.changes()) yield [table, change];
  }

  /** The entries that nobody else may write. */
  *heldEntries(): Generator<[Table, Buffer]> {
    for (const [table, { key }] of this.writes()) yield [table, key];
  }

  /** Ends it: lets go of the snapshot and of what it holds, and lets go on who waits for that. */
  end(): void {
    this.#locks.release(this);
    this.#snapshot.close();
    this.#overlays.clear();
    this.touched.clear();
    this.#resolveEnded();
  }
}
