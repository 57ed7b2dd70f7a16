/** Exact finite numbers as `coefficient × 10^exponent`, the form in which every BSON number can be compared exactly. */
import { Decimal128 } from 'bson';

/** A finite number, exactly: `coefficient × 10^exponent`. The coefficient carries the sign. */
export interface Exact {
  coefficient: bigint;
  exponent: number;
}

const EXPONENT_BIAS = 6176;
const MAX_COEFFICIENT = 10n ** 34n;
const MAX_EXPONENT = 6111;

/** Returns the exact value of a Decimal128, or NaN, Infinity or -Infinity as a JavaScript number. */
export function decimalToExact(decimal: Decimal128): Exact | number {
  const { bytes } = decimal;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const high = view.getBigUint64(8, true);
  const negative = high >> 63n === 1n;
  const combination = Number((high >> 58n) & 0x1fn);
  if (combination === 0x1f) return Number.NaN;
  if (combination === 0x1e) return negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (combination >> 3 === 3) {
    // The second form can only hold coefficients beyond 34 digits, which stand for zero.
    return { coefficient: 0n, exponent: Number((high >> 47n) & 0x3fffn) - EXPONENT_BIAS };
  }
  const exponent = Number((high >> 49n) & 0x3fffn) - EXPONENT_BIAS;
  let coefficient = ((high & 0x1ffffffffffffn) << 64n) | view.getBigUint64(0, true);
  if (coefficient >= MAX_COEFFICIENT) coefficient = 0n;
  return { coefficient: negative ? -coefficient : coefficient, exponent };
}

/** Returns a finite double exactly: a binary fraction m/2^k is m·5^k × 10^-k. */
export function doubleToExact(value: number): Exact {
  if (Number.isInteger(value)) return { coefficient: BigInt(value), exponent: 0 };
  let mantissa = value;
  let shift = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    shift++;
  }
  return { coefficient: BigInt(mantissa) * 5n ** BigInt(shift), exponent: -shift };
}

/** Returns the number of decimal digits of a coefficient. */
export function digitCount(coefficient: bigint): number {
  return (coefficient < 0n ? -coefficient : coefficient).toString().length;
}

/** Compares two exact numbers. */
export function compareExact(a: Exact, b: Exact): number {
  const signA = a.coefficient > 0n ? 1 : a.coefficient < 0n ? -1 : 0;
  const signB = b.coefficient > 0n ? 1 : b.coefficient < 0n ? -1 : 0;
  if (signA !== signB) return signA < signB ? -1 : 1;
  if (signA === 0) return 0;
  if (a.exponent !== b.exponent) {
    // The magnitudes first: aligning 10^6000 with 10^-6000 would cost bignums of thousands of digits.
    const magnitudeA = digitCount(a.coefficient) + a.exponent;
    const magnitudeB = digitCount(b.coefficient) + b.exponent;
    if (magnitudeA !== magnitudeB) return magnitudeA < magnitudeB ? -signA : signA;
  }
  const [x, y] = align(a, b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function align(a: Exact, b: Exact): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  const x = a.exponent === exponent ? a.coefficient : a.coefficient * 10n ** BigInt(a.exponent - exponent);
  const y = b.exponent === exponent ? b.coefficient : b.coefficient * 10n ** BigInt(b.exponent - exponent);
  return [x, y, exponent];
}

/** Adds two exact numbers and rounds the sum to a Decimal128. */
export function addExact(a: Exact, b: Exact): Decimal128 {
  const gap = Math.abs(digitCount(a.coefficient) + a.exponent - digitCount(b.coefficient) - b.exponent);
  if (gap > 100 && a.coefficient !== 0n && b.coefficient !== 0n) {
    // Beyond 34 digits plus guard digits the smaller one cannot be seen in the sum.
    const larger = compareExact(magnitude(a), magnitude(b)) > 0 ? a : b;
    const scale = 40 - digitCount(larger.coefficient);
    const coefficient = larger.coefficient * 10n ** BigInt(Math.max(scale, 0));
    return exactToDecimal({ coefficient, exponent: larger.exponent - Math.max(scale, 0) });
  }
  const [x, y, exponent] = align(a, b);
  return exactToDecimal({ coefficient: x + y, exponent });
}

function magnitude(value: Exact): Exact {
  return value.coefficient < 0n ? { ...value, coefficient: -value.coefficient } : value;
}

/** Multiplies two exact numbers and rounds the product to a Decimal128. */
export function multiplyExact(a: Exact, b: Exact): Decimal128 {
  return exactToDecimal({ coefficient: a.coefficient * b.coefficient, exponent: a.exponent + b.exponent });
}

/** Rounds an exact number to 34 digits, half to even, as IEEE 754 decimal128 does. */
export function exactToDecimal(value: Exact): Decimal128 {
  let { exponent } = value;
  const negative = value.coefficient < 0n;
  let coefficient = negative ? -value.coefficient : value.coefficient;
  let drop = Math.max(digitCount(coefficient) - 34, -EXPONENT_BIAS - exponent, 0);
  while (drop > 0) {
    coefficient = roundHalfEven(coefficient, drop);
    exponent += drop;
    // Rounding 9…9 up gives one digit more.
    drop = Math.max(digitCount(coefficient) - 34, 0);
  }
  if (exponent > MAX_EXPONENT) {
    const pad = exponent - MAX_EXPONENT;
    if (coefficient === 0n) exponent = MAX_EXPONENT;
    else if (digitCount(coefficient) + pad > 34)
      return Decimal128.fromString(negative ? '-Infinity' : 'Infinity');
    else {
      coefficient *= 10n ** BigInt(pad);
      exponent = MAX_EXPONENT;
    }
  }
  return packDecimal(negative, coefficient, exponent);
}

function roundHalfEven(coefficient: bigint, drop: number): bigint {
  const divisor = 10n ** BigInt(drop);
  const quotient = coefficient / divisor;
  const twice = (coefficient % divisor) * 2n;
  return twice > divisor || (twice === divisor && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

function packDecimal(negative: boolean, coefficient: bigint, exponent: number): Decimal128 {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, coefficient & 0xffffffffffffffffn, true);
  const high = (coefficient >> 64n) | (BigInt(exponent + EXPONENT_BIAS) << 49n) | (negative ? 1n << 63n : 0n);
  view.setBigUint64(8, high, true);
  return new Decimal128(bytes);
}

/** Returns a double as MongoDB turns it into a decimal for arithmetic: rounded to 15 significant digits. */
export function doubleToDecimalOperand(value: number): Exact {
  const [digits = '0', exponent = '0'] = value.toExponential(14).split('e');
  return { coefficient: BigInt(digits.replace('.', '')), exponent: Number(exponent) - 14 };
}
