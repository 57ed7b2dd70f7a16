/** What an update did to a document, as the least list of fields that tells it. */
import { Int32 } from 'bson';
import { identicalValues } from '../value/compare.ts';
import { type Doc, getField, keysOf, setField, type Value } from '../value/document.ts';
import { isDoc } from '../value/type.ts';

/** The difference between two states of a document; names are dotted paths. */
export interface UpdateDescription {
  readonly updatedFields: Doc;
  readonly removedFields: string[];
  readonly truncatedArrays: { field: string; newSize: Int32 }[];
}

/**
 * Returns what must be set, removed and cut to make `after` of `before`. Documents and arrays that are in both are looked
 * into; an array that grew has its new elements set, one that shrank is cut and then set. Fields whose place is not what
 * it would be by that (those kept as they were, new ones last) are set, too.
 */
export function describeUpdate(before: Doc, after: Doc): UpdateDescription {
  const description: UpdateDescription = { updatedFields: {}, removedFields: [], truncatedArrays: [] };
  compareDocs(before, after, '', description);
  return description;
}

function compareDocs(before: Doc, after: Doc, prefix: string, into: UpdateDescription): void {
  for (const key of keysOf(before)) if (!Object.hasOwn(after, key)) into.removedFields.push(prefix + key);
  const orderedCount = countOrdered(before, after);
  for (const [position, key] of keysOf(after).entries()) {
    if (position >= orderedCount) {
      setField(into.updatedFields, prefix + key, getField(after, key));
      continue;
    }
    const known = Object.hasOwn(before, key);
    compareField(known ? getField(before, key) : undefined, getField(after, key), prefix + key, into);
  }
}

/** How many of the first fields of `after` are where an update in place would have left them. */
function countOrdered(before: Doc, after: Doc): number {
  const keys = keysOf(after);
  const expected = [
    ...keysOf(before).filter((key) => Object.hasOwn(after, key)),
    ...keys.filter((key) => !Object.hasOwn(before, key)),
  ];
  const misplaced = keys.findIndex((key, i) => key !== expected[i]);
  return misplaced < 0 ? keys.length : misplaced;
}

/** An empty document, and one in another order, is told as a whole. */
function isChangedInPlace(before: Doc, after: Doc): boolean {
  const { length } = keysOf(after);
  return length > 0 && countOrdered(before, after) === length;
}

function compareField(
  before: Value | undefined,
  after: Value | undefined,
  path: string,
  into: UpdateDescription,
): void {
  if (before !== undefined && identicalValues(before, after)) return;
  if (isDoc(before) && isDoc(after) && isChangedInPlace(before, after)) {
    compareDocs(before, after, `${path}.`, into);
  } else if (Array.isArray(before) && Array.isArray(after) && after.length > 0) {
    if (after.length < before.length)
      into.truncatedArrays.push({ field: path, newSize: new Int32(after.length) });
    for (const [i, element] of after.entries()) compareField(before[i], element, `${path}.${i}`, into);
  } else {
    setField(into.updatedFields, path, after);
  }
}
