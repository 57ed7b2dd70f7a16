/** Open cursors: each holds its place in a stream, never a batch of results, and no transaction between batches. */
import { randomBytes } from 'node:crypto';
import { errorOf, MongoletError } from '../errors.ts';
import type { Storage } from '../store/storage.ts';
import type { Doc } from '../value/codec.ts';
import { RawDocument } from '../wire/reply-writer.ts';

const MAX_BATCH_BYTES = 16 * 1024 * 1024;
const IDLE_MS = 10 * 60 * 1000;
export const DEFAULT_FIRST_BATCH = 101;

/** Where a cursor's documents come from, encoded. */
export interface DocumentSource {
  next(): Uint8Array | undefined;
  /** Lets go of the storage until the next call of `next`. */
  suspend(): void;
  /** What makes it a source that never ends by itself; undefined for all others. */
  readonly tail?: Tail;
}

/** A source to which more may come after it was read to its end. */
export interface Tail {
  /** Nothing can follow after all. */
  readonly isDead: boolean;
  /** Whoever asks for more wants to wait for it. */
  readonly awaitsData: boolean;
  /** Of a change stream: where to resume by who has seen everything, or everything but the last event. */
  resumeToken?(isLastHeldBack: boolean): Doc;
}

/** One batch of a cursor. */
export interface Batch {
  readonly documents: RawDocument[];
  /** Nothing can follow; a batch that was merely filled to the brim does not know. */
  readonly isLast: boolean;
  /** Of a change stream: a point after these documents. */
  readonly resumeToken: Doc | undefined;
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
  #isClosed = false;
  #cancelWait: () => void = () => {};

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
    const { tail } = this.#source;
    try {
      while (!isLast && documents.length < size) {
        const bytes = this.#held ?? this.#source.next();
        this.#held = undefined;
        if (!bytes) {
          isLast = tail?.isDead ?? true;
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
    const resumeToken = tail?.resumeToken?.(this.#held !== undefined);
    return { documents, isLast: isLast || (tail?.isDead === true && !this.#held), resumeToken };
  }

  /** Whether it tells of changes, and not of documents. */
  get isChangeStream(): boolean {
    return this.#source.tail?.resumeToken !== undefined;
  }

  /** Whether the next batch may be waited for. */
  get awaitsData(): boolean {
    return this.#source.tail?.awaitsData === true;
  }

  /** Waits until there is something to read, the time is over, or the cursor is closed. */
  async waitForData(storage: Storage, limitMs: number): Promise<void> {
    const endsAtMs = performance.now() + limitMs;
    while (!this.#isClosed && !this.#isReady()) {
      const leftMs = endsAtMs - performance.now();
      if (leftMs <= 0) return;
      const { done, cancel } = storage.nextCommit(leftMs);
      this.#cancelWait = cancel;
      await done;
    }
  }

  #isReady(): boolean {
    this.#held ??= this.#source.next();
    this.#source.suspend();
    return this.#held !== undefined || this.#source.tail?.isDead !== false;
  }

  /** Ends a wait. */
  close(): void {
    this.#isClosed = true;
    this.#cancelWait();
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

  /** The cursor of this number if it is to be waited for. */
  findAwaiting(id: bigint): Cursor | undefined {
    const cursor = this.#open.get(id);
    return cursor?.awaitsData ? cursor : undefined;
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
    this.#open.get(id)?.close();
    return this.#open.delete(id);
  }

  /** Forgets all of them: the server ends. */
  closeAll(): void {
    for (const id of [...this.#open.keys()]) this.close(id);
  }

  /** Forgets the cursors of a collection that is gone; those of change streams have that still to tell. */
  closeAllOf(namespace: string): void {
    for (const [id, cursor] of this.#open)
      if (cursor.namespace === namespace && !cursor.isChangeStream) this.close(id);
  }

  /** Forgets the cursors of a transaction that ends. */
  closeAllOwnedBy(owner: object): void {
    for (const [id, cursor] of this.#open) if (cursor.owner === owner) this.#open.delete(id);
  }

  #closeIdle(): void {
    const oldest = Date.now() - IDLE_MS;
    for (const [id, cursor] of this.#open) {
      if (cursor.lastUsedMs < oldest && !cursor.isImmortal) this.close(id);
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
