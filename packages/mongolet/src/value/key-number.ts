/**
 * Numbers as bytes in their exact order, whatever their type: first the double below (toward zero), which settles
 * nearly all comparisons, then, only if the number is not that double, its exact decimal digits.
 */
import { compareExact, decimalToExact, doubleToExact, type Exact } from './decimal.ts';
import type { Value } from './document.ts';
import { plainNumber } from './number.ts';

/** Classes of numbers in order; the first byte of every encoded number. */
const NAN = 0x01;
const NEGATIVE = 0x02;
const ZERO = 0x03;
const POSITIVE = 0x04;

const scratch = Buffer.alloc(8);

/** Returns the largest double not above a positive exact number. */
function doubleBelow(value: Exact): number {
  const nearest = Number(`${value.coefficient}e${value.exponent}`);
  if (nearest === Number.POSITIVE_INFINITY) return Number.MAX_VALUE;
  if (compareExact(doubleToExact(nearest), value) <= 0) return nearest;
  scratch.writeDoubleBE(nearest);
  scratch.writeBigUInt64BE(scratch.readBigUInt64BE() - 1n);
  return scratch.readDoubleBE();
}

/** The digits of a positive number without trailing zeros, after the place of the first one. */
function digitBytes(value: Exact): Buffer {
  const digits = value.coefficient.toString();
  const magnitude = digits.length + value.exponent;
  const text = digits.replace(/0+$/, '');
  const bytes = Buffer.alloc(text.length + 3);
  bytes.writeUInt16BE(magnitude + 0x8000, 0);
  bytes.write(text, 2, 'latin1');
  return bytes;
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** Hands the bytes of a number to `write`, piece by piece; `write` must copy them. */
export function writeNumberKey(value: Value, write: (bytes: Uint8Array) => void): void {
  const plain = plainNumber(value);
  if (typeof plain === 'number') {
    writeDouble(plain, write);
    return;
  }
  const exact = typeof plain === 'bigint' ? { coefficient: plain, exponent: 0 } : decimalToExact(plain);
  if (typeof exact === 'number') {
    writeDouble(exact, write);
    return;
  }
  if (exact.coefficient === 0n) {
    write(IS_ZERO);
    return;
  }
  const negative = exact.coefficient < 0n;
  const positive = negative ? { ...exact, coefficient: -exact.coefficient } : exact;
  const below = doubleBelow(positive);
  const isDouble = compareExact(doubleToExact(below), positive) === 0;
  const pieces = [doubleBytes(below), Uint8Array.of(isDouble ? 0 : 1)];
  if (!isDouble) pieces.push(digitBytes(positive));
  writeSigned(negative, Buffer.concat(pieces), write);
}

const IS_NAN = Uint8Array.of(NAN);
const IS_ZERO = Uint8Array.of(ZERO);
const IS_POSITIVE = Uint8Array.of(POSITIVE);
const IS_NEGATIVE = Uint8Array.of(NEGATIVE);

/** A double and the 0 that says there is nothing beyond it; reused, as `write` copies. */
const exactDouble = Buffer.alloc(9);

function writeDouble(value: number, write: (bytes: Uint8Array) => void): void {
  if (value === 0) write(IS_ZERO);
  else if (Number.isNaN(value)) write(IS_NAN);
  else {
    exactDouble.writeDoubleBE(Math.abs(value));
    exactDouble[8] = 0;
    writeSigned(value < 0, exactDouble, write);
  }
}

function writeSigned(negative: boolean, bytes: Buffer, write: (bytes: Uint8Array) => void): void {
  write(negative ? IS_NEGATIVE : IS_POSITIVE);
  if (negative) for (let i = 0; i < bytes.length; i++) bytes[i] = 255 - (bytes[i] as number);
  write(bytes);
}
