/** Dotted paths: plain access, and the traversal of arrays by which filters see a document. */
import { type Doc, getField, isIntegerLike, type Value } from './document.ts';
import { isDoc } from './type.ts';

export { compoundIndexKeys, indexValues } from './index-values.ts';

const PARTS = new Map<string, readonly string[]>();

/** Returns the components of a dotted path. */
export function splitPath(path: string): readonly string[] {
  const known = PARTS.get(path);
  if (known !== undefined) return known;
  const parts = path.split('.');
  if (PARTS.size < 4096) PARTS.set(path, parts);
  return parts;
}

/** Returns the array index that a path component stands for, or -1. */
export function indexOf(part: string): number {
  return isIntegerLike(part) ? Number(part) : -1;
}

/** Returns the value at a path; an array is entered only by a numeric component. */
export function getPath(doc: Doc, path: string): Value | undefined {
  if (!path.includes('.')) return getField(doc, path);
  return getParts(doc, splitPath(path));
}

/** Returns the value at a path that is already split. */
export function getParts(from: Value, parts: readonly string[]): Value | undefined {
  let value: Value | undefined = from;
  for (const part of parts) {
    if (Array.isArray(value)) {
      const index = indexOf(part);
      value = index >= 0 ? value[index] : undefined;
    } else if (isDoc(value)) value = getField(value, part);
    else return undefined;
  }
  return value;
}

/** Is shown a value (undefined: missing) and the index in the outermost array passed on the way; true stops. */
export type Visitor = (value: Value | undefined, position: number | undefined) => boolean;

/**
 * Shows `visit` every value that a filter on this path looks at: embedded documents within arrays are entered, a
 * numeric component also means an array's element. Of an array at the end of the path its elements are shown,
 * then itself; with `whole` only itself. Returns true when a visit did.
 *
 * Where a path ends inside an array that holds no documents nothing is shown at all, not even "missing".
 */
export function visitPath(
  doc: Doc,
  parts: readonly string[],
  whole: boolean,
  visit: Visitor,
  from = 0,
  position?: number,
): boolean {
  let current = doc;
  let at = from;
  for (;;) {
    const value = getField(current, parts[at] as string);
    at++;
    if (Array.isArray(value)) return visitArray(value, parts, at, whole, visit, position);
    if (at === parts.length) return visit(value, position);
    if (!isDoc(value)) return visit(undefined, position);
    current = value;
  }
}

function visitArray(
  array: readonly Value[],
  parts: readonly string[],
  at: number,
  whole: boolean,
  visit: Visitor,
  position: number | undefined,
): boolean {
  if (at === parts.length) {
    if (!whole) {
      for (let i = 0; i < array.length; i++) if (visit(array[i], position ?? i)) return true;
    }
    return visit(array, position);
  }
  const wanted = indexOf(parts[at] as string);
  for (let i = 0; i < array.length; i++) {
    const element = array[i];
    if (isDoc(element) && visitPath(element, parts, whole, visit, at, position ?? i)) return true;
    if (i !== wanted) continue;
    if (at + 1 === parts.length) {
      if (visit(element, position)) return true;
    } else if (isDoc(element)) {
      if (visitPath(element, parts, whole, visit, at + 1, position)) return true;
    } else if (Array.isArray(element)) {
      if (visitArray(element, parts, at + 1, whole, visit, position)) return true;
    }
  }
  return false;
}
