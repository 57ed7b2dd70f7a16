/** What of a filter's demands an index can be asked for: less where it has several keys a document, or a collation. */
import type { Index } from '../store/index-info.ts';
import type { Value } from '../value/codec.ts';
import { foldValue, hasText } from '../value/collation.ts';
import type { Query } from './plan.ts';
import type { FieldPredicate } from './predicates.ts';

/** Conditions on two fields below one array may be fulfilled by different elements, an entry stands for one element. */
export function sharesArray(index: Index, position: number): boolean {
  if (!index.isMultikey) return false;
  const top = topOf(index.fields[position]?.path);
  return index.fields.slice(0, position).some((field) => topOf(field.path) === top);
}

/** The first name of a dotted path. */
export function topOf(path: string | undefined): string {
  return path?.split('.', 1)[0] ?? '';
}

/** What of a predicate holds in an index: text compares there by the index's collation, and only as equal or not. */
export function usableWith(
  index: Index,
  collation: Query['collation'],
  predicate: FieldPredicate | undefined,
): FieldPredicate | undefined {
  if (!predicate || (!index.collation && !collation)) return predicate;
  const isSame = index.collation === collation;
  const { points, low, high, prefix } = predicate;
  return {
    ...predicate,
    points: points && !isSame && points.some(hasText) ? undefined : points,
    low: hasText(low?.value) ? undefined : low,
    high: hasText(high?.value) ? undefined : high,
    // Regular expressions know no collation.
    prefix: index.collation ? undefined : prefix,
  };
}

/** The points of an index, as its keys have them. */
export function folded(index: Index, points: readonly Value[][]): readonly Value[][] {
  const { collation } = index;
  return collation ? points.map((row) => row.map((value) => foldValue(value, collation))) : points;
}

/** The values that a field may equal, as far as single keys stand for them. */
export function usablePoints(index: Index, predicate: FieldPredicate | undefined): Value[] | undefined {
  const points = predicate?.points;
  // In a multikey index null stands for several things, which `null` in a filter does not match alike.
  if (!points || (index.isMultikey && points.includes(null))) return undefined;
  return points;
}

/** What of a predicate narrows a scan to a range. */
export function rangeOf(index: Index, predicate: FieldPredicate | undefined): FieldPredicate | undefined {
  if (!predicate) return undefined;
  if (!predicate.low && !predicate.high) return predicate.prefix === undefined ? undefined : predicate;
  if (predicate.prefix !== undefined) return rangeOf(index, { ...predicate, prefix: undefined });
  // Different elements of an array may fulfil the two bounds: only one of them may narrow the scan.
  if (index.isMultikey && predicate.low) return { ...predicate, high: undefined };
  return predicate;
}
