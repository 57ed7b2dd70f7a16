/** How the log of writes looks in bytes: records, each the writes of one batch. */
import { crc32 } from 'node:zlib';

/** Where the value of a write stands in the bytes of a log; undefined where the write removed the entry. */
export type Place = { readonly start: number; readonly end: number } | undefined;

/** A write as it is read back. */
export interface LoggedWrite {
  /** Which table of the storage. */
  readonly table: number;
  readonly key: Buffer;
  readonly place: Place;
}

/** What tells a record from all others that may stand where it is expected. */
export interface RecordIdentity {
  /** The checkpoint that it follows. */
  readonly checkpoint: number;
  /** Its number since that checkpoint. */
  readonly number: number;
}

/** Bytes of the writes, checksum of all that follows it, checkpoint, number. */
export const HEADER_BYTES = 4 + 4 + 6 + 4;
/** Table, whether there is a value, bytes of the key, bytes of the value. */
const WRITE_HEADER_BYTES = 1 + 1 + 2 + 4;

/** How many bytes a write takes. */
export const writeBytes = (key: Buffer, value: Buffer | undefined): number =>
  WRITE_HEADER_BYTES + key.length + (value?.length ?? 0);

/** Puts a write into bytes that have room for it. */
export function putWrite(
  bytes: Buffer,
  at: number,
  table: number,
  key: Buffer,
  value: Buffer | undefined,
): Place {
  bytes[at] = table;
  bytes[at + 1] = value ? 1 : 0;
  bytes.writeUInt16BE(key.length, at + 2);
  bytes.writeUInt32BE(value?.length ?? 0, at + 4);
  const start = at + WRITE_HEADER_BYTES + key.length;
  bytes.set(key, at + WRITE_HEADER_BYTES);
  if (!value) return undefined;
  bytes.set(value, start);
  return { start, end: start + value.length };
}

/** Heads the writes that end at `end` into a record that begins at `start`. */
export function sealRecord(bytes: Buffer, start: number, end: number, identity: RecordIdentity): void {
  bytes.writeUInt32BE(end - start - HEADER_BYTES, start);
  bytes.writeUIntBE(identity.checkpoint, start + 8, 6);
  bytes.writeUInt32BE(identity.number, start + 14);
  bytes.writeUInt32BE(crc32(bytes.subarray(start + 8, end)), start + 4);
}

/** Where the record ends that begins at `start`; undefined when it is not there, or not in one piece. */
export function endOfRecord(bytes: Buffer, start: number, identity: RecordIdentity): number | undefined {
  if (start + HEADER_BYTES > bytes.length) return undefined;
  const end = start + HEADER_BYTES + bytes.readUInt32BE(start);
  if (end > bytes.length || end === start + HEADER_BYTES) return undefined;
  if (bytes.readUIntBE(start + 8, 6) !== identity.checkpoint) return undefined;
  if (bytes.readUInt32BE(start + 14) !== identity.number) return undefined;
  return crc32(bytes.subarray(start + 8, end)) === bytes.readUInt32BE(start + 4) ? end : undefined;
}

/** The writes of the record that stands there. */
export function* writesOf(bytes: Buffer, start: number, end: number): Generator<LoggedWrite> {
  for (let at = start + HEADER_BYTES; at < end; ) {
    const keyStart = at + WRITE_HEADER_BYTES;
    const valueStart = keyStart + bytes.readUInt16BE(at + 2);
    const valueEnd = valueStart + bytes.readUInt32BE(at + 4);
    const place = bytes[at + 1] === 1 ? { start: valueStart, end: valueEnd } : undefined;
    yield { table: bytes.readUInt8(at), key: bytes.subarray(keyStart, valueStart), place };
    at = valueEnd;
  }
}
