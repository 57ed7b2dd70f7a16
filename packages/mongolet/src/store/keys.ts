/** The keys of the tables: a number of the collection or index, then what orders entries inside it. */
import { createHash } from 'node:crypto';
import { successorOf } from '../value/key.ts';
import type { KeyRange } from './storage.ts';

const PREFIX_BYTES = 4;
const RECORD_ID_BYTES = 6;
/** LMDB ends keys at 1,978 bytes; longer index keys keep this much of their order, then a hash. */
const MAX_ORDERED_BYTES = 1800;

/** A document's place in its collection; ascending in order of insertion. */
export type RecordId = number;

/** The key of a document. */
export function documentKey(collectionId: number, recordId: RecordId): Buffer {
  const key = Buffer.allocUnsafe(PREFIX_BYTES + RECORD_ID_BYTES);
  key.writeUInt32BE(collectionId, 0);
  key.writeUIntBE(recordId, PREFIX_BYTES, RECORD_ID_BYTES);
  return key;
}

/** The record id at the end of a document's key, or of the key of an index that is not unique. */
export function recordIdOfKey(key: Buffer): RecordId {
  return key.readUIntBE(key.length - RECORD_ID_BYTES, RECORD_ID_BYTES);
}

/** A record id as the value of a unique index's entry. */
export function recordIdBytes(recordId: RecordId): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_ID_BYTES);
  bytes.writeUIntBE(recordId, 0, RECORD_ID_BYTES);
  return bytes;
}

/** The record ids in the value of a unique index's entry: one, or by a collation all whose keys are alike. */
export function recordIdsOf(bytes: Buffer): RecordId[] {
  const ids = [bytes.readUIntBE(0, RECORD_ID_BYTES)];
  for (let at = RECORD_ID_BYTES; at < bytes.length; at += RECORD_ID_BYTES)
    ids.push(bytes.readUIntBE(at, RECORD_ID_BYTES));
  return ids;
}

/** The key of an index entry; `recordId` is part of it only where the index is not unique. */
export function indexEntryKey(indexId: number, ordered: Buffer, recordId: RecordId | undefined): Buffer {
  const tailBytes = recordId === undefined ? 0 : RECORD_ID_BYTES;
  const key = Buffer.allocUnsafe(PREFIX_BYTES + ordered.length + tailBytes);
  key.writeUInt32BE(indexId, 0);
  ordered.copy(key, PREFIX_BYTES);
  if (recordId !== undefined) key.writeUIntBE(recordId, PREFIX_BYTES + ordered.length, RECORD_ID_BYTES);
  return key;
}

/** Everything of one collection, or of one index. */
export function wholeRange(id: number): KeyRange {
  return { low: numberKey(id), high: numberKey(id + 1) };
}

/** A range of an index between two ordered keys; bounds too long for LMDB are widened, so callers check again. */
export function indexRange(indexId: number, low: Buffer, high: Buffer | undefined): KeyRange {
  const widenedLow = low.length > MAX_ORDERED_BYTES ? low.subarray(0, MAX_ORDERED_BYTES) : low;
  const widenedHigh =
    high && high.length > MAX_ORDERED_BYTES ? successorOf(high.subarray(0, MAX_ORDERED_BYTES)) : high;
  return {
    low: Buffer.concat([numberKey(indexId), widenedLow]),
    high: widenedHigh ? Buffer.concat([numberKey(indexId), widenedHigh]) : numberKey(indexId + 1),
  };
}

/** Shortens an ordered key that LMDB could not hold: equal keys stay equal, but their order ends at the hash. */
export function shortenOrdered(ordered: Buffer): { bytes: Buffer; isShortened: boolean } {
  if (ordered.length <= MAX_ORDERED_BYTES) return { bytes: ordered, isShortened: false };
  const hash = createHash('sha256').update(ordered).digest();
  return { bytes: Buffer.concat([ordered.subarray(0, MAX_ORDERED_BYTES), hash]), isShortened: true };
}

function numberKey(id: number): Buffer {
  const key = Buffer.allocUnsafe(PREFIX_BYTES);
  key.writeUInt32BE(id, 0);
  return key;
}
