/** Operators of arithmetic, on MongoDB's four types of numbers and on dates. */
import { Decimal128, Double, Int32, Long } from 'bson';
import { errorOf, MongoletError } from '../../errors.ts';
import { divideNumbers, type RoundingMode, remainderOf, roundNumber } from '../../value/division.ts';
import type { Value } from '../../value/document.ts';
import {
  addNumbers,
  compareNumbers,
  multiplyNumbers,
  toDouble,
  toExactInteger,
  truncateToBigint,
} from '../../value/number.ts';
import { NumberSum, wholeNumberValue } from '../../value/sum.ts';
import { isNumber, TYPE, typeNameOf, typeOf } from '../../value/type.ts';
import { intOperand, isNullish, type OperatorTable, operator, unary } from './operands.ts';

const MANY = Number.POSITIVE_INFINITY;
const ZERO = new Int32(0);
const MINUS_ONE = new Int32(-1);

/** Arithmetic by name. */
export const ARITHMETIC: OperatorTable = {
  $add: operator(0, MANY, add),
  $subtract: operator(2, 2, ([a, b]) => subtract(a, b)),
  $multiply: operator(0, MANY, multiply),
  $divide: operator(2, 2, ([a, b]) => divide(a, b)),
  $mod: operator(2, 2, ([a, b]) => modulo(a, b)),
  $abs: numeric(absolute),
  $ceil: numeric((value) => roundNumber(value, 0, 'up')),
  $floor: numeric((value) => roundNumber(value, 0, 'down')),
  $round: operator(1, 2, ([value, places], name) => round(value, places, name, 'halfEven')),
  $trunc: operator(1, 2, ([value, places], name) => round(value, places, name, 'towardZero')),
  $sqrt: onDoubles(
    Math.sqrt,
    (value) => value >= 0,
    28714,
    "$sqrt's argument must be greater than or equal to 0",
  ),
  $exp: onDoubles(Math.exp),
  $ln: onDoubles(Math.log, (value) => value > 0, 28766, "$ln's argument must be a positive number"),
  $log10: onDoubles(Math.log10, (value) => value > 0, 28761, "$log10's argument must be a positive number"),
  $log: operator(2, 2, ([value, base]) => logarithm(value, base)),
  $pow: operator(2, 2, ([base, exponent]) => power(base, exponent)),
};

function add(values: (Value | undefined)[]): Value {
  const sum = new NumberSum({ isLeftToRight: true });
  let date: Date | undefined;
  for (const value of values) {
    if (isNullish(value)) return null;
    if (value instanceof Date) {
      if (date) throw new MongoletError(16612, 'only one date allowed in an $add expression');
      date = value;
    } else if (isNumber(value)) sum.add(value);
    else {
      throw errorOf('TypeMismatch', `$add only supports numeric or date types, not ${typeNameOf(value)}`);
    }
  }
  return date ? shiftDate(date, sum.result(), 1) : sum.result();
}

function shiftDate(date: Date, by: Value, sign: 1 | -1): Date {
  const shift =
    typeOf(by) === TYPE.double ? Math.round(toDouble(by)) : Number(truncateToBigint(by) ?? Number.NaN);
  const moved = new Date(date.getTime() + sign * shift);
  if (Number.isNaN(moved.getTime())) throw errorOf('Overflow', 'date overflow in an expression');
  return moved;
}

function subtract(a: Value | undefined, b: Value | undefined): Value {
  if (isNullish(a) || isNullish(b)) return null;
  if (a instanceof Date && b instanceof Date) return Long.fromNumber(a.getTime() - b.getTime());
  if (a instanceof Date && isNumber(b)) return shiftDate(a, b, -1);
  if (!isNumber(a) || !isNumber(b)) {
    throw errorOf('TypeMismatch', `can't $subtract ${typeNameOf(b)} from ${typeNameOf(a)}`);
  }
  const x = integerOf(a);
  const y = integerOf(b);
  if (x !== undefined && y !== undefined) return wholeNumberValue(x - y, areInts(a, b));
  const negated = multiplyNumbers(b, MINUS_ONE) as Value;
  return addNumbers(a, negated) ?? new Double(toDouble(a) - toDouble(b));
}

function multiply(values: (Value | undefined)[]): Value {
  let product: Value = new Int32(1);
  for (const value of values) {
    if (isNullish(value)) return null;
    if (!isNumber(value)) {
      throw errorOf('TypeMismatch', `$multiply only supports numeric types, not ${typeNameOf(value)}`);
    }
    product = multiplyNumbers(product, value) ?? new Double(toDouble(product) * toDouble(value));
  }
  return product;
}

function divide(a: Value | undefined, b: Value | undefined): Value {
  if (isNullish(a) || isNullish(b)) return null;
  if (!isNumber(a) || !isNumber(b)) {
    throw errorOf(
      'TypeMismatch',
      `$divide only supports numeric types, not ${typeNameOf(a)} and ${typeNameOf(b)}`,
    );
  }
  if (compareNumbers(b, ZERO) === 0) throw errorOf('BadValue', "can't $divide by zero");
  return divideNumbers(a, b);
}

function modulo(a: Value | undefined, b: Value | undefined): Value {
  if (isNullish(a) || isNullish(b)) return null;
  if (!isNumber(a) || !isNumber(b)) {
    throw new MongoletError(
      16611,
      `$mod only supports numeric types, not ${typeNameOf(a)} and ${typeNameOf(b)}`,
    );
  }
  if (compareNumbers(b, ZERO) === 0) throw new MongoletError(16610, "can't $mod by zero");
  return remainderOf(a, b);
}

function numeric(apply: (value: Value) => Value) {
  return unary((value, name) => (isNullish(value) ? null : apply(numberOperand(value, name))));
}

function numberOperand(value: Value, name: string): Value {
  if (isNumber(value)) return value;
  throw new MongoletError(28765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
}

function absolute(value: Value): Value {
  const whole = integerOf(value);
  if (whole === undefined) {
    if (typeOf(value) === TYPE.double) return new Double(Math.abs(toDouble(value)));
    return compareNumbers(value, ZERO) < 0 ? (multiplyNumbers(value, MINUS_ONE) as Value) : value;
  }
  if (whole >= 0n) return value;
  if (-whole > 0x7fffffffffffffffn) throw new MongoletError(28680, "can't take $abs of long long min");
  return wholeNumberValue(-whole, typeOf(value) === TYPE.int);
}

function round(value: Value | undefined, places: Value | undefined, name: string, mode: RoundingMode): Value {
  if (isNullish(value) || places === null) return null;
  const count = places === undefined ? 0 : intOperand(places, 51082, name);
  if (count < -20 || count > 100) {
    throw new MongoletError(
      51083,
      `cannot apply ${name} with precision value ${count} value must be in [-20, 100]`,
    );
  }
  return roundNumber(numberOperand(value, name), count, mode);
}

/** Functions that only doubles have; a decimal gets the double's digits. */
function onDoubles(
  apply: (value: number) => number,
  isAllowed: (value: number) => boolean = () => true,
  code = 2,
  message = '',
) {
  return unary((value, name) => {
    if (isNullish(value)) return null;
    const double = toDouble(numberOperand(value, name));
    if (!Number.isNaN(double) && !isAllowed(double))
      throw new MongoletError(code, `${message}, but is ${double}`);
    return likeDecimal(value, apply(double));
  });
}

function likeDecimal(operand: Value, result: number): Value {
  return typeOf(operand) === TYPE.decimal ? Decimal128.fromString(String(result)) : new Double(result);
}

function logarithm(value: Value | undefined, base: Value | undefined): Value {
  if (isNullish(value) || isNullish(base)) return null;
  const x = toDouble(numberOperand(value, '$log'));
  const b = toDouble(numberOperand(base, '$log'));
  if (x <= 0) throw new MongoletError(28758, `$log's argument must be a positive number, but is ${x}`);
  if (b <= 0 || b === 1)
    throw new MongoletError(28759, `$log's base must be a positive number not equal to 1, but is ${b}`);
  return new Double(Math.log(x) / Math.log(b));
}

function power(base: Value | undefined, exponent: Value | undefined): Value {
  if (isNullish(base) || isNullish(exponent)) return null;
  const b = numberOperand(base, '$pow');
  const e = numberOperand(exponent, '$pow');
  if (compareNumbers(b, ZERO) === 0 && compareNumbers(e, ZERO) < 0) {
    throw new MongoletError(28764, '$pow cannot take a base of 0 and a negative exponent');
  }
  const x = integerOf(b);
  const y = integerOf(e);
  const double = toDouble(b) ** toDouble(e);
  if (x === undefined || y === undefined) {
    const hasDecimal = typeOf(b) === TYPE.decimal || typeOf(e) === TYPE.decimal;
    return hasDecimal ? Decimal128.fromString(String(double)) : new Double(double);
  }
  if (y < 0n || Math.abs(double) > 2 ** 63) {
    return x === 1n || x === -1n
      ? wholeNumberValue(y % 2n === 0n ? 1n : x, areInts(b, e))
      : new Double(double);
  }
  return wholeNumberValue(x ** y, areInts(b, e));
}

function integerOf(value: Value): bigint | undefined {
  const type = typeOf(value);
  return type === TYPE.int || type === TYPE.long ? toExactInteger(value) : undefined;
}

function areInts(a: Value, b: Value): boolean {
  return typeOf(a) === TYPE.int && typeOf(b) === TYPE.int;
}
