/** Inserts, replaces and removes documents together with their index entries, inside a batch. */
import { errorOf, MongoletError } from '../errors.ts';
import { type Doc, decode } from '../value/codec.ts';
import type { Catalog } from './catalog.ts';
import type { ChangeLog } from './change-log.ts';
import type { Collection } from './collection.ts';
import { duplicateKeyError } from './duplicate-key.ts';
import type { DocumentKeys, Index } from './index-info.ts';
import {
  documentKey,
  indexEntryKey,
  type RecordId,
  recordIdBytes,
  recordIdOfKey,
  recordIdsOf,
  wholeRange,
} from './keys.ts';
import type { Storage } from './storage.ts';

export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/** A document as it stands in the storage. */
export interface StoredRecord {
  readonly recordId: RecordId;
  readonly bytes: Buffer;
  readonly doc: Doc;
}

/** The one way by which documents change. */
export class Records {
  readonly #storage: Storage;
  readonly #catalog: Catalog;
  readonly #log: ChangeLog;

  constructor(storage: Storage, catalog: Catalog, log: ChangeLog) {
    this.#storage = storage;
    this.#catalog = catalog;
    this.#log = log;
  }

  /** Adds a document; `bytes` is its encoding. */
  insert(collection: Collection, doc: Doc, bytes: Buffer): void {
    checkSize(bytes);
    if (collection.cap) this.#checkCapped(collection, bytes);
    const recordId = collection.takeRecordId();
    const keys = collection.indexes.map((index) => index.keysOf(doc));
    for (const [i, index] of collection.indexes.entries()) {
      this.#checkUnique(collection, index, keys[i] as DocumentKeys, doc, undefined);
    }
    this.#storage.put(this.#storage.documents, documentKey(collection.id, recordId), bytes, undefined);
    for (const [i, index] of collection.indexes.entries()) {
      this.#addEntries(collection, index, keys[i] as DocumentKeys, recordId);
    }
    this.#log.note({ kind: 'insert', namespace: collection.namespace, id: doc._id, doc });
    if (collection.cap) this.#makeRoom(collection, bytes);
  }

  /** Puts `doc` in the place of a stored document, by an update or as a whole; the `_id` must be the same. */
  replace(
    collection: Collection,
    record: StoredRecord,
    doc: Doc,
    bytes: Buffer,
    kind: 'update' | 'replace',
  ): void {
    checkSize(bytes);
    if (collection.cap && bytes.length !== record.bytes.length) {
      throw new MongoletError(
        10003,
        `Cannot change the size of a document in a capped collection: ${record.bytes.length} != ${bytes.length}`,
        { codeName: 'CannotGrowDocumentInCappedNamespace' },
      );
    }
    const { recordId } = record;
    const changes: { index: Index; removed: Buffer[]; added: DocumentKeys }[] = [];
    for (const index of collection.indexes) {
      if (index.isIdIndex || isUntouched(index, record.doc, doc)) continue;
      const before = index.keysOf(record.doc);
      const after = index.keysOf(doc);
      const removed = before.ordered.filter((key) => !includesKey(after.ordered, key));
      const added = { ...after, ordered: after.ordered.filter((key) => !includesKey(before.ordered, key)) };
      // Where keys do not tell all, other values may have the same ones.
      this.#checkUnique(collection, index, index.collation ? after : added, doc, recordId);
      if (removed.length === 0 && added.ordered.length === 0) continue;
      changes.push({ index, removed, added });
    }
    this.#storage.put(this.#storage.documents, documentKey(collection.id, recordId), bytes, record.bytes);
    for (const { index, removed, added } of changes) {
      for (const key of removed) this.#removeEntry(index, key, recordId);
      this.#addEntries(collection, index, added, recordId);
    }
    const change = { namespace: collection.namespace, id: doc._id };
    if (kind === 'replace') this.#log.note({ ...change, kind, doc });
    else this.#log.note({ ...change, kind, before: record.doc, after: doc });
  }

  /** Removes a stored document. */
  remove(collection: Collection, record: StoredRecord): void {
    if (collection.cap) this.#checkCapped(collection, record.bytes);
    for (const index of collection.indexes) {
      for (const key of index.keysOf(record.doc).ordered) this.#removeEntry(index, key, record.recordId);
    }
    this.#storage.remove(this.#storage.documents, documentKey(collection.id, record.recordId), record.bytes);
    this.#log.note({ kind: 'delete', namespace: collection.namespace, id: record.doc._id });
    if (collection.cap) this.#addUsage(collection, -record.bytes.length, -1);
  }

  #checkCapped(collection: Collection, bytes: Buffer): void {
    if (this.#storage.view) {
      throw errorOf(
        'OperationNotSupportedInTransaction',
        `Collection '${collection.namespace}' is a capped collection. Writes in transactions are not allowed on capped collections.`,
      );
    }
    if (bytes.length > (collection.cap?.bytes ?? 0))
      throw errorOf('BadValue', 'object to insert exceeds cappedMaxSize');
  }

  /** Takes a new document of a capped collection into account, and removes the oldest ones that it has no room for. */
  #makeRoom(collection: Collection, inserted: Buffer): void {
    this.#addUsage(collection, inserted.length, 1);
    const { cap } = collection;
    if (!cap) return;
    while (collection.usage.bytes > cap.bytes || collection.usage.count > cap.count) {
      const oldest = this.#oldestOf(collection);
      if (!oldest) throw new Error(`${collection.namespace} is empty and yet too full`);
      this.remove(collection, oldest);
    }
  }

  #oldestOf(collection: Collection): StoredRecord | undefined {
    for (const { key, value } of this.#storage.scan(this.#storage.documents, wholeRange(collection.id)))
      return { recordId: recordIdOfKey(key), bytes: value, doc: decode(value) };
    return undefined;
  }

  #addUsage(collection: Collection, bytes: number, count: number): void {
    const before = collection.usage;
    collection.usage = { bytes: before.bytes + bytes, count: before.count + count };
    this.#storage.onUndo(() => {
      collection.usage = before;
    });
  }

  /** Fills a new index with the documents that are there already. */
  fillIndex(collection: Collection, index: Index): void {
    const storage = this.#storage;
    storage.clearOnUndo(storage.indexes, wholeRange(index.id));
    for (const { key, value } of storage.scan(storage.documents, wholeRange(collection.id))) {
      const doc = decode(value);
      const keys = index.keysOf(doc);
      this.#checkUnique(collection, index, keys, doc, undefined);
      this.#addEntries(collection, index, keys, recordIdOfKey(key), true);
    }
  }

  #checkUnique(
    collection: Collection,
    index: Index,
    keys: DocumentKeys,
    doc: Doc,
    own: RecordId | undefined,
  ): void {
    if (!index.isUnique) return;
    for (const ordered of keys.ordered) {
      const holder = this.#storage.get(this.#storage.indexes, indexEntryKey(index.id, ordered, undefined));
      if (holder === undefined || !this.#isHeldByAnother(collection, index, holder, doc, own)) continue;
      // A transaction may be about to remove the other document: then its end decides.
      this.#storage.checkFree(this.#storage.indexes, indexEntryKey(index.id, ordered, undefined));
      throw duplicateKeyError(collection.namespace, index, ordered, doc);
    }
  }

  #isHeldByAnother(
    collection: Collection,
    index: Index,
    holder: Buffer,
    doc: Doc,
    own: RecordId | undefined,
  ): boolean {
    return recordIdsOf(holder).some((recordId) => {
      if (recordId === own) return false;
      if (!index.collation) return true;
      const bytes = this.#storage.get(this.#storage.documents, documentKey(collection.id, recordId));
      return bytes !== undefined && index.collide(decode(bytes), doc);
    });
  }

  #addEntries(
    collection: Collection,
    index: Index,
    keys: DocumentKeys,
    recordId: RecordId,
    isFresh = false,
  ): void {
    const table = this.#storage.indexes;
    for (const ordered of keys.ordered) {
      const key = indexEntryKey(index.id, ordered, index.isUnique ? undefined : recordId);
      const others = index.isUnique && index.collation ? this.#storage.get(table, key) : undefined;
      const own = index.isUnique ? recordIdBytes(recordId) : NOTHING;
      const value = others ? Buffer.concat([others, own]) : own;
      if (isFresh) this.#storage.putFresh(table, key, value);
      else this.#storage.put(table, key, value, others);
    }
    const becomesMultikey = keys.isMultikey && !index.isMultikey;
    const becomesShortened = keys.isShortened && !index.hasShortened;
    const needsSave = index.hasUnsavedFlags && (keys.isMultikey || keys.isShortened);
    if (becomesMultikey || becomesShortened || needsSave)
      this.#flag(collection, index, becomesMultikey, becomesShortened);
  }

  #flag(collection: Collection, index: Index, multikey: boolean, shortened: boolean): void {
    if (multikey) index.isMultikey = true;
    if (shortened) index.hasShortened = true;
    const { view } = this.#storage;
    if (view) {
      // Planning may be too careful for a while if the transaction fails, but never wrong.
      index.hasUnsavedFlags = true;
      view.flagged.add(collection);
      return;
    }
    this.#storage.onUndo(() => {
      if (multikey) index.isMultikey = false;
      if (shortened) index.hasShortened = false;
    });
    this.#catalog.save(collection);
  }

  #removeEntry(index: Index, ordered: Buffer, recordId: RecordId): void {
    const key = indexEntryKey(index.id, ordered, index.isUnique ? undefined : recordId);
    const table = this.#storage.indexes;
    const value = index.isUnique && index.collation ? this.#storage.get(table, key) : undefined;
    const others = value ? recordIdsOf(value).filter((one) => one !== recordId) : [];
    if (others.length > 0) this.#storage.put(table, key, Buffer.concat(others.map(recordIdBytes)), value);
    else this.#storage.remove(table, key, value ?? (index.isUnique ? recordIdBytes(recordId) : NOTHING));
  }
}

function checkSize(bytes: Buffer): void {
  if (bytes.length <= MAX_DOCUMENT_BYTES) return;
  throw errorOf(
    'BSONObjectTooLarge',
    `BSONObj size: ${bytes.length} is invalid. Size must be between 0 and ${MAX_DOCUMENT_BYTES}`,
  );
}

/** An update shares what it did not touch with the document before: then the keys need not be compared. */
function isUntouched(index: Index, before: Doc, after: Doc): boolean {
  return (
    index.topFields.length > 0 && index.topFields.every((field) => isSameValue(before[field], after[field]))
  );
}

function isSameValue(a: unknown, b: unknown): boolean {
  return a === b || (a instanceof Date && b instanceof Date && a.getTime() === b.getTime());
}

function includesKey(keys: readonly Buffer[], wanted: Buffer): boolean {
  return keys.some((key) => key.equals(wanted));
}
