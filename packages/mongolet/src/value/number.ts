/** Numbers across BSON's four types: exact comparison, and the arithmetic of `$inc`, `$mul` and `$bit`. */
import { Decimal128, Double, Int32, Long } from 'bson';
import {
  addExact,
  compareExact,
  decimalToExact,
  doubleToDecimalOperand,
  doubleToExact,
  type Exact,
  multiplyExact,
} from './decimal.ts';
import type { Value } from './document.ts';
import { isInt32, TYPE, typeOf } from './type.ts';

/** A number as JavaScript can hold it exactly: a double, a big 64-bit integer, or a decimal. */
export type PlainNumber = number | bigint | Decimal128;

/** Unwraps a BSON number without any loss; a Long within 53 bits becomes a JavaScript number. */
export function plainNumber(value: Value): PlainNumber {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return plainBigint(value);
  const tag = (value as { _bsontype: string })._bsontype;
  if (tag === 'Int32' || tag === 'Double') return (value as Int32).value;
  if (tag === 'Long') {
    const { high, low } = value as Long;
    if (high >= -0x200000 && high < 0x200000) return high * 4294967296 + (low >>> 0);
    return (BigInt(high) << 32n) | BigInt(low >>> 0);
  }
  return value as Decimal128;
}

function plainBigint(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Returns a number exactly, or NaN or an infinity as a JavaScript number. */
export function toExact(value: PlainNumber): Exact | number {
  if (typeof value === 'bigint') return { coefficient: value, exponent: 0 };
  if (typeof value === 'number') return Number.isFinite(value) ? doubleToExact(value) : value;
  return decimalToExact(value);
}

/** Compares two BSON numbers of any types exactly; NaN equals itself and comes before all others. */
export function compareNumbers(a: Value, b: Value): number {
  const x = plainNumber(a);
  const y = plainNumber(b);
  if (typeof x === 'object' || typeof y === 'object') return compareWithDecimal(x, y);
  if (x < y) return -1;
  if (x > y) return 1;
  // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint compare exactly this way.
  if (x == y) return 0;
  return compareSpecial(x as number, y as number);
}

function compareWithDecimal(x: PlainNumber, y: PlainNumber): number {
  const a = toExact(x);
  const b = toExact(y);
  if (typeof a === 'object' && typeof b === 'object') return compareExact(a, b);
  return compareSpecial(typeof a === 'number' ? a : 0, typeof b === 'number' ? b : 0);
}

/** Compares where at least one side is NaN or infinite; any finite number may stand as 0. */
function compareSpecial(x: number, y: number): number {
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : -1;
  if (Number.isNaN(y)) return 1;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Says whether a value is the number NaN, as a double or as a decimal. */
export function isNaNValue(value: Value | undefined): boolean {
  const type = typeOf(value);
  if (type === TYPE.double) return Number.isNaN(plainNumber(value));
  return type === TYPE.decimal && Number.isNaN(decimalToExact(value as Decimal128) as number);
}

/** Returns a number truncated toward zero to an integer, or undefined when it is not finite. */
export function truncateToBigint(value: Value): bigint | undefined {
  const plain = plainNumber(value);
  if (typeof plain === 'bigint') return plain;
  if (typeof plain === 'number') return Number.isFinite(plain) ? BigInt(Math.trunc(plain)) : undefined;
  const exact = decimalToExact(plain);
  if (typeof exact === 'number') return undefined;
  return exact.exponent >= 0
    ? exact.coefficient * 10n ** BigInt(exact.exponent)
    : exact.coefficient / 10n ** BigInt(-exact.exponent);
}

/** Returns a number as a 64-bit integer if it is one exactly, else undefined. */
export function toExactInteger(value: Value | undefined): bigint | undefined {
  const type = typeOf(value);
  if (type !== TYPE.int && type !== TYPE.long && type !== TYPE.double && type !== TYPE.decimal)
    return undefined;
  const plain = plainNumber(value);
  if (typeof plain === 'bigint') return plain;
  if (typeof plain === 'number') {
    return Number.isInteger(plain) && Math.abs(plain) < 2 ** 63 ? BigInt(plain) : undefined;
  }
  const whole = truncateToBigint(plain);
  if (whole === undefined || BigInt.asIntN(64, whole) !== whole) return undefined;
  const exact = decimalToExact(plain) as Exact;
  return compareExact(exact, { coefficient: whole, exponent: 0 }) === 0 ? whole : undefined;
}

/** Returns a number as a JavaScript number, rounded where it must be. */
export function toDouble(value: Value): number {
  const plain = plainNumber(value);
  return typeof plain === 'number' ? plain : Number(plain.toString());
}

/** Adds two BSON numbers as `$inc` does; undefined when 64 bits do not hold the sum. */
export function addNumbers(a: Value, b: Value): Value | undefined {
  return arithmetic(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
    addExact,
  );
}

/** Multiplies two BSON numbers as `$mul` does; undefined when 64 bits do not hold the product. */
export function multiplyNumbers(a: Value, b: Value): Value | undefined {
  return arithmetic(
    a,
    b,
    (x, y) => x * y,
    (x, y) => x * y,
    multiplyExact,
  );
}

function arithmetic(
  a: Value,
  b: Value,
  onDoubles: (x: number, y: number) => number,
  onIntegers: (x: bigint, y: bigint) => bigint,
  onDecimals: (x: Exact, y: Exact) => Decimal128,
): Value | undefined {
  const typeA = typeOf(a);
  const typeB = typeOf(b);
  if (typeA === TYPE.decimal || typeB === TYPE.decimal) {
    const x = decimalOperand(a);
    const y = decimalOperand(b);
    if (typeof x === 'object' && typeof y === 'object') return onDecimals(x, y);
    // NaN and the infinities obey the same rules in both arithmetics; only the sign of a finite one matters.
    const special = onDoubles(signOrSpecial(x), signOrSpecial(y));
    return Decimal128.fromString(String(special));
  }
  if (typeA === TYPE.double || typeB === TYPE.double) return new Double(onDoubles(toDouble(a), toDouble(b)));
  const x = plainNumber(a);
  const y = plainNumber(b);
  if (typeof x === 'number' && typeof y === 'number') {
    const result = onDoubles(x, y);
    // An integer zero has no sign, whatever the doubles say.
    if (typeA === TYPE.int && typeB === TYPE.int && isInt32(result + 0)) return new Int32(result + 0);
    if (Number.isSafeInteger(result)) return Long.fromNumber(result);
  }
  const whole = onIntegers(BigInt(x as number), BigInt(y as number));
  return BigInt.asIntN(64, whole) === whole ? Long.fromBigInt(whole) : undefined;
}

function decimalOperand(value: Value): Exact | number {
  const plain = plainNumber(value);
  if (typeOf(value) === TYPE.double && Number.isFinite(plain)) return doubleToDecimalOperand(plain as number);
  return toExact(plain);
}

function signOrSpecial(value: Exact | number): number {
  if (typeof value === 'number') return value;
  return value.coefficient > 0n ? 1 : value.coefficient < 0n ? -1 : 0;
}
