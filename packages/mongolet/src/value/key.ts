/**
 * Index keys: bytes whose plain order is BSON's order, and which are equal exactly when the values are.
 *
 * A component is the tag of its type bracket, then its content. No component begins another one, so that whatever follows
 * (the next component, the end) cannot disturb the order, nor does inverting a component to make it descend.
 */
import type { Code, ObjectId, Timestamp } from 'bson';
import { binaryParts, regexParts, textOf } from './compare.ts';
import { type Doc, getField, keysOf, type Value } from './document.ts';
import { writeNumberKey } from './key-number.ts';
import { canonicalOfType, typeOf } from './type.ts';

/** Tags by canonical type order, each with room for `tag + 1` as the bound above it. */
const TAGS = new Map<number, number>([
  [-1, 0x05],
  [0, 0x08],
  [5, 0x0c],
  [10, 0x10],
  [15, 0x14],
  [20, 0x18],
  [25, 0x1c],
  [30, 0x20],
  [35, 0x24],
  [40, 0x28],
  [45, 0x2c],
  [47, 0x30],
  [50, 0x34],
  [60, 0x3c],
  [65, 0x40],
  [127, 0xf0],
]);

const NULL_TAG = 0x0c;

function tagOf(value: Value | undefined): number {
  // An index holds null where the field is missing; BSON's own undefined (an empty array) stays below null.
  if (value === undefined) return NULL_TAG;
  return TAGS.get(canonicalOfType(typeOf(value))) as number;
}

let scratch = Buffer.allocUnsafeSlow(4096);
let at = 0;

function reserve(length: number): void {
  if (at + length <= scratch.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(at + length, scratch.length * 2));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}

function writeByte(byte: number): void {
  reserve(1);
  scratch[at++] = byte;
}

function writeBytes(bytes: Uint8Array): void {
  reserve(bytes.length);
  scratch.set(bytes, at);
  at += bytes.length;
}

function writeUint32(value: number): void {
  reserve(4);
  at = scratch.writeUInt32BE(value >>> 0, at);
}

/** Writes text with 0x00 as its end; within it 0x00 becomes 0x01 0x01, and 0x01 becomes 0x01 0x02. */
function writeText(text: string): void {
  if (!text.includes('\0') && !text.includes('\x01')) {
    writeCstring(text);
    return;
  }
  for (const byte of Buffer.from(text)) {
    if (byte <= 1) writeByte(1);
    writeByte(byte <= 1 ? byte + 1 : byte);
  }
  writeByte(0);
}

/** Writes names, patterns and options, which cannot hold null bytes. */
function writeCstring(text: string): void {
  reserve(text.length * 3 + 1);
  at += scratch.write(text, at);
  scratch[at++] = 0;
}

function writeDoc(doc: Doc): void {
  // The type before the name before the value: that is how BSON compares documents.
  for (const key of keysOf(doc)) {
    const value = getField(doc, key);
    if (value === undefined) continue;
    const tag = tagOf(value);
    writeByte(tag);
    writeCstring(key);
    writeContent(tag, value);
  }
  writeByte(0);
}

function writeDate(ms: number): void {
  const high = Math.floor(ms / 4294967296);
  writeUint32((high ^ 0x80000000) >>> 0);
  writeUint32(ms - high * 4294967296);
}

function writeContent(tag: number, value: Value | undefined): void {
  switch (tag) {
    case 0x10:
      writeNumberKey(value, writeBytes);
      return;
    case 0x14:
      writeText(textOf(value));
      return;
    case 0x18:
      writeDoc(value as Doc);
      return;
    case 0x1c:
      for (const element of value as Value[]) writeComponent(element);
      writeByte(0);
      return;
    case 0x20: {
      const { bytes, subtype } = binaryParts(value);
      writeUint32(bytes.length);
      writeByte(subtype);
      writeBytes(bytes);
      return;
    }
    case 0x24:
      writeBytes((value as ObjectId).id);
      return;
    case 0x28:
      writeByte(value ? 1 : 0);
      return;
    case 0x2c:
      writeDate((value as Date).getTime());
      return;
    default:
      writeRareContent(tag, value);
      return;
  }
}

function writeRareContent(tag: number, value: Value | undefined): void {
  switch (tag) {
    case 0x30:
      writeUint32((value as Timestamp).t);
      writeUint32((value as Timestamp).i);
      return;
    case 0x34: {
      const { pattern, options } = regexParts(value);
      writeCstring(pattern);
      writeCstring(options);
      return;
    }
    case 0x3c:
      writeText((value as Code).code);
      return;
    case 0x40:
      writeText((value as Code).code);
      writeDoc((value as Code).scope as Doc);
      return;
    default:
      // MinKey, undefined, null and MaxKey are their tags.
      return;
  }
}

function writeComponent(value: Value | undefined): void {
  const tag = tagOf(value);
  writeByte(tag);
  writeContent(tag, value);
}

function invert(start: number, end: number): void {
  for (let i = start; i < end; i++) scratch[i] = 255 - (scratch[i] as number);
}

/**
 * Returns the key of these values: the byte order of keys is the BSON order of the values, each component in its
 * direction (1 where none is given). Missing (undefined) counts as null, as it does in MongoDB's indexes.
 */
export function encodeKey(
  values: readonly (Value | undefined)[],
  directions: readonly (1 | -1)[] = [],
): Buffer {
  at = 0;
  for (let i = 0; i < values.length; i++) {
    const start = at;
    writeComponent(values[i]);
    if (directions[i] === -1) invert(start, at);
  }
  return Buffer.from(scratch.subarray(0, at));
}

/** Returns the first bytes (inclusive) that a component of the same type bracket as `value` can have. */
export function lowerBoundOfType(value: Value | undefined, direction: 1 | -1 = 1): Buffer {
  const tag = tagOf(value);
  return Buffer.of(direction === 1 ? tag : 255 - tag);
}

/** Returns the bytes (exclusive) after every component of the same type bracket as `value`. */
export function upperBoundOfType(value: Value | undefined, direction: 1 | -1 = 1): Buffer {
  const tag = tagOf(value);
  return Buffer.of((direction === 1 ? tag : 255 - tag) + 1);
}

/**
 * Returns the bounds of a scan as `[start, end)`: all keys that begin with the equality `prefix` (an encoded key of the
 * components before) and whose next component lies between `low` and `high`. A bound left out reaches to the end
 * of the type bracket of the other one, as `$gt` and `$lt` do; with both left out the whole prefix is scanned.
 */
export function keyRange(
  prefix: Buffer,
  direction: 1 | -1,
  low: { value: Value; inclusive: boolean } | undefined,
  high: { value: Value; inclusive: boolean } | undefined,
): { start: Buffer; end: Buffer | undefined } {
  const [first, last] = direction === 1 ? [low, high] : [high, low];
  if (first === undefined && last === undefined) return { start: prefix, end: successorOf(prefix) };
  const start =
    first === undefined
      ? Buffer.concat([prefix, lowerBoundOfType(last?.value, direction)])
      : boundOf(prefix, first.value, direction, !first.inclusive);
  const end =
    last === undefined
      ? Buffer.concat([prefix, upperBoundOfType(first?.value, direction)])
      : boundOf(prefix, last.value, direction, last.inclusive);
  return { start: start ?? prefix, end };
}

function boundOf(prefix: Buffer, value: Value, direction: 1 | -1, after: boolean): Buffer | undefined {
  const key = Buffer.concat([prefix, encodeKey([value], [direction])]);
  return after ? successorOf(key) : key;
}

/** Returns the smallest key after all keys that begin with `prefix`, or undefined when there is none. */
export function successorOf(prefix: Buffer): Buffer | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] as number;
    if (byte === 255) continue;
    const next = Buffer.from(prefix.subarray(0, i + 1));
    next[i] = byte + 1;
    return next;
  }
  return undefined;
}
