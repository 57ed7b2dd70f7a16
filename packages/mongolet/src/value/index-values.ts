/** What an index holds of a document: one key per element of an array on its path. */
import { errorOf } from '../errors.ts';
import { type Doc, getField, isIntegerLike, type Value } from './document.ts';
import { BSON_UNDEFINED, isDoc } from './type.ts';

/** The keys of one document in one index. */
export interface IndexKeys {
  /** One tuple per key, a component per path: undefined is a missing field, BSON_UNDEFINED an empty array. */
  keys: (Value | undefined)[][];
  /** Says whether an array was met on any path. */
  multikey: boolean;
  /** By path: whether an array was met on it. */
  multikeyPaths: boolean[];
}

/**
 * Returns what an index on one path holds: the value, or the elements of the array there (or on the way). A missing
 * field is undefined (encoded as null), an empty array BSON_UNDEFINED (encoded below null), as in MongoDB.
 */
export function indexValues(doc: Doc, path: string): { values: (Value | undefined)[]; multikey: boolean } {
  if (!path.includes('.')) {
    const value = getField(doc, path);
    if (!Array.isArray(value)) return { values: [value], multikey: false };
  }
  const { keys, multikey } = compoundIndexKeys(doc, [path]);
  return { values: keys.map(([value]) => value), multikey };
}

interface Branch {
  /** The value reached so far, and what is left of the path. */
  value: Value | undefined;
  rest: readonly string[];
  /** False once an array has been expanded at the very end: an array within it is a value. */
  open: boolean;
}

/**
 * Returns the keys of a compound index. Paths that go through the same array are taken element by element together;
 * two different arrays in one document throw CannotIndexParallelArrays (171).
 */
export function compoundIndexKeys(doc: Doc, paths: readonly string[]): IndexKeys {
  const multikeyPaths = paths.map(() => false);
  const keys: (Value | undefined)[][] = [];
  const branches = paths.map((path): Branch => ({ value: doc, rest: path.split('.'), open: true }));
  expand(branches, paths, multikeyPaths, keys);
  return { keys, multikey: multikeyPaths.includes(true), multikeyPaths };
}

function expand(
  branches: readonly Branch[],
  paths: readonly string[],
  multikeyPaths: boolean[],
  keys: (Value | undefined)[][],
): void {
  const walked = branches.map(walk);
  const arrays = walked.map(({ value, rest, open }) =>
    Array.isArray(value) && (rest.length > 0 || open) ? value : undefined,
  );
  const array = arrays.find((value) => value !== undefined);
  if (array === undefined) {
    keys.push(walked.map(({ value, rest }) => (rest.length === 0 ? value : undefined)));
    return;
  }
  for (const [i, other] of arrays.entries()) {
    if (other === undefined) continue;
    if (other !== array) {
      const names = paths.filter((_, k) => arrays[k] !== undefined).map((path) => `[${path}]`);
      throw errorOf('CannotIndexParallelArrays', `cannot index parallel arrays ${names.join(' ')}`);
    }
    multikeyPaths[i] = true;
  }
  const elements: readonly Value[] = array.length === 0 ? [BSON_UNDEFINED] : array;
  for (const element of elements) {
    const next = walked.map((branch, i): Branch => (arrays[i] === array ? enter(branch, element) : branch));
    expand(next, paths, multikeyPaths, keys);
  }
}

function enter(branch: Branch, element: Value): Branch {
  if (branch.rest.length === 0) return { value: element, rest: branch.rest, open: false };
  // An element that is no document has no fields: the key is null, as for a missing one.
  return { value: isDoc(element) ? element : undefined, rest: branch.rest, open: true };
}

/** Follows a path until it ends or meets an array; a numeric component steps into an array that has that element. */
function walk(branch: Branch): Branch {
  let { value, rest } = branch;
  while (rest.length > 0) {
    const [part, ...tail] = rest as [string, ...string[]];
    if (Array.isArray(value)) {
      if (!isIntegerLike(part) || Number(part) >= value.length) break;
      value = value[Number(part)];
    } else if (isDoc(value)) value = getField(value, part);
    else return { value: undefined, rest: [], open: branch.open };
    rest = tail;
  }
  return { value, rest, open: branch.open };
}
