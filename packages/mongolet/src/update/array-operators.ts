/** The other operators of arrays: `$addToSet`, `$pop`, `$pull`, `$pullAll`. */
import { errorOf } from '../errors.ts';
import { compileFilter } from '../match/index.ts';
import { isOperatorDoc, parseFilter } from '../match/parse.ts';
import type { Collation } from '../value/collation.ts';
import { equalValues } from '../value/compare.ts';
import { getField, keysOf, type Value } from '../value/document.ts';
import { toExactInteger } from '../value/number.ts';
import { textOfValue } from '../value/text.ts';
import { isDoc, isNumber, TYPE, typeNameOf, typeOf } from '../value/type.ts';
import { type Operation, pathOf } from './operation.ts';

/** Returns the operation of `$addToSet`, with or without `$each`. */
export function createAddToSet(operand: Value, _path: string, collation?: Collation): Operation {
  const values = readAddToSet(operand);
  return {
    createsPath: true,
    toleratesAnyPath: false,
    apply: (existing, context) => {
      if (existing !== undefined && !Array.isArray(existing)) {
        throw errorOf(
          'BadValue',
          `Cannot apply $addToSet to non-array field. Field named '${context.path.at(-1)}' has non-array type ` +
            typeNameOf(existing),
        );
      }
      const next: Value[] = existing === undefined ? [] : [...(existing as Value[])];
      const before = next.length;
      for (const value of values)
        if (!next.some((element) => equalValues(element, value, collation))) next.push(value);
      return existing !== undefined && next.length === before ? existing : next;
    },
  };
}

function readAddToSet(operand: Value): readonly Value[] {
  if (!isDoc(operand) || keysOf(operand)[0] !== '$each') return [operand];
  const each = getField(operand, '$each');
  if (!Array.isArray(each)) {
    throw errorOf(
      'TypeMismatch',
      `The argument to $each in $addToSet must be an array but it was of type ${typeNameOf(each)}`,
    );
  }
  if (keysOf(operand).length > 1) {
    throw errorOf('BadValue', `Found unexpected fields after $each in $addToSet: ${textOfValue(operand)}`);
  }
  return each as Value[];
}

/** Returns the operation of `$pop`: 1 takes the last element, -1 the first. */
export function createPop(operand: Value, path: string): Operation {
  if (!isNumber(operand)) {
    throw errorOf('FailedToParse', `Expected a number in: ${path}: ${textOfValue(operand)}`);
  }
  const side = toExactInteger(operand);
  if (side === undefined)
    throw errorOf('FailedToParse', `Expected an integer: ${path}: ${textOfValue(operand)}`);
  if (side !== 1n && side !== -1n) {
    throw errorOf('FailedToParse', `$pop expects 1 or -1, found: ${side}`);
  }
  return {
    createsPath: false,
    toleratesAnyPath: false,
    apply: (existing, context) => {
      if (!Array.isArray(existing)) {
        throw errorOf(
          'TypeMismatch',
          `Path '${pathOf(context)}' contains an element of non-array type '${typeNameOf(existing)}'`,
        );
      }
      if (existing.length === 0) return existing;
      return side === 1n ? (existing as Value[]).slice(0, -1) : (existing as Value[]).slice(1);
    },
  };
}

/** Returns the operation of `$pull`: a value, a condition on elements, or a filter of embedded documents. */
export function createPull(operand: Value, _path: string, collation?: Collation): Operation {
  return createCulling('$pull', pullTest(operand, collation));
}

function pullTest(operand: Value, collation: Collation | undefined): (element: Value) => boolean {
  const type = typeOf(operand);
  if (isDoc(operand)) {
    const first = keysOf(operand)[0];
    const isLogical = first === '$and' || first === '$or' || first === '$nor';
    if (!isOperatorDoc(operand) || isLogical) {
      const test = parseFilter(operand, { isTop: false, collation });
      return (element) => isDoc(element) && test(element);
    }
  }
  if (isDoc(operand) || type === TYPE.regex) {
    const matcher = compileFilter({ element: operand }, undefined, collation);
    return (element) => matcher.matches({ element });
  }
  return (element) => equalValues(element, operand, collation);
}

/** Returns the operation of `$pullAll`. */
export function createPullAll(operand: Value, _path: string, collation?: Collation): Operation {
  if (!Array.isArray(operand)) {
    throw errorOf('BadValue', `$pullAll requires an array argument but was given a ${typeNameOf(operand)}`);
  }
  const values = operand as Value[];
  return createCulling('$pullAll', (element) =>
    values.some((value) => equalValues(element, value, collation)),
  );
}

function createCulling(name: string, isPulled: (element: Value) => boolean): Operation {
  return {
    createsPath: false,
    toleratesAnyPath: false,
    apply: (existing) => {
      if (!Array.isArray(existing)) {
        throw errorOf('BadValue', `Cannot apply ${name} to a non-array value`);
      }
      const kept = (existing as Value[]).filter((element) => !isPulled(element));
      return kept.length === existing.length ? existing : kept;
    },
  };
}
