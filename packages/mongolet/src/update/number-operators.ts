/** The operators of arithmetic: `$inc`, `$mul`, `$bit`. */
import { Decimal128, Double, Int32, Long } from 'bson';
import { errorOf } from '../errors.ts';
import { identicalValues } from '../value/compare.ts';
import { getField, keysOf, type Value } from '../value/document.ts';
import { addNumbers, multiplyNumbers, toExactInteger } from '../value/number.ts';
import { textOfValue } from '../value/text.ts';
import { isDoc, isNumber, TYPE, typeNameOf, typeOf } from '../value/type.ts';
import { describeDocument, type Operation, pathOf } from './operation.ts';

/** Returns the operation of `$inc`. */
export function createInc(operand: Value, path: string): Operation {
  if (!isNumber(operand)) {
    throw errorOf(
      'TypeMismatch',
      `Cannot increment with non-numeric argument: {${path}: ${textOfValue(operand)}}`,
    );
  }
  return createArithmetic('$inc', operand, addNumbers, operand);
}

/** Returns the operation of `$mul`; a missing field becomes zero, of the operand's type. */
export function createMul(operand: Value, path: string): Operation {
  if (!isNumber(operand)) {
    throw errorOf(
      'TypeMismatch',
      `Cannot multiply with non-numeric argument: {${path}: ${textOfValue(operand)}}`,
    );
  }
  return createArithmetic('$mul', operand, multiplyNumbers, zeroLike(operand));
}

function createArithmetic(
  name: string,
  operand: Value,
  combine: (a: Value, b: Value) => Value | undefined,
  whenMissing: Value,
): Operation {
  return {
    createsPath: true,
    toleratesAnyPath: false,
    apply: (existing, context) => {
      if (existing === undefined) return whenMissing;
      if (!isNumber(existing)) {
        throw errorOf(
          'TypeMismatch',
          `Cannot apply ${name} to a value of non-numeric type. ${describeDocument(context)} has the field ` +
            `'${context.path.at(-1)}' of non-numeric type ${typeNameOf(existing)}`,
        );
      }
      const result = combine(existing, operand);
      if (result === undefined) {
        throw errorOf(
          'BadValue',
          `Failed to apply ${name} operations to current value (${textOfValue(existing)}) for document ` +
            describeDocument(context),
        );
      }
      return identicalValues(existing, result) ? existing : result;
    },
  };
}

function zeroLike(operand: Value): Value {
  switch (typeOf(operand)) {
    case TYPE.int:
      return new Int32(0);
    case TYPE.long:
      return Long.fromNumber(0);
    case TYPE.decimal:
      return Decimal128.fromString('0');
    default:
      return new Double(0);
  }
}

const BIT_OPERATIONS: { [name: string]: (a: bigint, b: bigint) => bigint } = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

/** Returns the operation of `$bit`: `{and|or|xor: integer}`, one or several in turn. */
export function createBit(operand: Value, path: string): Operation {
  const steps = readBitSteps(operand, path);
  return {
    createsPath: true,
    toleratesAnyPath: false,
    apply: (existing, context) => {
      const current = existing === undefined ? new Int32(0) : existing;
      const type = typeOf(current);
      if (type !== TYPE.int && type !== TYPE.long) {
        throw errorOf(
          'BadValue',
          `Cannot apply $bit to a value of non-integral type.${describeDocument(context)} has the field ` +
            `${pathOf(context)} of non-integer type ${typeNameOf(current)}`,
        );
      }
      let bits = toExactInteger(current) as bigint;
      let isLong = type === TYPE.long;
      for (const step of steps) {
        bits = step.combine(bits, step.bits);
        isLong ||= step.isLong;
      }
      const result = isLong ? Long.fromBigInt(BigInt.asIntN(64, bits)) : new Int32(Number(bits));
      return existing !== undefined && identicalValues(existing, result) ? existing : result;
    },
  };
}

interface BitStep {
  combine: (a: bigint, b: bigint) => bigint;
  bits: bigint;
  isLong: boolean;
}

function readBitSteps(operand: Value, path: string): BitStep[] {
  if (!isDoc(operand)) {
    throw errorOf(
      'BadValue',
      `The $bit modifier is not compatible with a ${typeNameOf(operand)}. You must pass in an embedded document: ` +
        '{$bit: {field: {and/or/xor: #}}',
    );
  }
  const steps = keysOf(operand).map((name): BitStep => {
    const combine = Object.hasOwn(BIT_OPERATIONS, name) ? BIT_OPERATIONS[name] : undefined;
    if (combine === undefined) {
      throw errorOf(
        'BadValue',
        `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: {${name}: ${textOfValue(operand[name])}}`,
      );
    }
    const bits = getField(operand, name);
    const type = typeOf(bits);
    if (type !== TYPE.int && type !== TYPE.long) {
      throw errorOf(
        'BadValue',
        `The $bit modifier field must be an Integer(32/64 bit); a '${typeNameOf(bits)}' is not supported here: ` +
          `{${name}: ${textOfValue(bits)}}`,
      );
    }
    return { combine, bits: toExactInteger(bits) as bigint, isLong: type === TYPE.long };
  });
  if (steps.length === 0) {
    throw errorOf(
      'BadValue',
      `You must pass in at least one bitwise operation. The format is: {$bit: {${path}: {and/or/xor: #}}`,
    );
  }
  return steps;
}
