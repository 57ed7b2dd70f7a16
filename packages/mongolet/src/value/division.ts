/** Division, remainder and rounding of BSON numbers, exact where decimals take part. */
import { Decimal128, Double, Int32, Long } from 'bson';
import {
  decimalToExact,
  digitCount,
  doubleToDecimalOperand,
  doubleToExact,
  type Exact,
  exactToDecimal,
} from './decimal.ts';
import type { Value } from './document.ts';
import { plainNumber, toDouble, toExact, toExactInteger } from './number.ts';
import { isInt32, TYPE, typeOf } from './type.ts';

/** Digits of a quotient beyond the 34 that are kept, so that rounding is right. */
const GUARD_DIGITS = 3;

/** How a number between two others is rounded. */
export type RoundingMode = 'halfEven' | 'towardZero' | 'up' | 'down';

/** Divides as `$divide` does: into a double, or a decimal if one is a decimal. Zero must be refused before. */
export function divideNumbers(a: Value, b: Value): Value {
  if (typeOf(a) !== TYPE.decimal && typeOf(b) !== TYPE.decimal) return new Double(toDouble(a) / toDouble(b));
  const x = decimalOperandOf(a);
  const y = decimalOperandOf(b);
  if (typeof x === 'number' || typeof y === 'number') return specialDecimal(signOf(x) / signOf(y));
  return divideExact(x, y);
}

function divideExact(a: Exact, b: Exact): Decimal128 {
  const wanted = 34 + GUARD_DIGITS + digitCount(b.coefficient) - digitCount(a.coefficient);
  const shift = Math.max(0, wanted);
  const scaled = a.coefficient * 10n ** BigInt(shift);
  let coefficient = scaled / b.coefficient;
  let exponent = a.exponent - shift - b.exponent;
  if (coefficient * b.coefficient !== scaled) {
    // The digit more says "and something": it breaks the tie where the rest is exactly a half so far.
    const isNegative = a.coefficient < 0n !== b.coefficient < 0n;
    return exactToDecimal({
      coefficient: coefficient * 10n + (isNegative ? -1n : 1n),
      exponent: exponent - 1,
    });
  }
  const preferred = a.exponent - b.exponent;
  while (exponent < preferred && coefficient % 10n === 0n) {
    coefficient /= 10n;
    exponent += 1;
  }
  return exactToDecimal({ coefficient, exponent });
}

/** The remainder as `$mod` has it, with the sign of the dividend. Zero must be refused before. */
export function remainderOf(a: Value, b: Value): Value {
  const typeA = typeOf(a);
  const typeB = typeOf(b);
  if (typeA === TYPE.decimal || typeB === TYPE.decimal) return decimalRemainder(a, b);
  const divisor = toExactInteger(b);
  if (typeA === TYPE.double || divisor === undefined) return new Double(toDouble(a) % toDouble(b));
  const remainder = (toExactInteger(a) as bigint) % divisor;
  const isLong = typeA === TYPE.long || typeB === TYPE.long;
  return isLong ? Long.fromBigInt(remainder) : new Int32(Number(remainder));
}

function decimalRemainder(a: Value, b: Value): Value {
  const x = decimalOperandOf(a);
  const y = decimalOperandOf(b);
  if (typeof x === 'number') return specialDecimal(Number.NaN);
  if (typeof y === 'number') return Number.isNaN(y) ? specialDecimal(y) : exactToDecimal(x);
  const exponent = Math.min(x.exponent, y.exponent);
  const left = x.coefficient * 10n ** BigInt(x.exponent - exponent);
  const right = y.coefficient * 10n ** BigInt(y.exponent - exponent);
  return exactToDecimal({ coefficient: left % right, exponent });
}

/** Rounds to so many places after the point; before it, if negative. Whole numbers keep their type where they can. */
export function roundNumber(value: Value, places: number, mode: RoundingMode): Value {
  const plain = plainNumber(value);
  switch (typeOf(value)) {
    case TYPE.double: {
      if (!Number.isFinite(plain)) return value;
      if (places === 0 && mode !== 'halfEven') return new Double(roundDouble(plain as number, mode));
      const rounded = quantize(doubleToExact(plain as number), places, mode);
      return new Double(toDouble(exactToDecimal(rounded)));
    }
    case TYPE.decimal: {
      const exact = decimalToExact(plain as Decimal128);
      return typeof exact === 'number' ? value : exactToDecimal(quantize(exact, places, mode));
    }
    default: {
      if (places >= 0) return value;
      const { coefficient, exponent } = quantize(
        { coefficient: BigInt(plain as number), exponent: 0 },
        places,
        mode,
      );
      const whole = coefficient * 10n ** BigInt(exponent);
      if (typeOf(value) === TYPE.int && isInt32(Number(whole))) return new Int32(Number(whole));
      return BigInt.asIntN(64, whole) === whole ? Long.fromBigInt(whole) : new Double(Number(whole));
    }
  }
}

function roundDouble(value: number, mode: RoundingMode): number {
  if (mode === 'up') return Math.ceil(value);
  return mode === 'down' ? Math.floor(value) : Math.trunc(value);
}

/** Returns `value` with the exponent `-places`; zeros are added where it had fewer, if 34 digits hold them. */
function quantize(value: Exact, places: number, mode: RoundingMode): Exact {
  const drop = -places - value.exponent;
  if (drop <= 0) {
    const padded = value.coefficient * 10n ** BigInt(Math.min(-drop, 40));
    const isTooLong = -drop > 40 || digitCount(padded) > 34;
    return isTooLong ? value : { coefficient: padded, exponent: -places };
  }
  const divisor = 10n ** BigInt(drop);
  const quotient = value.coefficient / divisor;
  const remainder = value.coefficient % divisor;
  return { coefficient: quotient + adjustment(quotient, remainder, divisor, mode), exponent: -places };
}

function adjustment(quotient: bigint, remainder: bigint, divisor: bigint, mode: RoundingMode): bigint {
  if (remainder === 0n || mode === 'towardZero') return 0n;
  const step = remainder > 0n ? 1n : -1n;
  if (mode === 'up') return step === 1n ? 1n : 0n;
  if (mode === 'down') return step === -1n ? -1n : 0n;
  const twice = remainder * step * 2n;
  return twice > divisor || (twice === divisor && quotient % 2n !== 0n) ? step : 0n;
}

function decimalOperandOf(value: Value): Exact | number {
  const plain = plainNumber(value);
  const isDouble = typeOf(value) === TYPE.double && Number.isFinite(plain);
  return isDouble ? doubleToDecimalOperand(plain as number) : toExact(plain);
}

function signOf(value: Exact | number): number {
  if (typeof value === 'number') return value;
  return value.coefficient > 0n ? 1 : value.coefficient < 0n ? -1 : 0;
}

function specialDecimal(value: number): Decimal128 {
  return Decimal128.fromString(String(value));
}
