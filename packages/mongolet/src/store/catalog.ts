/** Which collections and indexes exist: held in memory, kept in the meta table, changed only inside a batch. */
import { randomUUID } from 'node:crypto';
import { errorOf } from '../errors.ts';
import { type Doc, decode, encode } from '../value/codec.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import { Garbage } from './garbage.ts';
import { Index, type IndexSpec, idIndexSpec } from './index-info.ts';
import type { Storage } from './storage.ts';

const COLLECTION_PREFIX = 'collection/';
const COUNTER_KEY = Buffer.from('counter');

/** All collections of a data folder. */
export class Catalog {
  readonly garbage: Garbage;
  readonly #storage: Storage;
  readonly #collections = new Map<string, Collection>();
  #lastId = 0;

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
    return this.#collections.get(namespace);
  }

  /** All collections of a database, or of all, by name. */
  list(database?: string): Collection[] {
    const all = [...this.#collections.values()];
    const wanted = database === undefined ? all : all.filter((one) => one.database === database);
    return wanted.sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
  }

  /** The collection of this name, made now if it does not exist. */
  ensure(namespace: string): Collection {
    return this.#collections.get(namespace) ?? this.create(namespace, {});
  }

  /** Makes a collection; its name must be free. */
  create(namespace: string, options: CollectionOptions): Collection {
    checkNamespace(namespace);
    if (this.#collections.has(namespace)) {
      throw errorOf('NamespaceExists', `Collection ${namespace} already exists.`);
    }
    const collection = new Collection(namespace, this.#takeId(), randomUUID(), options);
    collection.indexes.push(new Index(this.#takeId(), idIndexSpec()));
    this.#collections.set(namespace, collection);
    this.#storage.onUndo(() => this.#collections.delete(namespace));
    this.save(collection);
    return collection;
  }

  /** Removes a collection; its documents are cleared away in the background. */
  drop(collection: Collection): void {
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

  /** Adds an empty index to a collection; the caller fills it. */
  addIndex(collection: Collection, spec: IndexSpec): Index {
    const index = new Index(this.#takeId(), spec);
    collection.indexes.push(index);
    this.#storage.onUndo(() => {
      collection.indexes = collection.indexes.filter((one) => one !== index);
    });
    this.save(collection);
    return index;
  }

  /** Takes an index away from its collection. */
  dropIndex(collection: Collection, index: Index): void {
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
    const key = recordKey(collection.namespace);
    const previous = this.#storage.get(this.#storage.meta, key);
    this.#storage.put(this.#storage.meta, key, Buffer.from(encode(collection.toRecord() as Doc)), previous);
  }

  #takeId(): number {
    const before = this.#lastId;
    this.#lastId = before + 1;
    this.#storage.onUndo(() => {
      this.#lastId = before;
    });
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(this.#lastId, 0);
    this.#storage.put(
      this.#storage.meta,
      COUNTER_KEY,
      bytes,
      this.#storage.get(this.#storage.meta, COUNTER_KEY),
    );
    return this.#lastId;
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
