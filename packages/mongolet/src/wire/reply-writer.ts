/** Writes replies as BSON, splicing stored documents in as the bytes they are, without decoding them. */
import { type Doc, encode } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';

/** A document that is already BSON. */
export class RawDocument {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** What a command answers: plain values, BSON values, and raw documents at any depth. */
export type ReplyDoc = { [key: string]: unknown };

const TYPE_DOUBLE = 0x01;
const TYPE_STRING = 0x02;
const TYPE_DOCUMENT = 0x03;
const TYPE_ARRAY = 0x04;
const TYPE_BOOLEAN = 0x08;
const TYPE_DATE = 0x09;
const TYPE_NULL = 0x0a;
const TYPE_INT32 = 0x10;
const TYPE_INT64 = 0x12;

class Writer {
  bytes: Buffer = Buffer.allocUnsafe(512);
  length: number;

  constructor(prefixBytes: number) {
    this.length = prefixBytes;
  }

  reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  element(type: number, name: string): void {
    this.reserve(name.length * 3 + 2);
    this.bytes[this.length++] = type;
    this.length += this.bytes.write(name, this.length, 'utf8');
    this.bytes[this.length++] = 0;
  }

  append(payload: Uint8Array): void {
    this.reserve(payload.length);
    this.bytes.set(payload, this.length);
    this.length += payload.length;
  }

  document(entries: Iterable<[string, unknown]>, trailer?: Uint8Array): void {
    this.reserve(5);
    const start = this.length;
    this.length += 4;
    for (const [name, value] of entries) this.value(name, value);
    if (trailer) this.append(trailer);
    this.reserve(1);
    this.bytes[this.length++] = 0;
    this.bytes.writeInt32LE(this.length - start, start);
  }

  value(name: string, value: unknown): void {
    if (value === undefined) return;
    switch (typeof value) {
      case 'number':
        this.#number(name, value);
        return;
      case 'string':
        this.#string(name, value);
        return;
      case 'boolean':
        this.element(TYPE_BOOLEAN, name);
        this.append(Uint8Array.of(value ? 1 : 0));
        return;
      case 'bigint':
        this.element(TYPE_INT64, name);
        this.reserve(8);
        this.length = this.bytes.writeBigInt64LE(value, this.length);
        return;
      default:
        this.#object(name, value);
    }
  }

  #number(name: string, value: number): void {
    const isInt = Number.isInteger(value) && Math.abs(value) < 2 ** 31 && !Object.is(value, -0);
    this.element(isInt ? TYPE_INT32 : TYPE_DOUBLE, name);
    this.reserve(8);
    this.length = isInt
      ? this.bytes.writeInt32LE(value, this.length)
      : this.bytes.writeDoubleLE(value, this.length);
  }

  #string(name: string, value: string): void {
    this.element(TYPE_STRING, name);
    this.reserve(value.length * 3 + 5);
    const byteCount = this.bytes.write(value, this.length + 4, 'utf8');
    this.bytes.writeInt32LE(byteCount + 1, this.length);
    this.length += byteCount + 5;
    this.bytes[this.length - 1] = 0;
  }

  #object(name: string, value: unknown): void {
    if (value === null) {
      this.element(TYPE_NULL, name);
    } else if (value instanceof RawDocument) {
      this.element(TYPE_DOCUMENT, name);
      this.append(value.bytes);
    } else if (value instanceof Date) {
      this.element(TYPE_DATE, name);
      this.reserve(8);
      this.length = this.bytes.writeBigInt64LE(BigInt(value.getTime()), this.length);
    } else if (Array.isArray(value)) {
      this.element(TYPE_ARRAY, name);
      this.document(arrayEntries(value));
    } else if (typeof value === 'object' && !('_bsontype' in value)) {
      this.element(TYPE_DOCUMENT, name);
      this.document(docEntries(value as Doc));
    } else {
      this.#encoded(name, value);
    }
  }

  /** Any other BSON value: encode a document of it alone and take the value out of it. */
  #encoded(name: string, value: unknown): void {
    const bytes = encode({ v: value });
    const type = bytes[4];
    if (bytes.length <= 5 || type === undefined) return;
    this.element(type, name);
    this.append(bytes.subarray(7, bytes.length - 1));
  }
}

function docEntries(doc: Doc): [string, unknown][] {
  return keysOf(doc).map((key) => [key, doc[key]]);
}

function* arrayEntries(values: readonly unknown[]): Generator<[string, unknown]> {
  for (let index = 0; index < values.length; index += 1) yield [String(index), values[index] ?? null];
}

/**
 * Encodes a reply, leaving `prefixBytes` free (and unwritten) before it for a message header; `trailer` is one more
 * element, encoded.
 */
export function writeDocument(reply: ReplyDoc, prefixBytes = 0, trailer?: Uint8Array): Buffer {
  const writer = new Writer(prefixBytes);
  writer.document(docEntries(reply), trailer);
  return writer.bytes.subarray(0, writer.length);
}
