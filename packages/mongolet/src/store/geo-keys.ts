/** The keys of a `2d` index: the points of a document's field, by x and then by y. */

import { Double } from 'bson';
import { MongoletError } from '../errors.ts';
import type { Doc } from '../value/codec.ts';
import { encodeKey } from '../value/key.ts';
import { getPath } from '../value/path.ts';
import { legacyPoint, type Point } from '../value/point.ts';
import { isDoc } from '../value/type.ts';

const LIMIT = 180;

/** The key that every entry with this x begins with. */
export function geoKey(x: number): Buffer {
  return encodeKey([new Double(x)]);
}

/** The keys of a document, none where the field is missing or empty; refuses what is no point of the plane. */
export function geoKeysOf(doc: Doc, path: string): Buffer[] {
  const value = getPath(doc, path);
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return [];
  const isList = Array.isArray(value) && value.every((one) => Array.isArray(one) || isDoc(one));
  const points = isList ? value.map(legacyPoint) : [legacyPoint(value)];
  return points.map((point) => {
    if (!point) {
      throw new MongoletError(13026, "geo values must be 'legacy coordinate pairs' for 2d indexes");
    }
    checkPlace(point);
    return encodeKey([new Double(point.x), new Double(point.y)]);
  });
}

function checkPlace({ x, y }: Point): void {
  if (Math.abs(x) <= LIMIT && Math.abs(y) <= LIMIT) return;
  throw new MongoletError(
    13027,
    `point not in interval of [ -${LIMIT}, ${LIMIT} ] :: caused by :: { : [ ${x}, ${y} ] }`,
  );
}
