/** Who may write what while transactions are open: the first to write an entry holds it until its transaction ends. */
import { errorOf } from '../errors.ts';
import type { Collection } from './collection.ts';
import type { Table } from './snapshot.ts';
import type { TransactionView } from './transaction-view.ts';

/** A write outside of transactions met an entry that one holds: it runs again when that has ended. */
export class BlockedError extends Error {
  override readonly name = 'BlockedError';
  readonly holder: TransactionView;

  constructor(holder: TransactionView) {
    super('waits for the end of a transaction');
    this.holder = holder;
  }
}

/** All open transactions, and the entries and names that they hold. */
export class Locks {
  readonly #views = new Set<TransactionView>();
  readonly #entries = new Map<Table, Map<string, TransactionView>>();
  readonly #namespaces = new Map<string, TransactionView>();

  /** Whether any transaction is open. */
  get isAnyOpen(): boolean {
    return this.#views.size > 0;
  }

  /** A transaction begins. */
  add(view: TransactionView): void {
    this.#views.add(view);
  }

  /** A transaction has ended, and holds nothing any more. */
  release(view: TransactionView): void {
    this.#views.delete(view);
    for (const [table, key] of view.heldEntries()) this.#entries.get(table)?.delete(nameOf(key));
    for (const namespace of view.created.keys()) {
      if (this.#namespaces.get(namespace) === view) this.#namespaces.delete(namespace);
    }
  }

  /** A transaction takes an entry; one that another holds makes it fail at once, as in MongoDB. */
  takeEntry(table: Table, key: Buffer, view: TransactionView): void {
    let held = this.#entries.get(table);
    if (!held) {
      held = new Map();
      this.#entries.set(table, held);
    }
    const holder = held.get(nameOf(key));
    if (holder && holder !== view) throw writeConflict();
    held.set(nameOf(key), view);
  }

  /** A transaction takes the name of a collection that it makes. */
  takeNamespace(namespace: string, view: TransactionView): void {
    const holder = this.#namespaces.get(namespace);
    if (holder && holder !== view) throw writeConflict();
    this.#namespaces.set(namespace, view);
  }

  /** Makes a write outside of transactions wait for an entry that one holds. */
  checkEntry(table: Table, key: Buffer, committing: TransactionView | undefined): void {
    if (this.#views.size === 0) return;
    const holder = this.#entries.get(table)?.get(nameOf(key));
    if (holder && holder !== committing) throw new BlockedError(holder);
  }

  /** Makes whoever creates a collection wait for a transaction that creates one of this name. */
  checkNamespace(namespace: string): void {
    const holder = this.#namespaces.get(namespace);
    if (holder) throw new BlockedError(holder);
  }

  /** Makes a change of a collection itself wait for the transactions that have looked into it. */
  checkCollection(collection: Collection): void {
    for (const view of this.#views) if (view.touched.has(collection)) throw new BlockedError(view);
  }
}

/** The error of a transaction that lost a race for an entry. */
export function writeConflict(): Error {
  return errorOf(
    'WriteConflict',
    'Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.',
  );
}

function nameOf(key: Buffer): string {
  return key.toString('latin1');
}
