/** The order that `sort` asks for, in memory: what an index on the same keys would give. */
import { errorOf, MongoletError } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { compareValues } from '../value/compare.ts';
import { type Doc, getField, keysOf, type Value } from '../value/document.ts';
import { toExactInteger } from '../value/number.ts';
import { compoundIndexKeys, indexValues } from '../value/path.ts';
import { isDoc } from '../value/type.ts';

const MAX_SORT_FIELDS = 32;

/** A key of a sort: its path and direction. */
interface SortField {
  path: string;
  direction: 1 | -1;
}

/** Returns the fields of a sort document after checking them. */
function readSort(sort: Doc): SortField[] {
  const keys = keysOf(sort);
  if (keys.length > MAX_SORT_FIELDS) {
    throw errorOf('BadValue', `too many compound keys: ${keys.length}, at most ${MAX_SORT_FIELDS}`);
  }
  return keys.map((path) => {
    const value = getField(sort, path);
    if (path === '') throw new MongoletError(40352, 'FieldPath cannot be constructed with empty string');
    if (path.startsWith('$') && path !== '$natural') {
      throw new MongoletError(16410, `FieldPath field names may not start with '$': ${path}`);
    }
    if (path.split('.').includes('')) {
      throw new MongoletError(15998, 'FieldPath field names may not be empty strings.');
    }
    if (isDoc(value)) throw errorOf('CommandNotSupported', `sort by an expression is not supported: ${path}`);
    return { path, direction: readDirection(value) };
  });
}

function readDirection(value: Value | undefined): 1 | -1 {
  const direction = toExactInteger(value);
  if (direction === 1n) return 1;
  if (direction === -1n) return -1;
  throw new MongoletError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
}

/**
 * Compiles a sort into a comparator of documents. Of an array its smallest element counts when ascending and its largest
 * when descending; a missing field counts as null, an empty array comes before it.
 */
export function compileSort(sort: Doc, collation?: Collation): (a: Doc, b: Doc) => number {
  const fields = readSort(sort).filter(({ path }) => path !== '$natural');
  const keyOf = compileSortKey(fields, collation);
  const compareKeys = compileKeyComparison(fields, collation);
  const known = new WeakMap<Doc, readonly Value[]>();
  const cachedKeyOf = (doc: Doc): readonly Value[] => {
    const cached = known.get(doc);
    if (cached !== undefined) return cached;
    const key = keyOf(doc);
    known.set(doc, key);
    return key;
  };
  return (a, b) => compareKeys(cachedKeyOf(a), cachedKeyOf(b));
}

/** Returns the function that takes from a document the values it is sorted by. */
function compileSortKey(
  fields: readonly SortField[],
  collation: Collation | undefined,
): (doc: Doc) => readonly Value[] {
  const paths = fields.map(({ path }) => path);
  const compareKeys = compileKeyComparison(fields, collation);
  return (doc) => {
    const perField = fields.map(({ path }) => indexValues(doc, path));
    if (perField.filter(({ multikey }) => multikey).length <= 1) {
      return perField.map(({ values }, i) => extremeOf(values, fields[i]?.direction ?? 1, collation));
    }
    // Several fields within one array are taken element by element together, as a compound index does.
    const [first = [], ...others] = compoundIndexKeys(doc, paths).keys;
    return others.reduce((best, key) => (compareKeys(key, best) < 0 ? key : best), first);
  };
}

function extremeOf(values: readonly Value[], direction: 1 | -1, collation: Collation | undefined): Value {
  let best = values[0] ?? null;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] ?? null;
    if (compareValues(value, best, collation) * direction < 0) best = value;
  }
  return best;
}

/** Returns the comparator of sort keys. */
function compileKeyComparison(
  fields: readonly SortField[],
  collation: Collation | undefined,
): (a: readonly Value[], b: readonly Value[]) => number {
  return (a, b) => {
    for (const [i, { direction }] of fields.entries()) {
      const result = compareValues(a[i] ?? null, b[i] ?? null, collation);
      if (result !== 0) return result * direction;
    }
    return 0;
  };
}
