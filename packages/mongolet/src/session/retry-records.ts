/** Retryable writes and commits: a session's last reply, kept in the storage transaction of what it answers. */
import { errorOf } from '../errors.ts';
import type { Storage } from '../store/storage.ts';
import { allSessions, tooOld, type WriteIdentity } from './session-fields.ts';

const HEADER_BYTES = 16;
const NOTHING = Buffer.alloc(0);
/** As MongoDB's: a session lives 30 minutes after its last use. */
export const SESSION_MS = 30 * 60 * 1000;

/** The last thing that a session did under a number. */
interface SessionRecord {
  readonly txnNumber: bigint;
  /** Of a retryable write; a committed transaction has none. */
  readonly reply: Buffer | undefined;
}

/** What is kept of a session. */
export function findRecord(storage: Storage, sessionKey: Buffer): SessionRecord | undefined {
  const record = storage.get(storage.meta, sessionKey);
  if (!record) return undefined;
  const reply = record.length > HEADER_BYTES ? record.subarray(HEADER_BYTES) : undefined;
  return { txnNumber: record.readBigInt64BE(0), reply };
}

/** Returns the reply kept for this very write; refuses a number older than the session's last. */
export function findReply(storage: Storage, identity: WriteIdentity): Buffer | undefined {
  const record = findRecord(storage, identity.sessionKey);
  if (!record || record.txnNumber < identity.txnNumber) return undefined;
  if (record.txnNumber > identity.txnNumber) throw tooOld(identity, record.txnNumber);
  if (record.reply) return record.reply;
  throw errorOf(
    'ConflictingOperationInProgress',
    `txnNumber ${identity.txnNumber} of this session was a transaction, and cannot be a retryable write too`,
  );
}

/** Keeps a reply, or that a transaction was committed, inside the batch of the write. */
export function keepReply(storage: Storage, identity: WriteIdentity, reply: Buffer | undefined): void {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeBigInt64BE(identity.txnNumber, 0);
  header.writeDoubleBE(Date.now(), 8);
  const previous = storage.get(storage.meta, identity.sessionKey);
  storage.put(storage.meta, identity.sessionKey, Buffer.concat([header, reply ?? NOTHING]), previous);
}

/** The records of sessions that have ended by age. */
export function expiredSessions(storage: Storage, nowMs: number): Buffer[] {
  const expired: Buffer[] = [];
  for (const { key, value } of storage.scan(storage.meta, allSessions())) {
    if (value.readDoubleBE(8) < nowMs - SESSION_MS) expired.push(key);
  }
  return expired;
}

/** Forgets a session, inside a batch. */
export function forgetSession(storage: Storage, sessionKey: Buffer): void {
  const previous = storage.get(storage.meta, sessionKey);
  if (previous) storage.remove(storage.meta, sessionKey, previous);
}
