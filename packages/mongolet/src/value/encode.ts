/** Writes documents as BSON in their own order of keys; native numbers, bigints and byte arrays are taken as well. */
import type { Code, Decimal128, Int32, Long, ObjectId } from 'bson';
import { errorOf } from '../errors.ts';
import { binaryParts, regexParts, textOf } from './compare.ts';
import { type Doc, KEY_ORDER, keysOf, type Value } from './document.ts';
import { TYPE, typeOf } from './type.ts';
import { Unread } from './unread.ts';

/** The largest message a client may send (48 MB) with room for its header; no document comes near. */
const MAX_BYTES = 64 * 1024 * 1024;
/** A writer that has grown beyond this is given up after use, so that one large document does not hold memory. */
const KEEP_BYTES = 1024 * 1024;
const MAX_DEPTH = 200;

/** Returns the BSON bytes of a document. Fields that are JavaScript's `undefined` are left out. */
export function encode(doc: Doc): Buffer {
  const writer = idle ?? new Writer();
  idle = undefined;
  const bytes = writer.write(doc);
  if (writer.capacity <= KEEP_BYTES) idle = writer;
  return bytes;
}

/** The writer of the last call, kept for its buffer. */
let idle: Writer | undefined;

class Writer {
  #buffer = Buffer.allocUnsafeSlow(16 * 1024);
  #at = 0;
  #depth = 0;

  get capacity(): number {
    return this.#buffer.length;
  }

  write(doc: Doc): Buffer {
    this.#at = 0;
    this.#depth = 0;
    this.#document(doc);
    return Buffer.from(this.#buffer.subarray(0, this.#at));
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#buffer.length) return;
    if (needed > MAX_BYTES) throw errorOf('BSONObjectTooLarge', `a document of more than ${MAX_BYTES} bytes`);
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }

  #int32(value: number): void {
    this.#reserve(4);
    const buffer = this.#buffer;
    const at = this.#at;
    // By hand: Buffer's own method checks the range first, and this is called for every value.
    buffer[at] = value;
    buffer[at + 1] = value >>> 8;
    buffer[at + 2] = value >>> 16;
    buffer[at + 3] = value >>> 24;
    this.#at = at + 4;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = value;
  }

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #text(text: string): void {
    const { length } = text;
    this.#reserve(length * 3 + 1);
    if (length < 24) {
      const buffer = this.#buffer;
      let i = 0;
      for (; i < length; i++) {
        const c = text.charCodeAt(i);
        if (c >= 128) break;
        buffer[this.#at + i] = c;
      }
      if (i === length) {
        this.#at += length;
        return;
      }
    }
    this.#at += this.#buffer.write(text, this.#at);
  }

  #cstring(text: string): void {
    if (text.includes('\0'))
      throw errorOf('InvalidBSON', `a name must not contain null bytes: ${JSON.stringify(text)}`);
    this.#text(text);
    this.#byte(0);
  }

  #string(text: string): void {
    const start = this.#at;
    this.#int32(0);
    this.#text(text);
    this.#byte(0);
    this.#buffer.writeInt32LE(this.#at - start - 4, start);
  }

  #begin(): number {
    if (++this.#depth > MAX_DEPTH)
      throw errorOf('Overflow', `a document nested deeper than ${MAX_DEPTH} levels`);
    const start = this.#at;
    this.#int32(0);
    return start;
  }

  #finish(start: number): void {
    this.#byte(0);
    this.#buffer.writeInt32LE(this.#at - start, start);
    this.#depth--;
  }

  #document(doc: Doc | Map<string, Value>): void {
    const start = this.#begin();
    if (doc instanceof Map) {
      for (const [key, value] of doc) this.#field(key, value);
    } else {
      const keys = KEY_ORDER in doc ? keysOf(doc) : Object.keys(doc);
      for (const key of keys) this.#field(key, doc[key]);
    }
    this.#finish(start);
  }

  #array(array: readonly Value[]): void {
    const start = this.#begin();
    for (let i = 0; i < array.length; i++) {
      const value = array[i];
      this.#field(String(i), value === undefined ? null : value);
    }
    this.#finish(start);
  }

  #field(key: string, value: Value | undefined): void {
    if (value === undefined || typeof value === 'function') return;
    const isUnread = value instanceof Unread;
    const type = isUnread ? value.type : typeOf(value);
    this.#byte(type & 0xff);
    this.#cstring(key);
    if (isUnread) this.#bytes(value.bytes);
    else this.#value(type, value);
  }

  #value(type: number, value: Value): void {
    switch (type) {
      case TYPE.string:
        this.#string(value as string);
        return;
      case TYPE.int:
        this.#int32(typeof value === 'number' ? value : (value as Int32).value);
        return;
      case TYPE.double:
        this.#reserve(8);
        this.#at = this.#buffer.writeDoubleLE(
          typeof value === 'number' ? value : (value as { value: number }).value,
          this.#at,
        );
        return;
      case TYPE.object:
        this.#document(plainDocOf(value));
        return;
      case TYPE.array:
        this.#array(value as Value[]);
        return;
      case TYPE.objectId:
        this.#bytes((value as ObjectId).id);
        return;
      case TYPE.bool:
        this.#byte(value ? 1 : 0);
        return;
      case TYPE.date:
        this.#int64((value as Date).getTime());
        return;
      case TYPE.long:
      case TYPE.timestamp:
        this.#long(value as Long | bigint);
        return;
      default:
        this.#rareValue(type, value);
        return;
    }
  }

  #rareValue(type: number, value: Value): void {
    switch (type) {
      case TYPE.binData:
        this.#binary(value);
        return;
      case TYPE.decimal:
        this.#bytes((value as Decimal128).bytes);
        return;
      case TYPE.regex: {
        const { pattern, options } = regexParts(value);
        this.#cstring(pattern);
        this.#cstring([...options].sort().join(''));
        return;
      }
      case TYPE.javascript:
        this.#string((value as Code).code);
        return;
      case TYPE.symbol:
        this.#string(textOf(value));
        return;
      case TYPE.javascriptWithScope: {
        const start = this.#at;
        this.#int32(0);
        this.#string((value as Code).code);
        this.#document((value as Code).scope as Doc);
        this.#buffer.writeInt32LE(this.#at - start, start);
        return;
      }
      default:
        // null, undefined, MinKey and MaxKey have no bytes but their type.
        return;
    }
  }

  #int64(ms: number): void {
    if (Number.isNaN(ms)) throw errorOf('BadValue', 'an invalid date cannot be stored');
    const high = Math.floor(ms / 4294967296);
    this.#int32(ms - high * 4294967296);
    this.#int32(high);
  }

  #long(value: Long | bigint): void {
    if (typeof value === 'bigint') {
      this.#reserve(8);
      this.#at = this.#buffer.writeBigInt64LE(BigInt.asIntN(64, value), this.#at);
      return;
    }
    this.#int32(value.low);
    this.#int32(value.high);
  }

  #binary(value: Value): void {
    const { bytes, subtype } = binaryParts(value);
    this.#int32(subtype === 2 ? bytes.length + 4 : bytes.length);
    this.#byte(subtype);
    if (subtype === 2) this.#int32(bytes.length);
    this.#bytes(bytes);
  }
}

function plainDocOf(value: Value): Doc | Map<string, Value> {
  const { _bsontype: tag } = value as { _bsontype?: unknown };
  if (tag !== 'DBRef' || Object.hasOwn(value as object, '_bsontype')) return value as Doc;
  const { collection, oid, db, fields } = value as {
    collection: string;
    oid: Value;
    db?: string;
    fields: Doc;
  };
  return { $ref: collection, $id: oid, ...(db === undefined ? {} : { $db: db }), ...fields };
}
