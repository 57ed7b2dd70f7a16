/** Open cursors: each holds its place in a stream, never a batch of results, and no transaction between batches. */
import { randomBytes } from 'node:crypto';
import { errorOf, MongoletError } from '../errors.ts';
import { RawDocument } from '../wire/reply-writer.ts';

const MAX_BATCH_BYTES = 16 * 1024 * 1024;
const IDLE_MS = 10 * 60 * 1000;
export const DEFAULT_FIRST_BATCH = 101;

/** Where a cursor's documents come from, encoded. */
export interface DocumentSource {
  next(): Uint8Array | undefined;
  /** Lets go of the storage until the next call of `next`. */
  suspend(): void;
}

/** One batch of a cursor. */
export interface Batch {
  readonly documents: RawDocument[];
  /** Nothing can follow; a batch that was merely filled to the brim does not know. */
  readonly isLast: boolean;
}

/** A query that is being read in batches. */
export class Cursor {
  readonly namespace: string;
  lastUsedMs = Date.now();
  /** Never closed for being idle, as `noCursorTimeout` asks. */
  readonly isImmortal: boolean;
  /** The transaction that it reads in, if any. */
  owner: object | undefined;
  readonly #source: DocumentSource;
  #remaining: number;
  #held: Uint8Array | undefined;

  constructor(namespace: string, source: DocumentSource, limit: number, isImmortal = false) {
    this.isImmortal = isImmortal;
    this.namespace = namespace;
    this.#source = source;
    this.#remaining = limit;
  }

  /** Reads up to `size` documents, fewer where they would be more than a reply can hold. */
  readBatch(size: number): Batch {
    const documents: RawDocument[] = [];
    let byteCount = 0;
    let isLast = this.#remaining === 0;
    try {
      while (!isLast && documents.length < size) {
        const bytes = this.#held ?? this.#source.next();
        this.#held = undefined;
        if (!bytes) {
          isLast = true;
          break;
        }
        if (documents.length > 0 && byteCount + bytes.length > MAX_BATCH_BYTES) {
          this.#held = bytes;
          break;
        }
        byteCount += bytes.length;
        documents.push(new RawDocument(bytes));
        this.#remaining -= 1;
        isLast = this.#remaining === 0;
      }
    } finally {
      this.#source.suspend();
    }
    return { documents, isLast };
  }
}

/** All open cursors of a server. */
export class Cursors {
  readonly #open = new Map<bigint, Cursor>();

  /** Keeps a cursor open, for a transaction if there is one, and returns its number. */
  add(cursor: Cursor, owner: object | undefined): bigint {
    this.#closeIdle();
    cursor.owner = owner;
    let id: bigint;
    do id = randomBytes(8).readBigUInt64LE() >> 1n;
    while (id === 0n || this.#open.has(id));
    this.#open.set(id, cursor);
    return id;
  }

  /** The cursor of this number on this namespace; it is read where it was opened, inside a transaction or outside. */
  get(id: bigint, namespace: string, reader: object | undefined): Cursor {
    const cursor = this.#open.get(id);
    if (!cursor) throw errorOf('CursorNotFound', `cursor id ${id} not found`);
    if (cursor.namespace !== namespace) {
      throw errorOf(
        'Unauthorized',
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      );
    }
    if (cursor.owner !== reader) throw wrongReader(id, cursor.owner, reader);
    cursor.lastUsedMs = Date.now();
    return cursor;
  }

  /** Forgets a cursor; says whether it was there. */
  close(id: bigint): boolean {
    return this.#open.delete(id);
  }

  /** Forgets the cursors of a collection that is gone. */
  closeAllOf(namespace: string): void {
    for (const [id, cursor] of this.#open) if (cursor.namespace === namespace) this.#open.delete(id);
  }

  /** Forgets the cursors of a transaction that ends. */
  closeAllOwnedBy(owner: object): void {
    for (const [id, cursor] of this.#open) if (cursor.owner === owner) this.#open.delete(id);
  }

  #closeIdle(): void {
    const oldest = Date.now() - IDLE_MS;
    for (const [id, cursor] of this.#open) {
      if (cursor.lastUsedMs < oldest && !cursor.isImmortal) this.#open.delete(id);
    }
  }
}

function wrongReader(id: bigint, owner: object | undefined, reader: object | undefined): MongoletError {
  const [code, made, read] =
    owner === undefined
      ? [50739, 'was not created in a transaction', 'in a transaction']
      : reader === undefined
        ? [50740, 'was created in a transaction', 'without a transaction']
        : [50741, 'was created in a transaction', 'in another one'];
  return new MongoletError(code, `Cannot run getMore on cursor ${id}, which ${made}, ${read}`);
}
