/** What a filter demands of single fields, as far as an index can help with it. */
import { BSONRegExp, MaxKey, MinKey } from 'bson';
import { spanOf } from '../match/geo-within.ts';
import type { Doc, Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { BSON_UNDEFINED, isDoc } from '../value/type.ts';
import { prefixOf } from './regex-prefix.ts';

/** A comparison with one value. */
export interface Bound {
  readonly value: Value;
  readonly inclusive: boolean;
}

/** All that a conjunction demands of one field. Every demand is necessary; together they need not be sufficient. */
export interface FieldPredicate {
  /** The field equals one of these. */
  readonly points: Value[] | undefined;
  readonly low: Bound | undefined;
  readonly high: Bound | undefined;
  /** A regular expression, of which every match begins with this. */
  readonly prefix: string | undefined;
  /** The field is a point between these on the first axis. */
  readonly span: { low: number; high: number } | undefined;
  /** The field is there, and is not null. */
  readonly isPresent: boolean;
}

/** One part of a conjunction: a field's path and what is demanded of it, as it stands in the filter. */
export interface Conjunct {
  readonly path: string;
  readonly condition: Value;
}

/** The parts of a filter that are joined by "and", with nested `$and` flattened; other operators keep their name as path. */
export function conjunctsOf(filter: Doc): Conjunct[] {
  const found: Conjunct[] = [];
  for (const path of keysOf(filter)) {
    const condition = filter[path];
    if (path === '$and' && Array.isArray(condition)) {
      for (const part of condition) if (isDoc(part)) found.push(...conjunctsOf(part));
    } else {
      found.push({ path, condition });
    }
  }
  return found;
}

/** The demands of a filter by field. */
export function predicatesOf(filter: Doc): Map<string, FieldPredicate> {
  const byPath = new Map<string, FieldPredicate>();
  for (const { path, condition } of conjunctsOf(filter)) {
    if (path.startsWith('$')) continue;
    const predicate = isOperators(condition) ? ofOperators(condition) : ofEquality(condition);
    const before = byPath.get(path);
    byPath.set(path, before ? both(before, predicate) : predicate);
  }
  return byPath;
}

/** Whether a condition is a document of operators and not a value to be equal to. */
export function isOperators(condition: Value): condition is Doc {
  return isDoc(condition) && (keysOf(condition)[0]?.startsWith('$') ?? false);
}

const NOTHING: FieldPredicate = {
  points: undefined,
  low: undefined,
  high: undefined,
  prefix: undefined,
  span: undefined,
  isPresent: false,
};

function ofRegex(expression: Value, options?: Value): FieldPredicate {
  return { ...NOTHING, prefix: prefixOf(expression, options), isPresent: true };
}

function ofEquality(value: Value): FieldPredicate {
  if (value instanceof BSONRegExp) return ofRegex(value);
  if (!isIndexablePoint(value)) return NOTHING;
  return { ...NOTHING, points: [value], isPresent: value !== null };
}

function ofOperators(condition: Doc): FieldPredicate {
  let result = NOTHING;
  for (const operator of keysOf(condition)) {
    const operand = condition[operator];
    result = both(
      result,
      operator === '$regex' ? ofRegex(operand, condition.$options) : ofOperator(operator, operand),
    );
  }
  return result;
}

function ofOperator(operator: string, operand: Value): FieldPredicate {
  switch (operator) {
    case '$eq':
      return ofEquality(operand);
    case '$in':
      if (!Array.isArray(operand) || !operand.every(isIndexablePoint)) return NOTHING;
      return { ...NOTHING, points: operand, isPresent: !operand.includes(null) };
    case '$gt':
    case '$gte':
      if (!isRangeable(operand)) return NOTHING;
      return { ...NOTHING, low: { value: operand, inclusive: operator === '$gte' }, isPresent: true };
    case '$lt':
    case '$lte':
      if (!isRangeable(operand)) return NOTHING;
      return { ...NOTHING, high: { value: operand, inclusive: operator === '$lte' }, isPresent: true };
    case '$geoWithin':
    case '$within':
      return { ...NOTHING, span: spanOf(operand) };
    case '$exists':
      // Null exists too, but an index cannot tell it from a missing field.
      return NOTHING;
    case '$ne':
      return { ...NOTHING, isPresent: operand === null };
    default:
      return NOTHING;
  }
}

function both(a: FieldPredicate, b: FieldPredicate): FieldPredicate {
  return {
    points:
      a.points && b.points
        ? a.points.length <= b.points.length
          ? a.points
          : b.points
        : (a.points ?? b.points),
    low: a.low ?? b.low,
    high: a.high ?? b.high,
    prefix: a.prefix ?? b.prefix,
    span: a.span ?? b.span,
    isPresent: a.isPresent || b.isPresent,
  };
}

/** Arrays match by element and as a whole, expressions match by pattern: neither is one key of an index. */
function isIndexablePoint(value: Value): boolean {
  if (Array.isArray(value) || value instanceof BSONRegExp || value === undefined) return false;
  return value !== BSON_UNDEFINED && !isOperators(value);
}

/** Only these are ordered within their own type alone; MinKey and MaxKey for instance compare with everything. */
function isRangeable(value: Value): boolean {
  if (value === null || value === undefined || value instanceof MinKey || value instanceof MaxKey)
    return false;
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return true;
  if (typeof value !== 'object' || Array.isArray(value) || isDoc(value)) return false;
  return !(value instanceof BSONRegExp) && value !== BSON_UNDEFINED;
}
