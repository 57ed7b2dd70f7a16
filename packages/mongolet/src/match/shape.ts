/** The operators that look at a value's kind: `$exists`, `$type`, `$size`, `$mod`. */
import { errorOf } from '../errors.ts';
import type { Value } from '../value/document.ts';
import { toExactInteger, truncateToBigint } from '../value/number.ts';
import { isNumber, TYPE, typeNameOf, typeOf } from '../value/type.ts';
import type { FieldNode } from './node.ts';

/** Says whether MongoDB takes a value for true: everything but false, null, zero and missing. */
export function isTrue(value: Value | undefined): boolean {
  if (value === undefined || value === null || typeOf(value) === TYPE.undefined) return false;
  if (typeof value === 'boolean') return value;
  return !isNumber(value) || toExactInteger(value) !== 0n;
}

/** Returns the node for `$exists`. */
export function existsNode(operand: Value): FieldNode {
  const exists: FieldNode = { kind: 'leaf', test: (value) => value !== undefined, whole: true };
  return isTrue(operand) ? exists : { kind: 'not', node: exists };
}

const NUMBER_TYPES: readonly number[] = [TYPE.double, TYPE.int, TYPE.long, TYPE.decimal];
const TYPE_ALIASES = new Map<string, readonly number[]>(
  Object.entries(TYPE)
    .filter(([name]) => name !== 'missing')
    .map(([name, type]): [string, readonly number[]] => [name, [type]]),
);
TYPE_ALIASES.set('number', NUMBER_TYPES);
const TYPE_CODES = new Set<number>(Object.values(TYPE).filter((type) => type !== TYPE.missing));

/** Returns the node for `$type`: names, numbers, or an array of them. */
export function typeNode(operand: Value): FieldNode {
  const wanted = Array.isArray(operand) ? (operand as Value[]) : [operand];
  const types = new Set(wanted.flatMap(readType));
  if (types.size === 0) throw errorOf('FailedToParse', '$type must match at least one type');
  return { kind: 'leaf', test: (value) => value !== undefined && types.has(typeOf(value)), whole: false };
}

function readType(value: Value): readonly number[] {
  if (typeof value === 'string') {
    const types = TYPE_ALIASES.get(value);
    if (types === undefined) throw errorOf('BadValue', `Unknown type name alias: ${value}`);
    return types;
  }
  if (!isNumber(value)) throw errorOf('TypeMismatch', 'type must be represented as a number or a string');
  const code = toExactInteger(value);
  if (code === undefined || !TYPE_CODES.has(Number(code))) {
    throw errorOf('BadValue', `Invalid numerical type code: ${String(value)}`);
  }
  return [Number(code)];
}

/** Returns the node for `$size`. */
export function sizeNode(operand: Value): FieldNode {
  if (!isNumber(operand)) {
    throw errorOf('FailedToParse', `Failed to parse $size. Expected a number in: $size: ${String(operand)}`);
  }
  const size = toExactInteger(operand);
  if (size === undefined) {
    throw errorOf('FailedToParse', `Failed to parse $size. Expected an integer: $size: ${String(operand)}`);
  }
  if (size < 0n) {
    throw errorOf(
      'BadValue',
      `Failed to parse $size. Expected a non-negative number in: $size: ${String(operand)}`,
    );
  }
  const length = Number(size);
  return { kind: 'leaf', test: (value) => Array.isArray(value) && value.length === length, whole: true };
}

/** Returns the node for `$mod`: numbers truncated to 64-bit integers whose remainder is the one asked for. */
export function modNode(operand: Value): FieldNode {
  if (!Array.isArray(operand)) throw errorOf('BadValue', 'malformed mod, needs to be an array');
  if (operand.length < 2) throw errorOf('BadValue', 'malformed mod, not enough elements');
  if (operand.length > 2) throw errorOf('BadValue', 'malformed mod, too many elements');
  const divisor = readModNumber(operand[0], 'divisor');
  const remainder = readModNumber(operand[1], 'remainder');
  if (divisor === 0n) throw errorOf('BadValue', 'divisor cannot be 0');
  const test = (value: Value | undefined): boolean => {
    if (!isNumber(value)) return false;
    const whole = truncateToBigint(value);
    return whole !== undefined && BigInt.asIntN(64, whole) === whole && whole % divisor === remainder;
  };
  return { kind: 'leaf', test, whole: false };
}

function readModNumber(value: Value, name: string): bigint {
  if (!isNumber(value)) {
    throw errorOf('BadValue', `malformed mod, ${name} not a number (it is a ${typeNameOf(value)})`);
  }
  const whole = truncateToBigint(value);
  if (whole === undefined || BigInt.asIntN(64, whole) !== whole) {
    throw errorOf('BadValue', `malformed mod, ${name} value is invalid :: caused by :: out of range`);
  }
  return whole;
}
