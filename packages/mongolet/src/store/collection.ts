/** A collection as the catalogue knows it. */

import type { Doc } from '../value/codec.ts';
import { type Collation, storedCollation } from '../value/collation.ts';
import { Index } from './index-info.ts';
import { type RecordId, recordIdOfKey, wholeRange } from './keys.ts';
import type { Storage } from './storage.ts';

/** Options of `create`, checked, as `listCollections` reports them. */
export type CollectionOptions = Doc;

/** Name, number and indexes of one collection; the documents themselves are in the storage. */
export class Collection {
  namespace: string;
  readonly id: number;
  readonly uuid: string;
  options: CollectionOptions;
  /** What a capped collection holds; of others it is not known. */
  usage = { bytes: 0, count: 0 };
  /** How its strings compare where a command does not say it. */
  readonly collation: Collation | undefined;
  indexes: Index[] = [];
  isDropped = false;
  /** The catalogue's version when its name or its indexes last changed. */
  changedAt = 0;
  #lastRecordId: RecordId = 0;

  constructor(namespace: string, id: number, uuid: string, options: CollectionOptions) {
    this.namespace = namespace;
    this.id = id;
    this.uuid = uuid;
    this.options = options;
    this.collation = storedCollation(options.collation);
  }

  /** The part of the name before the first dot. */
  get database(): string {
    return this.namespace.slice(0, this.namespace.indexOf('.'));
  }

  /** The part of the name after the first dot. */
  get name(): string {
    return this.namespace.slice(this.namespace.indexOf('.') + 1);
  }

  /** How much a capped collection may hold. */
  get cap(): { bytes: number; count: number } | undefined {
    const { capped, size, max } = this.options;
    if (capped !== true) return undefined;
    return { bytes: Number(size), count: max === undefined ? Number.POSITIVE_INFINITY : Number(max) };
  }

  /** Whether its natural order is that of `_id`. */
  get isClustered(): boolean {
    return this.options.clusteredIndex !== undefined;
  }

  /** The index on `_id`, which every collection has. */
  get idIndex(): Index {
    const index = this.indexes[0];
    if (!index) throw new Error(`${this.namespace} has no _id index`);
    return index;
  }

  /** Whether it has or ever had documents. */
  get hasRecords(): boolean {
    return this.#lastRecordId > 0;
  }

  /** A number greater than that of every document so far; gaps do no harm. */
  takeRecordId(): RecordId {
    this.#lastRecordId += 1;
    return this.#lastRecordId;
  }

  /** Finds out, at a start, which record ids are taken, and how full a capped collection is. */
  loadNextRecordId(storage: Storage): void {
    const last = storage.scan(storage.documents, wholeRange(this.id), { reverse: true, keysOnly: true });
    for (const { key } of last) {
      this.#lastRecordId = recordIdOfKey(key);
      break;
    }
    if (!this.cap) return;
    for (const { value } of storage.scan(storage.documents, wholeRange(this.id))) {
      this.usage.bytes += value.length;
      this.usage.count += 1;
    }
  }

  /** What the meta table keeps. */
  toRecord(): Doc {
    return {
      namespace: this.namespace,
      id: this.id,
      uuid: this.uuid,
      options: this.options,
      indexes: this.indexes.map((index) => index.toRecord()),
    };
  }

  /** Reads back what `toRecord` made. */
  static fromRecord(record: Doc): Collection {
    const { namespace, uuid, options, indexes } = record;
    const collection = new Collection(String(namespace), Number(record.id), String(uuid), options as Doc);
    collection.indexes = (indexes as Doc[]).map((one) => Index.fromRecord(one));
    return collection;
  }
}
