/**
 * Reads BSON into plain documents without losing anything: number types, the order of integer-like keys, `__proto__`,
 * and documents that merely look like a DBRef. (js-bson's own reader changes all but the first of these.)
 */
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';
import { errorOf } from '../errors.ts';
import { type Doc, defineField, isIntegerLike, setKeyOrder, type Value } from './document.ts';
import { BSON_UNDEFINED } from './type.ts';
import { type Reading, Unread } from './unread.ts';

const MAX_DATE_MS = 8.64e15;
const MAX_DEPTH = 200;

/** Returns the document that these bytes hold, or what is to be read of it; throws InvalidBSON (22) when they hold none. */
export function decode(bytes: Uint8Array, reading?: Reading): Doc {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Reader(buffer, reading).read();
}

function invalid(detail: string): Error {
  return errorOf('InvalidBSON', `Invalid BSON: ${detail}`);
}

/** Whether a value of this type is a document or an array. */
const isNested = (type: number): boolean => type === 0x03 || type === 0x04;

/** Names repeat from document to document: finding the known string is cheaper than making it again. */
const NAME_CACHE: (string | undefined)[] = new Array(2048);

class Reader {
  readonly #buffer: Buffer;
  readonly #reading: Reading | undefined;
  #at = 0;
  #depth = 0;

  constructor(buffer: Buffer, reading: Reading | undefined) {
    this.#buffer = buffer;
    this.#reading = reading;
  }

  read(): Doc {
    if (this.#buffer.length < 5) throw invalid(`${this.#buffer.length} bytes are no document`);
    const size = this.#buffer.readInt32LE(0);
    if (size !== this.#buffer.length) throw invalid(`size ${size}, but ${this.#buffer.length} bytes`);
    return this.#document();
  }

  #document(): Doc {
    const buffer = this.#buffer;
    const end = this.#begin();
    const doc: Doc = {};
    let lastInteger = -1;
    let hasNames = false;
    let keys: string[] | undefined;
    for (let type = buffer[this.#at++]; type !== 0; type = buffer[this.#at++]) {
      const key = this.#name();
      if (isIntegerLike(key)) {
        if (keys === undefined && (hasNames || Number(key) < lastInteger)) keys = Object.keys(doc);
        lastInteger = Number(key);
      } else hasNames = true;
      const value = this.#fieldOf(key, type as number);
      if (keys !== undefined && !Object.hasOwn(doc, key)) keys.push(key);
      if (key === '__proto__') defineField(doc, key, value);
      else doc[key] = value;
    }
    if (keys !== undefined) setKeyOrder(doc, keys);
    this.#finish(end);
    return doc;
  }

  /** The value of a field; of the outermost document as much of it as is to be read. */
  #fieldOf(key: string, type: number): Value {
    const reading = this.#depth === 1 ? this.#reading : undefined;
    if (!reading || !isNested(type) || reading.whole.has(key)) return this.#value(type);
    if (!reading.counted.has(key)) return this.#unread(type);
    return type === 0x04 ? this.#array(true) : this.#value(type);
  }

  #unread(type: number): Unread {
    const start = this.#at;
    const size = this.#int32();
    if (size < 5) throw invalid(`document size ${size}`);
    this.#at = start;
    this.#take(size);
    return new Unread(type, this.#buffer.subarray(start, start + size));
  }

  #array(isCounted = false): Value[] {
    const buffer = this.#buffer;
    const end = this.#begin();
    const array: Value[] = [];
    for (let type = buffer[this.#at++]; type !== 0; type = buffer[this.#at++]) {
      this.#at = this.#zeroFrom(this.#at) + 1;
      const isLeft = isCounted && isNested(type as number);
      array.push(isLeft ? this.#unread(type as number) : this.#value(type as number));
    }
    this.#finish(end);
    return array;
  }

  #begin(): number {
    if (++this.#depth > MAX_DEPTH) throw invalid(`nested deeper than ${MAX_DEPTH} levels`);
    const start = this.#at;
    const size = this.#int32();
    const end = start + size;
    if (size < 5 || end > this.#buffer.length || this.#buffer[end - 1] !== 0)
      throw invalid(`document size ${size}`);
    return end;
  }

  #finish(end: number): void {
    this.#depth--;
    if (this.#at !== end) throw invalid('a document does not end where it says');
  }

  #int32(): number {
    const buffer = this.#buffer;
    const at = this.#at;
    if (at + 4 > buffer.length) throw invalid('cut short');
    this.#at = at + 4;
    return (
      (buffer[at] as number) |
      ((buffer[at + 1] as number) << 8) |
      ((buffer[at + 2] as number) << 16) |
      ((buffer[at + 3] as number) << 24)
    );
  }

  #zeroFrom(start: number): number {
    const buffer = this.#buffer;
    let end = start;
    while (end < buffer.length && buffer[end] !== 0) end++;
    if (end >= buffer.length) throw invalid('a name without an end');
    return end;
  }

  #name(): string {
    const buffer = this.#buffer;
    const start = this.#at;
    let end = start;
    let hash = 0;
    for (let c = buffer[end]; c !== 0; c = buffer[++end]) {
      if (c === undefined) throw invalid('a name without an end');
      hash = (hash * 31 + c) | 0;
    }
    this.#at = end + 1;
    const length = end - start;
    if (length > 32) return this.#text(start, end);
    const slot = hash & 2047;
    const known = NAME_CACHE[slot];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === buffer[start + i]) i++;
      // Only ASCII gets here: any other byte would have made a shorter string or a larger character code.
      if (i === length) return known;
    }
    const name = this.#text(start, end);
    if (name.length === length) NAME_CACHE[slot] = name;
    return name;
  }

  #cstring(): string {
    const start = this.#at;
    const end = this.#zeroFrom(start);
    this.#at = end + 1;
    return this.#text(start, end);
  }

  #text(start: number, end: number): string {
    const text = this.#buffer.toString('utf8', start, end);
    if (
      text.includes('\ufffd') &&
      Buffer.compare(Buffer.from(text), this.#buffer.subarray(start, end)) !== 0
    ) {
      throw invalid('a string is not UTF-8');
    }
    return text;
  }

  #string(): string {
    const size = this.#int32();
    const start = this.#at;
    const end = start + size - 1;
    if (size < 1 || end >= this.#buffer.length || this.#buffer[end] !== 0)
      throw invalid(`string size ${size}`);
    this.#at = end + 1;
    return this.#text(start, end);
  }

  #take(length: number): number {
    const start = this.#at;
    if (length < 0 || start + length > this.#buffer.length) throw invalid('cut short');
    this.#at = start + length;
    return start;
  }

  #value(type: number): Value {
    switch (type) {
      case 0x01:
        return new Double(this.#buffer.readDoubleLE(this.#take(8)));
      case 0x02:
        return this.#string();
      case 0x03:
        return this.#document();
      case 0x04:
        return this.#array();
      case 0x05:
        return this.#binary();
      case 0x07: {
        const at = this.#take(12);
        return new ObjectId(this.#buffer.subarray(at, at + 12));
      }
      case 0x08:
        return this.#buffer[this.#take(1)] !== 0;
      case 0x09:
        return this.#date();
      case 0x0a:
        return null;
      case 0x10:
        return new Int32(this.#int32());
      case 0x12:
        return new Long(this.#int32(), this.#int32());
      default:
        return this.#rareValue(type);
    }
  }

  #rareValue(type: number): Value {
    switch (type) {
      case 0x06:
        return BSON_UNDEFINED;
      case 0x0b:
        return this.#regex();
      case 0x0d:
        return new Code(this.#string());
      case 0x0e:
        return new BSONSymbol(this.#string());
      case 0x0f:
        this.#take(4);
        return new Code(this.#string(), this.#document());
      case 0x11:
        return new Timestamp(new Long(this.#int32(), this.#int32(), true));
      case 0x13: {
        const at = this.#take(16);
        return new Decimal128(Uint8Array.prototype.slice.call(this.#buffer, at, at + 16));
      }
      case 0x7f:
        return new MaxKey();
      case 0xff:
        return new MinKey();
      default:
        throw invalid(`type ${type} is not supported`);
    }
  }

  #binary(): Binary {
    let size = this.#int32();
    const subtype = this.#buffer[this.#take(1)] as number;
    // Subtype 2 repeats the size inside.
    if (subtype === 2) {
      const inner = this.#int32();
      if (inner !== size - 4) throw invalid(`binary size ${inner}`);
      size = inner;
    }
    const at = this.#take(size);
    // A copy: the bytes read from may belong to the store and change once its transaction ends.
    return new Binary(Uint8Array.prototype.slice.call(this.#buffer, at, at + size), subtype);
  }

  #date(): Date {
    const low = this.#int32();
    const ms = this.#int32() * 4294967296 + (low >>> 0);
    if (Math.abs(ms) > MAX_DATE_MS)
      throw errorOf('BadValue', `a date of ${ms} ms is beyond what mongolet can hold`);
    return new Date(ms);
  }

  #regex(): BSONRegExp {
    const pattern = this.#cstring();
    const options = this.#cstring();
    // js-bson's own error would not name a code.
    if (/[^ilmsux]/.test(options)) throw errorOf('BadValue', `invalid flag in regex options: ${options}`);
    return new BSONRegExp(pattern, options);
  }
}
