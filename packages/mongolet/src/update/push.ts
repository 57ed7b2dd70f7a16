/** `$push`, with `$each`, `$position`, `$sort` and `$slice`. */
import { errorOf } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { compareValues } from '../value/compare.ts';
import { getField, keysOf, type Value } from '../value/document.ts';
import { toExactInteger, truncateToBigint } from '../value/number.ts';
import { getParts } from '../value/path.ts';
import { textOfValue } from '../value/text.ts';
import { isDoc, isNumber, typeNameOf } from '../value/type.ts';
import { describeDocument, type Operation, pathOf } from './operation.ts';

interface Push {
  values: readonly Value[];
  position: number | undefined;
  slice: number | undefined;
  compare: ((a: Value, b: Value) => number) | undefined;
}

/** Returns the operation of `$push`. */
export function createPush(operand: Value, _path: string, collation?: Collation): Operation {
  const push = readPush(operand, collation);
  return {
    createsPath: true,
    toleratesAnyPath: false,
    ...(push.compare ? {} : { reads: 'count' as const }),
    apply: (existing, context) => {
      if (existing !== undefined && !Array.isArray(existing)) {
        throw errorOf(
          'BadValue',
          `The field '${pathOf(context)}' must be an array but is of type ${typeNameOf(existing)} in document ` +
            describeDocument(context),
        );
      }
      const next = pushInto((existing as Value[] | undefined) ?? [], push);
      // Like MongoDB: a push counts as a change unless it can be seen to be none without looking at the elements.
      const isNothing = push.values.length === 0 && push.compare === undefined;
      return existing !== undefined && isNothing && next.length === existing.length ? existing : next;
    },
  };
}

function pushInto(array: readonly Value[], { values, position, slice, compare }: Push): Value[] {
  // Array.prototype.slice counts a negative position from the end, as $position does.
  const at = position ?? array.length;
  const next = [...array.slice(0, at), ...values, ...array.slice(at)];
  if (position !== undefined && position < 0 && -position >= array.length) {
    next.splice(0, next.length, ...values, ...array);
  }
  if (compare !== undefined) next.sort(compare);
  if (slice === undefined) return next;
  return slice === 0 ? [] : slice < 0 ? next.slice(slice) : next.slice(0, slice);
}

function readPush(operand: Value, collation: Collation | undefined): Push {
  if (!isDoc(operand) || getField(operand, '$each') === undefined) {
    return { values: [operand], position: undefined, slice: undefined, compare: undefined };
  }
  const each = getField(operand, '$each');
  if (!Array.isArray(each)) {
    throw errorOf(
      'BadValue',
      `The argument to $each in $push must be an array but it was of type: ${typeNameOf(each)}`,
    );
  }
  const push: Push = { values: each as Value[], position: undefined, slice: undefined, compare: undefined };
  for (const clause of keysOf(operand)) {
    const value = getField(operand, clause);
    switch (clause) {
      case '$each':
        break;
      case '$slice':
        push.slice = readInteger(value, '$slice', 'must be an integer value but was given type:');
        break;
      case '$position':
        push.position = readInteger(value, '$position', 'must be an integer value, not of type:');
        break;
      case '$sort':
        push.compare = readSort(value, collation);
        break;
      default:
        throw errorOf('BadValue', `Unrecognized clause in $push: ${clause}`);
    }
  }
  return push;
}

function readInteger(value: Value | undefined, clause: string, complaint: string): number {
  const integer = isNumber(value) ? (toExactInteger(value) ?? truncateToBigint(value)) : undefined;
  if (integer === undefined || toExactInteger(value) === undefined) {
    throw errorOf('BadValue', `The value for ${clause} ${complaint} ${typeNameOf(value)}`);
  }
  return Number(integer);
}

function readSort(
  value: Value | undefined,
  collation: Collation | undefined,
): (a: Value, b: Value) => number {
  if (isNumber(value)) {
    const sign = readDirection(value);
    return (a, b) => compareValues(a, b, collation) * sign;
  }
  if (!isDoc(value)) {
    throw errorOf(
      'BadValue',
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    );
  }
  const keys = keysOf(value).map((path) => {
    const parts = path.split('.');
    if (parts.includes(''))
      throw errorOf('BadValue', `The $sort field is a dotted field but has an empty part: ${path}`);
    return { parts, sign: readDirection(getField(value, path)) };
  });
  if (keys.length === 0)
    throw errorOf('BadValue', 'The $sort pattern is empty when it should be a set of fields.');
  return (a, b) => {
    for (const { parts, sign } of keys) {
      const result = compareValues(getParts(a, parts) ?? null, getParts(b, parts) ?? null, collation);
      if (result !== 0) return result * sign;
    }
    return 0;
  };
}

function readDirection(value: Value | undefined): 1 | -1 {
  const direction = toExactInteger(value);
  if (direction === 1n) return 1;
  if (direction === -1n) return -1;
  throw errorOf('BadValue', `The $sort element value must be either 1 or -1, not ${textOfValue(value)}`);
}
