/** Reads a capped collection to its end, and later on from there: what a tailable cursor does. */
import { MongoletError } from '../errors.ts';
import type { Collection } from '../store/collection.ts';
import { recordIdOfKey, wholeRange } from '../store/keys.ts';
import type { Storage } from '../store/storage.ts';
import { LazyRecord, type Matcher } from './record-stream.ts';
import { ResumableScan } from './scan.ts';

const ZERO = Buffer.of(0);

/** The documents that match, in the order in which they came and come. */
export class TailStream {
  readonly #storage: Storage;
  readonly #collection: Collection;
  readonly #matcher: Matcher;
  #scan: ResumableScan | undefined;
  #lastKey: Buffer | undefined;

  constructor(storage: Storage, collection: Collection, matcher: Matcher) {
    this.#storage = storage;
    this.#collection = collection;
    this.#matcher = matcher;
  }

  /** Like MongoDB's, a cursor that began on an empty collection has no place to go on from. */
  get isDead(): boolean {
    return this.#lastKey === undefined || this.#collection.isDropped;
  }

  /** The next match; undefined when there is none yet. Throws (136) when its place was overwritten. */
  next(): LazyRecord | undefined {
    this.#scan ??= this.#openScan();
    for (let entry = this.#scan.next(); entry; entry = this.#scan.next()) {
      this.#lastKey = entry.key;
      const record = new LazyRecord(recordIdOfKey(entry.key), entry.value);
      if (this.#matcher.matches(record.doc)) return record;
    }
    this.#scan = undefined;
    return undefined;
  }

  /** Lets go of the storage. */
  suspend(): void {
    this.#scan?.suspend();
    this.#scan = undefined;
  }

  #openScan(): ResumableScan {
    const { low, high } = wholeRange(this.#collection.id);
    const last = this.#lastKey;
    const { documents } = this.#storage;
    if (last && !this.#storage.get(documents, last)) {
      throw new MongoletError(
        136,
        `CollectionScan died due to position in capped collection being deleted. Last seen record id: RecordId(${recordIdOfKey(last)})`,
        { codeName: 'CappedPositionLost' },
      );
    }
    const range = { low: last ? Buffer.concat([last, ZERO]) : low, high };
    return new ResumableScan(this.#storage, documents, range, { reverse: false, keysOnly: false });
  }
}
