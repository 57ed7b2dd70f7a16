/** An index as the catalogue knows it, and the keys a document has in it. */
import { MongoletError } from '../errors.ts';
import { compileFilter } from '../match/index.ts';
import type { Doc, Value } from '../value/codec.ts';
import { type Collation, foldValue, storedCollation } from '../value/collation.ts';
import { equalValues } from '../value/compare.ts';
import { getField, keysOf } from '../value/document.ts';
import { encodeKey } from '../value/key.ts';
import { compoundIndexKeys } from '../value/path.ts';
import { geoKeysOf } from './geo-keys.ts';
import { shortenOrdered } from './keys.ts';

/** What `createIndexes` was given, checked; `listIndexes` reports it as it stands. */
export interface IndexSpec {
  readonly v: 2;
  readonly key: Doc;
  readonly name: string;
  readonly unique?: true;
  readonly sparse?: true;
  readonly partialFilterExpression?: Doc;
  readonly expireAfterSeconds?: number;
  /** The planner does not see it; it is kept up to date all the same. */
  readonly hidden?: true;
  readonly [option: string]: Value;
}

/** One field of an index. */
export interface IndexField {
  readonly path: string;
  readonly direction: 1 | -1;
}

/** The keys of one document in one index. */
export interface DocumentKeys {
  readonly ordered: Buffer[];
  readonly isMultikey: boolean;
  readonly isShortened: boolean;
}

const NO_KEYS: DocumentKeys = { ordered: [], isMultikey: false, isShortened: false };

/** The specification of the index that every collection has. */
export function idIndexSpec(collation?: Doc): IndexSpec {
  return { v: 2, key: { _id: 1 }, name: '_id_', ...(collation ? { collation } : {}) };
}

/** One index; its entries are in the storage under its number. */
export class Index {
  readonly id: number;
  readonly spec: IndexSpec;
  readonly fields: readonly IndexField[];
  readonly isUnique: boolean;
  readonly isIdIndex: boolean;
  /**
   * How its strings compare. Its keys then say only what may be equal: they have no order, and an entry of a unique
   * index may stand for several documents.
   */
  readonly collation: Collation | undefined;
  /** Some document has several keys: no sort by this index, and one bound only. Never unset. */
  isMultikey = false;
  /** Some key was too long for LMDB: the order inside this index is not to be trusted. Never unset. */
  hasShortened = false;
  /** A transaction set one of these, and nobody has written that down: whoever needs it on disk must do so. */
  hasUnsavedFlags = false;
  /** The top-level fields that decide a document's keys: where they did not change, neither did the keys. */
  readonly topFields: readonly string[];
  readonly #directions: (1 | -1)[];
  readonly #paths: string[];
  readonly #hasDottedPath: boolean;
  /** A hashed index is ordered all the same, but like MongoDB's it takes no arrays. */
  readonly #isHashed: boolean;
  readonly #partial: { matches(doc: Doc): boolean } | undefined;

  constructor(id: number, spec: IndexSpec) {
    this.id = id;
    this.spec = spec;
    this.fields = keysOf(spec.key).map((path) => ({ path, direction: Number(spec.key[path]) < 0 ? -1 : 1 }));
    this.isIdIndex = spec.name === '_id_';
    this.isUnique = this.isIdIndex || spec.unique === true;
    this.#directions = this.fields.map((field) => field.direction);
    this.#paths = this.fields.map((field) => field.path);
    this.#isHashed = Object.values(spec.key).includes('hashed');
    this.#hasDottedPath = this.#paths.some((path) => path.includes('.'));
    this.collation = storedCollation(spec.collation);
    const partial = spec.partialFilterExpression;
    this.#partial = partial ? compileFilter(partial, undefined, this.collation) : undefined;
    // A partial filter may look anywhere; an empty list means: always compare.
    const tops = new Set(this.fields.map((field) => field.path.split('.', 1)[0] ?? ''));
    if (partial)
      for (const path of keysOf(partial)) tops.add(path.startsWith('$') ? '' : (path.split('.', 1)[0] ?? ''));
    this.topFields = tops.has('') ? [] : [...tops];
  }

  /** The keys of `doc`: none, one, or for an array one for each different element. */
  keysOf(doc: Doc): DocumentKeys {
    if (this.isIdIndex) return finish([this.encode([getField(doc, '_id')])], false);
    if (this.#partial && !this.#partial.matches(doc)) return NO_KEYS;
    if (this.isGeo) {
      const keys = distinct(geoKeysOf(doc, this.#paths[0] ?? ''));
      return finish(keys, keys.length > 1);
    }
    const plain = this.#plainValues(doc);
    if (plain) {
      if (this.spec.sparse && plain.every((value) => value === undefined)) return NO_KEYS;
      return finish([this.encode(plain)], false);
    }
    const { keys, multikey } = compoundIndexKeys(doc, this.#paths);
    if (multikey && this.#isHashed) {
      throw new MongoletError(16766, 'hashed indexes do not currently support array values');
    }
    if (this.spec.sparse && keys.every((key) => key.every((value) => value === undefined))) return NO_KEYS;
    return finish(distinct(keys.map((key) => this.encode(key))), multikey);
  }

  /** The key of these values, one for each field. */
  encode(values: readonly (Value | undefined)[]): Buffer {
    const { collation } = this;
    return encodeKey(
      collation ? values.map((value) => foldValue(value, collation)) : values,
      this.#directions,
    );
  }

  /** Whether two documents with a key in common have equal values under it; only a collation makes that a question. */
  collide(a: Doc, b: Doc): boolean {
    const { collation } = this;
    if (!collation) return true;
    const others = compoundIndexKeys(b, this.#paths).keys;
    return compoundIndexKeys(a, this.#paths).keys.some((one) =>
      others.some((other) =>
        one.every((value, i) => equalValues(value ?? null, other[i] ?? null, collation)),
      ),
    );
  }

  /** Whether its first field is the place of a point on a plane. */
  get isGeo(): boolean {
    return this.spec.key[this.#paths[0] ?? ''] === '2d';
  }

  /** The common case, made cheap: top-level fields without an array among them. */
  #plainValues(doc: Doc): (Value | undefined)[] | undefined {
    if (this.#hasDottedPath) return undefined;
    const values = this.#paths.map((path) => getField(doc, path));
    return values.some(Array.isArray) ? undefined : values;
  }

  /** What the meta table keeps. */
  toRecord(): Doc {
    return { id: this.id, spec: this.spec, isMultikey: this.isMultikey, hasShortened: this.hasShortened };
  }

  /** Reads back what `toRecord` made. */
  static fromRecord(record: Doc): Index {
    const index = new Index(Number(record.id), record.spec as IndexSpec);
    index.isMultikey = record.isMultikey === true;
    index.hasShortened = record.hasShortened === true;
    return index;
  }
}

function distinct(keys: Buffer[]): Buffer[] {
  if (keys.length < 2) return keys;
  const sorted = keys.sort(Buffer.compare);
  return sorted.filter((key, index) => index === 0 || !key.equals(sorted[index - 1] ?? key.subarray(1)));
}

function finish(keys: Buffer[], isMultikey: boolean): DocumentKeys {
  let isShortened = false;
  const ordered = keys.map((key) => {
    const short = shortenOrdered(key);
    isShortened ||= short.isShortened;
    return short.bytes;
  });
  return { ordered, isMultikey, isShortened };
}
