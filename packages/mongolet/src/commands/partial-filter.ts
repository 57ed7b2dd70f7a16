/** What the filter of a partial index may say: MongoDB allows less than in a query. */
import { BSONRegExp } from 'bson';
import { errorOf } from '../errors.ts';
import { compileFilter } from '../match/index.ts';
import type { Doc, Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { isSet } from './command.ts';

const LOGICAL = new Set(['$and', '$or']);
const COMPARISONS = new Set(['$eq', '$lt', '$lte', '$gt', '$gte', '$in', '$type', '$exists']);

/** Throws unless `filter` may be a `partialFilterExpression`. */
export function checkPartialFilter(filter: Doc): void {
  compileFilter(filter);
  checkDoc(filter);
}

function checkDoc(filter: Doc): void {
  for (const key of keysOf(filter)) {
    const value = filter[key];
    if (LOGICAL.has(key) && Array.isArray(value)) {
      for (const part of value) if (isDoc(part)) checkDoc(part);
    } else if (key.startsWith('$')) {
      throw unsupported(key);
    } else {
      checkValue(value);
    }
  }
}

function checkValue(value: Value): void {
  if (value instanceof BSONRegExp) throw unsupported('$regex');
  if (!isDoc(value) || !keysOf(value)[0]?.startsWith('$')) return;
  for (const operator of keysOf(value)) {
    if (!COMPARISONS.has(operator)) throw unsupported(operator);
    if (operator === '$exists' && !isSet(value, '$exists')) throw unsupported('$exists: false');
  }
}

function unsupported(what: string): Error {
  return errorOf('CannotCreateIndex', `Expression not supported in partial index: ${what}`);
}
