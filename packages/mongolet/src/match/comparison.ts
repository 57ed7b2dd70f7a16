/** The comparisons: equality, order within a type bracket, and membership. */
import { errorOf } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { compareValues, equalValues } from '../value/compare.ts';
import type { Value } from '../value/document.ts';
import { isNaNValue } from '../value/number.ts';
import { bracketOf, canonicalOfType, isDoc, TYPE, typeOf } from '../value/type.ts';
import type { FieldNode, ValueTest } from './node.ts';
import { regexTest } from './regex.ts';

function refuseUndefined(value: Value): void {
  if (typeOf(value) === TYPE.undefined) throw errorOf('BadValue', 'cannot compare to undefined');
}

/** Returns the test for `{field: operand}`; null also means a missing field. */
function equalityTest(operand: Value, collation: Collation | undefined): ValueTest {
  refuseUndefined(operand);
  if (operand === null) return (value) => value === null || value === undefined;
  if (typeof operand === 'string' && !collation) {
    return (value) =>
      value === operand ||
      (typeof value === 'object' && typeOf(value) === TYPE.symbol && equalValues(value, operand));
  }
  const bracket = bracketOf(operand);
  return (value) =>
    value !== undefined && bracketOf(value) === bracket && compareValues(value, operand, collation) === 0;
}

/** Returns the node for an equality. */
export function equalityNode(operand: Value, collation: Collation | undefined): FieldNode {
  return { kind: 'leaf', test: equalityTest(operand, collation), whole: false };
}

const ORDERS = {
  $lt: (result: number) => result < 0,
  $lte: (result: number) => result <= 0,
  $gt: (result: number) => result > 0,
  $gte: (result: number) => result >= 0,
};

export type OrderOperator = keyof typeof ORDERS;

/** Returns the node for `$lt`, `$lte`, `$gt` or `$gte`: only values of the operand's type bracket can match. */
export function orderNode(
  operator: OrderOperator,
  operand: Value,
  path: string,
  collation: Collation | undefined,
): FieldNode {
  refuseUndefined(operand);
  const type = typeOf(operand);
  if (type === TYPE.regex) {
    throw errorOf('BadValue', `Can't have RegEx as arg to predicate over field '${path}'.`);
  }
  const holds = ORDERS[operator];
  const isUpper = operator === '$lt' || operator === '$lte';
  const inclusive = operator === '$lte' || operator === '$gte';
  const test = orderTest({ operand, type, holds, isUpper, inclusive, collation });
  return { kind: 'leaf', test, whole: false };
}

interface Order {
  readonly operand: Value;
  readonly type: number;
  readonly holds: (result: number) => boolean;
  readonly isUpper: boolean;
  readonly inclusive: boolean;
  readonly collation: Collation | undefined;
}

function orderTest({ operand, type, holds, isUpper, inclusive, collation }: Order): ValueTest {
  if (operand === null) return (value) => inclusive && (value === null || value === undefined);
  if (type === TYPE.minKey || type === TYPE.maxKey) {
    // Everything else lies beyond MinKey and before MaxKey.
    const others = isUpper === (type === TYPE.maxKey);
    return (value) => (typeOf(value) === type ? inclusive : others);
  }
  const bracket = canonicalOfType(type);
  if (isNaNValue(operand)) return (value) => inclusive && isNaNValue(value);
  return (value) => {
    if (value === undefined || bracketOf(value) !== bracket) return false;
    const result = compareValues(value, operand, collation);
    // NaN comes first in BSON's order, yet no comparison with a number holds for it.
    return holds(result) && (bracket !== 10 || !isUpper || !isNaNValue(value));
  };
}

/** Returns the node for `$in`; regular expressions within match as such. */
export function inNode(operand: Value, collation: Collation | undefined): FieldNode {
  if (!Array.isArray(operand)) throw errorOf('BadValue', '$in needs an array');
  const strings = new Set<string>();
  const others: Value[] = [];
  const regexes: ValueTest[] = [];
  let hasNull = false;
  for (const value of operand as Value[]) {
    if (isDoc(value) && Object.keys(value)[0]?.startsWith('$') && !isDBRefLike(value)) {
      throw errorOf('BadValue', 'cannot nest $ under $in');
    }
    refuseUndefined(value);
    if (typeOf(value) === TYPE.regex) regexes.push(regexTest(value));
    else if (typeof value === 'string' && !collation) strings.add(value);
    else if (value === null) hasNull = true;
    else others.push(value);
  }
  others.sort((a, b) => compareValues(a, b, collation));
  const test: ValueTest = (value) => {
    if (typeof value === 'string' && !collation)
      return strings.has(value) || regexes.some((matches) => matches(value));
    if (value === undefined || value === null) return hasNull;
    if (others.length > 0 && includesSorted(others, value, collation)) return true;
    if (typeOf(value) === TYPE.symbol && [...strings].some((text) => equalValues(text, value))) return true;
    return regexes.some((matches) => matches(value));
  };
  return { kind: 'leaf', test, whole: false };
}

function includesSorted(sorted: readonly Value[], value: Value, collation: Collation | undefined): boolean {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const result = compareValues(sorted[middle], value, collation);
    if (result === 0) return true;
    if (result < 0) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

/** Says whether a document is a reference (`$ref` and `$id`), which is a value although its names begin with `$`. */
export function isDBRefLike(value: Value): boolean {
  if (!isDoc(value)) return false;
  return Object.hasOwn(value, '$ref') || Object.hasOwn(value, '$id') || Object.hasOwn(value, '$db');
}
