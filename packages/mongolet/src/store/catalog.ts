/** Which collections and indexes exist: held in memory, kept in the meta table, changed only inside a batch. */
import { randomUUID } from 'node:crypto';
import { errorOf, MongoletError } from '../errors.ts';
import { type Doc, decode, encode } from '../value/codec.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import { Garbage } from './garbage.ts';
import { Index, type IndexSpec, idIndexSpec } from './index-info.ts';
import type { Storage } from './storage.ts';
import type { TransactionView } from './transaction-view.ts';

const COLLECTION_PREFIX = 'collection/';
const COUNTER_KEY = Buffer.from('counter');

/** All collections of a data folder. */
export class Catalog {
  readonly garbage: Garbage;
  readonly #storage: Storage;
  readonly #collections = new Map<string, Collection>();
  #lastId = 0;
  /** Counts the changes of collections themselves: what changed after a snapshot cannot be read through it. */
  #version = 0;
  /** Names that lost their collection, with the version; kept while transactions are open. */
  readonly #removedAt = new Map<string, number>();

  constructor(storage: Storage) {
    this.#storage = storage;
    this.garbage = new Garbage(storage);
    this.#lastId = storage.get(storage.meta, COUNTER_KEY)?.readUInt32BE(0) ?? 0;
    const range = { low: Buffer.from(COLLECTION_PREFIX), high: Buffer.from(`${COLLECTION_PREFIX}\uffff`) };
    for (const { value } of storage.scan(storage.meta, range)) {
      const collection = Collection.fromRecord(decode(value));
      collection.loadNextRecordId(storage);
      this.#collections.set(collection.namespace, collection);
    }
  }

  /** The collection of this name, if there is one. */
  find(namespace: string): Collection | undefined {
    const collection = this.#collections.get(namespace);
    const { view } = this.#storage;
    return view ? this.#findInView(namespace, collection, view) : collection;
  }

  #findInView(
    namespace: string,
    collection: Collection | undefined,
    view: TransactionView,
  ): Collection | undefined {
    const created = view.created.get(namespace);
    if (created) return created;
    const changedAt = collection?.changedAt ?? this.#removedAt.get(namespace) ?? 0;
    if (changedAt > view.catalogVersion) {
      throw new MongoletError(
        246,
        `Unable to read from a snapshot due to pending collection catalog changes to '${namespace}'; please retry the operation.`,
        { codeName: 'SnapshotUnavailable' },
      );
    }
    if (collection) view.touched.add(collection);
    return collection;
  }

  /** Begins a transaction, which sees the collections as they are now. */
  openView(): TransactionView {
    if (!this.#storage.locks.isAnyOpen) this.#removedAt.clear();
    return this.#storage.openView(this.#version);
  }

  /** Writes, inside a batch, what a transaction has written, and makes its collections everybody's. */
  commitView(view: TransactionView): void {
    this.#storage.commitView(view, () => {
      for (const [namespace, collection] of view.created) {
        this.#collections.set(namespace, collection);
        this.#storage.onUndo(() => this.#collections.delete(namespace));
        this.#markChanged(collection);
        this.save(collection);
      }
      if (view.created.size > 0) this.#saveCounter();
      for (const collection of view.flagged)
        if (collection.indexes.some((index) => index.hasUnsavedFlags)) this.save(collection);
    });
  }

  /** All collections of a database, or of all, by name. */
  list(database?: string): Collection[] {
    const all = [...this.#collections.values()];
    const wanted = database === undefined ? all : all.filter((one) => one.database === database);
    return wanted.sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
  }

  /** The collection of this name, made now if it does not exist. */
  ensure(namespace: string): Collection {
    return this.find(namespace) ?? this.create(namespace, {});
  }

  /** Makes a collection; its name must be free. */
  create(namespace: string, options: CollectionOptions): Collection {
    checkNamespace(namespace);
    if (this.find(namespace)) {
      throw errorOf('NamespaceExists', `Collection ${namespace} already exists.`);
    }
    const { view, locks } = this.#storage;
    if (view) locks.takeNamespace(namespace, view);
    else locks.checkNamespace(namespace);
    const collection = new Collection(namespace, this.#takeId(), randomUUID(), options);
    collection.indexes.push(new Index(this.#takeId(), idIndexSpec(collection.collation?.spec)));
    if (view) {
      view.created.set(namespace, collection);
      return collection;
    }
    this.#collections.set(namespace, collection);
    this.#markChanged(collection);
    this.#storage.onUndo(() => this.#collections.delete(namespace));
    this.save(collection);
    return collection;
  }

  /** Removes a collection; its documents are cleared away in the background. */
  drop(collection: Collection): void {
    this.#storage.locks.checkCollection(collection);
    this.#markRemoved(collection.namespace);
    const key = recordKey(collection.namespace);
    const previous = this.#storage.get(this.#storage.meta, key);
    if (previous) this.#storage.remove(this.#storage.meta, key, previous);
    this.#collections.delete(collection.namespace);
    collection.isDropped = true;
    this.#storage.onUndo(() => {
      collection.isDropped = false;
      this.#collections.set(collection.namespace, collection);
    });
    this.garbage.add('documents', collection.id);
    for (const index of collection.indexes) this.garbage.add('indexes', index.id);
  }

  /** Gives a collection other options. */
  changeOptions(collection: Collection, options: CollectionOptions): void {
    const before = collection.options;
    collection.options = options;
    this.#storage.onUndo(() => {
      collection.options = before;
    });
    this.save(collection);
  }

  /** Adds an empty index to a collection; the caller fills it. */
  addIndex(collection: Collection, spec: IndexSpec): Index {
    if (!this.#storage.view) {
      this.#storage.locks.checkCollection(collection);
      this.#markChanged(collection);
    }
    const index = new Index(this.#takeId(), spec);
    collection.indexes.push(index);
    this.#storage.onUndo(() => {
      collection.indexes = collection.indexes.filter((one) => one !== index);
    });
    this.save(collection);
    return index;
  }

  /** Puts an empty index in the place of another, with the same fields; the caller fills it. */
  renewIndex(collection: Collection, index: Index, spec: IndexSpec): Index {
    const before = collection.indexes;
    const renewed = new Index(this.#takeId(), spec);
    collection.indexes = before.map((one) => (one === index ? renewed : one));
    this.#storage.onUndo(() => {
      collection.indexes = before;
    });
    this.garbage.add('indexes', index.id);
    this.save(collection);
    return renewed;
  }

  /** Takes an index away from its collection. */
  dropIndex(collection: Collection, index: Index): void {
    this.#storage.locks.checkCollection(collection);
    this.#markChanged(collection);
    const before = collection.indexes;
    collection.indexes = before.filter((one) => one !== index);
    this.#storage.onUndo(() => {
      collection.indexes = before;
    });
    this.garbage.add('indexes', index.id);
    this.save(collection);
  }

  /** Gives a collection another name, in the place of one that may stand there. */
  rename(collection: Collection, namespace: string): void {
    checkNamespace(namespace);
    this.#storage.locks.checkCollection(collection);
    this.#storage.locks.checkNamespace(namespace);
    this.#markChanged(collection);
    this.#markRemoved(collection.namespace);
    const before = collection.namespace;
    const key = recordKey(before);
    const previous = this.#storage.get(this.#storage.meta, key);
    if (previous) this.#storage.remove(this.#storage.meta, key, previous);
    this.#collections.delete(before);
    collection.namespace = namespace;
    this.#collections.set(namespace, collection);
    this.#storage.onUndo(() => {
      this.#collections.delete(namespace);
      collection.namespace = before;
      this.#collections.set(before, collection);
    });
    this.save(collection);
  }

  /** Writes a collection's record after a change of its indexes. */
  save(collection: Collection): void {
    // A transaction's own collection is written when it commits.
    if (this.#storage.view) return;
    const key = recordKey(collection.namespace);
    const previous = this.#storage.get(this.#storage.meta, key);
    this.#storage.put(this.#storage.meta, key, encode(collection.toRecord() as Doc), previous);
    for (const index of collection.indexes) {
      if (!index.hasUnsavedFlags) continue;
      index.hasUnsavedFlags = false;
      this.#storage.onUndo(() => {
        index.hasUnsavedFlags = true;
      });
    }
  }

  #markChanged(collection: Collection): void {
    const before = collection.changedAt;
    this.#version += 1;
    collection.changedAt = this.#version;
    this.#storage.onUndo(() => {
      collection.changedAt = before;
    });
  }

  #markRemoved(namespace: string): void {
    if (!this.#storage.locks.isAnyOpen) return;
    const before = this.#removedAt.get(namespace);
    this.#version += 1;
    this.#removedAt.set(namespace, this.#version);
    this.#storage.onUndo(() => {
      if (before === undefined) this.#removedAt.delete(namespace);
      else this.#removedAt.set(namespace, before);
    });
  }

  #takeId(): number {
    const before = this.#lastId;
    this.#lastId = before + 1;
    // A transaction writes the counter when it commits; a number that is never used does no harm.
    if (this.#storage.view) return this.#lastId;
    this.#storage.onUndo(() => {
      this.#lastId = before;
    });
    this.#saveCounter();
    return this.#lastId;
  }

  #saveCounter(): void {
    const { meta } = this.#storage;
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(this.#lastId, 0);
    this.#storage.put(meta, COUNTER_KEY, bytes, this.#storage.get(meta, COUNTER_KEY));
  }
}

function recordKey(namespace: string): Buffer {
  return Buffer.from(COLLECTION_PREFIX + namespace);
}

/** Refuses names that MongoDB refuses. */
function checkNamespace(namespace: string): void {
  const dot = namespace.indexOf('.');
  const database = dot < 0 ? namespace : namespace.slice(0, dot);
  const name = dot < 0 ? '' : namespace.slice(dot + 1);
  const isBadDatabase = database === '' || database.length > 63 || /[/\\. "$\0]/.test(database);
  const isBadName =
    name === '' || name.startsWith('.') || /[$\0]/.test(name) || Buffer.byteLength(namespace) > 255;
  if (isBadDatabase || isBadName)
    throw errorOf('InvalidNamespace', `Invalid namespace specified '${namespace}'`);
}
