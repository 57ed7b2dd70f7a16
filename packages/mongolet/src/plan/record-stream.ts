/** Runs a plan: a stream of the records that match, which can be suspended between batches. */
import type { Collection } from '../store/collection.ts';
import {
  documentKey,
  indexEntryKey,
  indexRange,
  type RecordId,
  recordIdOfKey,
  recordIdsOf,
  wholeRange,
} from '../store/keys.ts';
import type { StoredRecord } from '../store/records.ts';
import type { Storage } from '../store/storage.ts';
import { type Doc, decode } from '../value/codec.ts';
import type { Reading } from '../value/unread.ts';
import type { IndexScan, Lookup, Plan } from './plan.ts';
import { ResumableScan } from './scan.ts';
import { checkTimeLimit } from './time-limit.ts';

/** What a stream filters by. */
export interface Matcher {
  matches(doc: Doc): boolean;
}

/** A document that is decoded only when somebody looks at it. */
export class LazyRecord implements StoredRecord {
  readonly recordId: RecordId;
  readonly bytes: Buffer;
  readonly #reading: Reading | undefined;
  #doc: Doc | undefined;

  constructor(recordId: RecordId, bytes: Buffer, reading?: Reading) {
    this.recordId = recordId;
    this.bytes = bytes;
    this.#reading = reading;
  }

  get doc(): Doc {
    this.#doc ??= decode(this.bytes, this.#reading);
    return this.#doc;
  }
}

/** What a source reads, and how much of it. */
interface From {
  readonly storage: Storage;
  readonly collection: Collection;
  readonly reading: Reading | undefined;
}

interface Source {
  next(): LazyRecord | undefined;
  suspend(): void;
}

/** How much a query had to look at. */
export interface Examined {
  keys: number;
  documents: number;
}

/** The matching records of a collection, in the order of the plan. */
export class RecordStream {
  readonly examined: Examined = { keys: 0, documents: 0 };
  readonly #source: Source;
  readonly #matcher: Matcher | undefined;

  /** Of the documents it decodes what `reading` says, or everything. */
  constructor(
    storage: Storage,
    collection: Collection,
    plan: Plan,
    matcher: Matcher | undefined,
    reading?: Reading,
  ) {
    this.#matcher = plan.kind === 'lookup' && plan.isExact ? undefined : matcher;
    this.#source = sourceOf({ storage, collection, reading }, plan, this.examined);
  }

  /** The next match, or undefined at the end. */
  next(): LazyRecord | undefined {
    for (;;) {
      const record = this.#source.next();
      if (!record) return undefined;
      this.examined.documents += 1;
      checkTimeLimit();
      if (!this.#matcher || this.#matcher.matches(record.doc)) return record;
    }
  }

  /** Lets go of the storage; must be called before the turn of the event loop ends. */
  suspend(): void {
    this.#source.suspend();
  }

  /** All matches that are left. */
  *[Symbol.iterator](): Generator<LazyRecord> {
    try {
      for (let record = this.next(); record; record = this.next()) yield record;
    } finally {
      this.suspend();
    }
  }
}

function sourceOf(from: From, plan: Plan, examined: Examined): Source {
  switch (plan.kind) {
    case 'collection':
      return collectionSource(from, plan.reverse);
    case 'lookup':
      return lookupSource(from, plan, examined);
    case 'index':
      return indexSource(from, plan, examined);
  }
}

function collectionSource({ storage, collection, reading }: From, reverse: boolean): Source {
  const range = wholeRange(collection.id);
  const scan = new ResumableScan(storage, storage.documents, range, { reverse, keysOnly: false });
  return {
    next() {
      const entry = scan.next();
      return entry && new LazyRecord(recordIdOfKey(entry.key), entry.value, reading);
    },
    suspend: () => scan.suspend(),
  };
}

function lookupSource({ storage, collection, reading }: From, plan: Lookup, examined: Examined): Source {
  let position = 0;
  // A document with several keys in the index may be found by more than one.
  const seen = plan.index.isMultikey ? new Set<RecordId>() : undefined;
  let found: RecordId[] = [];
  return {
    next() {
      for (;;) {
        const recordId = found.shift();
        if (recordId === undefined) {
          const wanted = plan.keys[position];
          if (!wanted) return undefined;
          position += 1;
          examined.keys += 1;
          const value = storage.get(storage.indexes, indexEntryKey(plan.index.id, wanted, undefined));
          if (value) found = recordIdsOf(value);
          continue;
        }
        if (seen?.has(recordId)) continue;
        seen?.add(recordId);
        const bytes = storage.get(storage.documents, documentKey(collection.id, recordId));
        if (bytes) return new LazyRecord(recordId, bytes, reading);
      }
    },
    suspend() {},
  };
}

function indexSource({ storage, collection, reading }: From, plan: IndexScan, examined: Examined): Source {
  const { index } = plan;
  const options = { reverse: plan.reverse, keysOnly: !index.isUnique };
  const scans = plan.intervals.map(({ low, high, sharedBytes }) => ({
    scan: new ResumableScan(storage, storage.indexes, indexRange(index.id, low, high), options),
    tailAt: 4 + sharedBytes,
  }));
  if (plan.reverse) scans.reverse();
  const entries = plan.mustMerge
    ? mergedEntries(scans, plan.reverse)
    : chainedEntries(scans.map((one) => one.scan));
  const seen = index.isMultikey ? new Set<RecordId>() : undefined;
  let found: RecordId[] = [];
  return {
    next() {
      for (;;) {
        const recordId = found.shift();
        if (recordId === undefined) {
          const entry = entries.next();
          if (!entry) return undefined;
          examined.keys += 1;
          found = index.isUnique ? recordIdsOf(entry.value) : [recordIdOfKey(entry.key)];
          continue;
        }
        if (seen?.has(recordId)) continue;
        seen?.add(recordId);
        const bytes = storage.get(storage.documents, documentKey(collection.id, recordId));
        // Gone since the key was read: the stream was suspended in between.
        if (bytes) return new LazyRecord(recordId, bytes, reading);
      }
    },
    suspend: () => entries.suspend(),
  };
}

interface Entries {
  next(): { key: Buffer; value: Buffer } | undefined;
  suspend(): void;
}

function chainedEntries(scans: ResumableScan[]): Entries {
  let position = 0;
  return {
    next() {
      for (; position < scans.length; position += 1) {
        const entry = scans[position]?.next();
        if (entry) return entry;
      }
      return undefined;
    },
    suspend: () => scans[position]?.suspend(),
  };
}

/** Merges streams that are each in order into one that is: by what follows each stream's own equality prefix. */
function mergedEntries(scans: { scan: ResumableScan; tailAt: number }[], reverse: boolean): Entries {
  const sign = reverse ? -1 : 1;
  let heads: { scan: ResumableScan; tailAt: number; entry: { key: Buffer; value: Buffer } }[] | undefined;
  const pull = (one: { scan: ResumableScan; tailAt: number }) => {
    const entry = one.scan.next();
    return entry ? [{ ...one, entry }] : [];
  };
  return {
    next() {
      heads ??= scans.flatMap(pull);
      let least = heads[0];
      if (!least) return undefined;
      for (const head of heads) {
        const order = head.entry.key.subarray(head.tailAt).compare(least.entry.key.subarray(least.tailAt));
        if (order * sign < 0) least = head;
      }
      const { entry } = least;
      const following = pull(least);
      heads = heads.flatMap((head) => (head === least ? following : [head]));
      return entry;
    },
    suspend() {
      for (const { scan } of scans) scan.suspend();
    },
  };
}
