/** What dropped collections and indexes leave behind, cleared away in small batches so that a drop is instant. */
import { wholeRange } from './keys.ts';
import type { Storage } from './storage.ts';

const GARBAGE_PREFIX = 'garbage/';
const CHUNK_ENTRIES = 2000;
const NOTHING = Buffer.alloc(0);

/** The to-do list of clearing, durable in the meta table. */
export class Garbage {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Notes, inside a batch, that everything under this number of this table is dead. */
  add(table: 'documents' | 'indexes', id: number): void {
    this.#storage.put(this.#storage.meta, Buffer.from(`${GARBAGE_PREFIX}${table}/${id}`), NOTHING, undefined);
  }

  /** Whether there is anything to clear. */
  isEmpty(): boolean {
    return this.#first() === undefined;
  }

  /** Clears a part of it, inside a batch. */
  clearSome(): void {
    const key = this.#first();
    if (!key) return;
    const [, tableName, id] = key.toString().split('/');
    const table = tableName === 'documents' ? this.#storage.documents : this.#storage.indexes;
    const keys: Buffer[] = [];
    for (const entry of this.#storage.scan(table, wholeRange(Number(id)), { keysOnly: true })) {
      keys.push(entry.key);
      if (keys.length === CHUNK_ENTRIES) break;
    }
    for (const dead of keys) this.#storage.removeDead(table, dead);
    if (keys.length < CHUNK_ENTRIES) this.#storage.removeDead(this.#storage.meta, key);
  }

  #first(): Buffer | undefined {
    const range = { low: Buffer.from(GARBAGE_PREFIX), high: Buffer.from(`${GARBAGE_PREFIX}\uffff`) };
    for (const { key } of this.#storage.scan(this.#storage.meta, range, { keysOnly: true })) return key;
    return undefined;
  }
}
