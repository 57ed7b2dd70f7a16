/** The four bit tests: `$bitsAllSet`, `$bitsAnySet`, `$bitsAllClear`, `$bitsAnyClear`. */
import { errorOf } from '../errors.ts';
import { binaryParts } from '../value/compare.ts';
import type { Value } from '../value/document.ts';
import { toExactInteger } from '../value/number.ts';
import { isNumber, TYPE, typeNameOf, typeOf } from '../value/type.ts';
import type { FieldNode } from './node.ts';

export type BitOperator = '$bitsAllSet' | '$bitsAnySet' | '$bitsAllClear' | '$bitsAnyClear';

/** Returns the node for a bit test; the operand is a number, binary data, or an array of positions. */
export function bitsNode(operator: BitOperator, operand: Value): FieldNode {
  const positions = readPositions(operator, operand);
  const wanted = operator === '$bitsAllSet' || operator === '$bitsAnySet';
  const all = operator === '$bitsAllSet' || operator === '$bitsAllClear';
  const test = (value: Value | undefined): boolean => {
    const bitAt = bitReader(value);
    if (bitAt === undefined) return false;
    return all
      ? positions.every((position) => bitAt(position) === wanted)
      : positions.some((position) => bitAt(position) === wanted);
  };
  return { kind: 'leaf', test, whole: false };
}

/** Returns a reader of single bits, or undefined for values that have none. */
function bitReader(value: Value | undefined): ((position: number) => boolean) | undefined {
  const type = typeOf(value);
  if (type === TYPE.binData) {
    const { bytes } = binaryParts(value);
    return (position) => (((bytes[position >> 3] ?? 0) >> (position & 7)) & 1) === 1;
  }
  const whole = toExactInteger(value);
  if (whole === undefined) return undefined;
  // Beyond bit 63 a number continues with its sign.
  return (position) => ((whole >> BigInt(Math.min(position, 63))) & 1n) === 1n;
}

function readPositions(operator: string, operand: Value): number[] {
  if (Array.isArray(operand)) return (operand as Value[]).map(readPosition);
  if (typeOf(operand) === TYPE.binData) {
    const { bytes } = binaryParts(operand);
    const positions: number[] = [];
    for (let i = 0; i < bytes.length * 8; i++) {
      if ((((bytes[i >> 3] as number) >> (i & 7)) & 1) === 1) positions.push(i);
    }
    return positions;
  }
  if (!isNumber(operand)) {
    throw errorOf(
      'BadValue',
      `${operator} takes an Array, a number, or a BinData but received: ${typeNameOf(operand)}`,
    );
  }
  const mask = toExactInteger(operand);
  if (mask === undefined) {
    throw errorOf('FailedToParse', `Expected an integer: ${operator}: ${String(operand)}`);
  }
  if (mask < 0n) {
    throw errorOf('FailedToParse', `Expected a non-negative number in: ${operator}: ${String(operand)}`);
  }
  const positions: number[] = [];
  for (let i = 0; i < 64; i++) if (((mask >> BigInt(i)) & 1n) === 1n) positions.push(i);
  return positions;
}

function readPosition(value: Value): number {
  const position = toExactInteger(value);
  if (position === undefined)
    throw errorOf('BadValue', `bit positions must be an integer but got: ${String(value)}`);
  if (position < 0n) throw errorOf('BadValue', `bit positions must be >= 0 but got: ${position}`);
  if (position > 0x7fffffffn) {
    throw errorOf('BadValue', `bit positions cannot be represented as a 32-bit signed integer: ${position}`);
  }
  return Number(position);
}
