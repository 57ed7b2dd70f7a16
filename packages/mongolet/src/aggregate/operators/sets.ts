/** Operators that take arrays for sets: elements are the same where BSON's order says so. */
import { MongoletError } from '../../errors.ts';
import { isTrue } from '../../match/shape.ts';
import { compareValues } from '../../value/compare.ts';
import type { Value } from '../../value/document.ts';
import { encodeKey } from '../../value/key.ts';
import { typeNameOf } from '../../value/type.ts';
import { isNullish, type OperatorTable, operator, unary } from './operands.ts';

const MANY = Number.POSITIVE_INFINITY;

function setOf(value: Value | undefined, code: number, name: string): Map<string, Value> {
  if (!Array.isArray(value)) {
    throw new MongoletError(
      code,
      `All operands of ${name} must be arrays. One argument is of type: ${typeNameOf(value)}`,
    );
  }
  const set = new Map<string, Value>();
  for (const element of value as Value[]) {
    const identity = encodeKey([element]).toString('latin1');
    if (!set.has(identity)) set.set(identity, element);
  }
  return set;
}

function union(values: (Value | undefined)[], name: string): Value {
  if (values.some(isNullish)) return null;
  const all = new Map<string, Value>();
  for (const value of values) {
    for (const [identity, element] of setOf(value, 17043, name))
      if (!all.has(identity)) all.set(identity, element);
  }
  return [...all.values()].sort(compareValues);
}

function intersection(values: (Value | undefined)[], name: string): Value {
  if (values.some(isNullish)) return null;
  const [first = new Map<string, Value>(), ...others] = values.map((value) => setOf(value, 17047, name));
  const common = [...first].filter(([identity]) => others.every((other) => other.has(identity)));
  return common.map(([, element]) => element).sort(compareValues);
}

function difference([from, without]: (Value | undefined)[], name: string): Value {
  if (isNullish(from) || isNullish(without)) return null;
  const removed = setOf(without, 17049, name);
  return [...setOf(from, 17048, name)]
    .filter(([identity]) => !removed.has(identity))
    .map(([, element]) => element);
}

function isSubset([part, whole]: (Value | undefined)[], name: string): Value {
  const all = setOf(whole, 17042, name);
  return [...setOf(part, 17046, name).keys()].every((identity) => all.has(identity));
}

function areEqual(values: (Value | undefined)[], name: string): Value {
  const [first = new Map<string, Value>(), ...others] = values.map((value) => setOf(value, 17044, name));
  return others.every(
    (other) => other.size === first.size && [...other.keys()].every((identity) => first.has(identity)),
  );
}

/** Operators on sets by name. */
export const SETS: OperatorTable = {
  $allElementsTrue: unary((value, name) => [...setOf(value, 17040, name).values()].every(isTrue)),
  $anyElementTrue: unary((value, name) => [...setOf(value, 17041, name).values()].some(isTrue)),
  $setDifference: operator(2, 2, difference),
  $setEquals: operator(2, MANY, areEqual),
  $setIntersection: operator(0, MANY, intersection),
  $setIsSubset: operator(2, 2, isSubset),
  $setUnion: operator(0, MANY, union),
};
