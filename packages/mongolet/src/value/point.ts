/** Points on a plane as MongoDB has always stored them: a pair of numbers, in an array or as the first two fields of a document. */
import { type Doc, getField, keysOf, type Value } from './document.ts';
import { isDoc, isNumber } from './type.ts';

/** Longitude and latitude, or whatever the two axes are. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The pair that a value is, or undefined; what follows the two numbers does not count. */
export function legacyPoint(value: Value | undefined): Point | undefined {
  const [first, second] = Array.isArray(value) ? (value as Value[]) : isDoc(value) ? firstTwo(value) : [];
  if (!isNumber(first) || !isNumber(second)) return undefined;
  const point = { x: Number(String(first)), y: Number(String(second)) };
  return Number.isFinite(point.x) && Number.isFinite(point.y) ? point : undefined;
}

function firstTwo(doc: Doc): (Value | undefined)[] {
  return keysOf(doc)
    .slice(0, 2)
    .map((key) => getField(doc, key));
}
