/** BSON's order of values, and the two equalities: by value (1 equals 1.0) and by bytes (it does not). */
import type { Binary, BSONRegExp, Code, Decimal128, Long, ObjectId, Timestamp } from 'bson';
import type { Collation } from './collation.ts';
import { type Doc, getField, keysOf, type Value } from './document.ts';
import { compareNumbers, plainNumber } from './number.ts';
import { compareBytes, compareStrings } from './string.ts';
import { canonicalOfType, TYPE, typeOf } from './type.ts';

/**
 * Compares two values in BSON's order; undefined stands for a missing field and comes before null.
 * Numbers compare exactly across their types, strings by their UTF-8 bytes or, at any depth, by `collation`.
 */
export function compareValues(a: Value | undefined, b: Value | undefined, collation?: Collation): number {
  if (typeof a === 'string' && typeof b === 'string')
    return collation ? collation.compare(a, b) : compareStrings(a, b);
  const typeA = typeOf(a);
  const typeB = typeOf(b);
  const bracket = canonicalOfType(typeA);
  const other = canonicalOfType(typeB);
  if (bracket !== other) return bracket < other ? -1 : 1;
  return compareWithin(bracket, a, b, collation);
}

function compareWithin(bracket: number, a: Value, b: Value, collation: Collation | undefined): number {
  switch (bracket) {
    case 10:
      return compareNumbers(a, b);
    case 15:
      return compareValues(textOf(a), textOf(b), collation);
    case 20:
      return compareDocs(a as Doc, b as Doc, collation);
    case 25:
      return compareArrays(a as Value[], b as Value[], collation);
    case 30:
      return compareBinary(a, b);
    case 35:
      return compareObjectIds(a as ObjectId, b as ObjectId);
    case 40:
      return Number(a) - Number(b);
    case 45:
      return Math.sign((a as Date).getTime() - (b as Date).getTime());
    case 47:
      return compareTimestamps(a as Timestamp, b as Timestamp);
    case 50:
      return compareRegexes(a, b);
    case 60:
      return compareStrings((a as Code).code, (b as Code).code);
    case 65:
      return (
        compareStrings((a as Code).code, (b as Code).code) ||
        compareDocs((a as Code).scope as Doc, (b as Code).scope as Doc, undefined)
      );
    default:
      // Missing, undefined, null, MinKey and MaxKey have one value each.
      return 0;
  }
}

/** Returns the characters of a string or a symbol. */
export function textOf(value: Value): string {
  return typeof value === 'string' ? value : (value as { value: string }).value;
}

function compareDocs(a: Doc, b: Doc, collation: Collation | undefined): number {
  const keysA = keysOf(a);
  const keysB = keysOf(b);
  const length = Math.min(keysA.length, keysB.length);
  for (let i = 0; i < length; i++) {
    const keyA = keysA[i] as string;
    const keyB = keysB[i] as string;
    const valueA = getField(a, keyA);
    const valueB = getField(b, keyB);
    // BSON's order looks at the type of a field before its name, and at its name before its value.
    const bracket = canonicalOfType(typeOf(valueA));
    const other = canonicalOfType(typeOf(valueB));
    if (bracket !== other) return bracket < other ? -1 : 1;
    const result = compareStrings(keyA, keyB) || compareWithin(bracket, valueA, valueB, collation);
    if (result !== 0) return result;
  }
  return Math.sign(keysA.length - keysB.length);
}

function compareArrays(a: readonly Value[], b: readonly Value[], collation: Collation | undefined): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const result = compareValues(a[i], b[i], collation);
    if (result !== 0) return result;
  }
  return Math.sign(a.length - b.length);
}

/** Returns the bytes and the subtype of a binary value. */
export function binaryParts(value: Value): { bytes: Uint8Array; subtype: number } {
  if (value instanceof Uint8Array) return { bytes: value, subtype: 0 };
  const binary = value as Binary;
  return { bytes: binary.buffer.subarray(0, binary.position), subtype: binary.sub_type };
}

function compareBinary(a: Value, b: Value): number {
  const x = binaryParts(a);
  const y = binaryParts(b);
  return (
    Math.sign(x.bytes.length - y.bytes.length) ||
    Math.sign(x.subtype - y.subtype) ||
    compareBytes(x.bytes, y.bytes)
  );
}

function compareObjectIds(a: ObjectId, b: ObjectId): number {
  return a.equals(b) ? 0 : compareBytes(a.id, b.id);
}

function compareTimestamps(a: Timestamp, b: Timestamp): number {
  return Math.sign(a.t - b.t) || Math.sign(a.i - b.i);
}

/** Returns the pattern and the sorted options of a regular expression. */
export function regexParts(value: Value): { pattern: string; options: string } {
  if (value instanceof RegExp) {
    const options = `${value.ignoreCase ? 'i' : ''}${value.multiline ? 'm' : ''}${value.dotAll ? 's' : ''}`;
    return { pattern: value.source, options };
  }
  return value as BSONRegExp;
}

function compareRegexes(a: Value, b: Value): number {
  const x = regexParts(a);
  const y = regexParts(b);
  return compareStrings(x.pattern, y.pattern) || compareStrings(x.options, y.options);
}

/** Says whether two values are equal in BSON's order: numbers by value, documents with the same order of keys. */
export function equalValues(a: Value | undefined, b: Value | undefined, collation?: Collation): boolean {
  return a === b || compareValues(a, b, collation) === 0;
}

/** Says whether two values are stored as the same bytes: 1 and 1.0 are not, nor are 0.0 and -0.0. */
export function identicalValues(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return typeof a !== 'number' || a !== 0 || Object.is(a, b);
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  switch (type) {
    case TYPE.double:
      return Object.is(plainNumber(a), plainNumber(b));
    case TYPE.decimal:
      return compareBytes((a as Decimal128).bytes, (b as Decimal128).bytes) === 0;
    case TYPE.long:
      return typeof a === 'object' && typeof b === 'object'
        ? (a as Long).equals(b as Long)
        : compareNumbers(a, b) === 0;
    case TYPE.object:
      return identicalDocs(a as Doc, b as Doc);
    case TYPE.array:
      return identicalArrays(a as Value[], b as Value[]);
    default:
      return compareValues(a, b) === 0;
  }
}

function identicalDocs(a: Doc, b: Doc): boolean {
  const keysA = keysOf(a);
  const keysB = keysOf(b);
  return (
    keysA.length === keysB.length &&
    keysA.every((key, i) => key === keysB[i] && identicalValues(getField(a, key), getField(b, key)))
  );
}

function identicalArrays(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, i) => identicalValues(value, b[i]));
}
