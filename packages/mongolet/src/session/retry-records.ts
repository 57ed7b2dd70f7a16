/** Retryable writes: a session's last reply, kept in the transaction of the write that it answers. */
import { Binary } from 'bson';
import { CODES, errorOf, MongoletError } from '../errors.ts';
import type { Storage } from '../store/storage.ts';
import type { Doc, Value } from '../value/codec.ts';
import { isDoc } from '../value/type.ts';

const PREFIX = 'session/';
const HEADER_BYTES = 16;
/** As MongoDB's: a session lives 30 minutes after its last use. */
const SESSION_MS = 30 * 60 * 1000;

/** What identifies one retryable write. */
export interface WriteIdentity {
  readonly sessionKey: Buffer;
  readonly txnNumber: bigint;
}

/** Reads session and number of a command, or undefined when it has no number. */
export function writeIdentityOf(command: Doc): WriteIdentity | undefined {
  const number = command.txnNumber;
  if (number === undefined) return undefined;
  const id: Value = isDoc(command.lsid) ? command.lsid.id : undefined;
  if (!(id instanceof Binary))
    throw errorOf('InvalidOptions', 'Transaction number requires a session ID to also be specified');
  return {
    sessionKey: Buffer.concat([Buffer.from(PREFIX), id.buffer.subarray(0, id.position)]),
    txnNumber: BigInt(String(number)),
  };
}

/** Returns the reply kept for this very write; refuses a number older than the session's last. */
export function findReply(storage: Storage, identity: WriteIdentity): Buffer | undefined {
  const record = storage.get(storage.meta, identity.sessionKey);
  if (!record) return undefined;
  const last = record.readBigInt64BE(0);
  if (last === identity.txnNumber) return record.subarray(HEADER_BYTES);
  if (last < identity.txnNumber) return undefined;
  throw new MongoletError(
    CODES.TransactionTooOld,
    `Retryable write with txnNumber ${identity.txnNumber} is prohibited because a newer one, ${last}, has already started on this session.`,
  );
}

/** Keeps a reply, inside the batch of the write. */
export function keepReply(storage: Storage, identity: WriteIdentity, reply: Buffer): void {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeBigInt64BE(identity.txnNumber, 0);
  header.writeDoubleBE(Date.now(), 8);
  const previous = storage.get(storage.meta, identity.sessionKey);
  storage.put(storage.meta, identity.sessionKey, Buffer.concat([header, reply]), previous);
}

/** The records of sessions that have ended by age. */
export function expiredSessions(storage: Storage, nowMs: number): Buffer[] {
  const range = { low: Buffer.from(PREFIX), high: Buffer.from(`${PREFIX.slice(0, -1)}0`) };
  const expired: Buffer[] = [];
  for (const { key, value } of storage.scan(storage.meta, range)) {
    if (value.readDoubleBE(8) < nowMs - SESSION_MS) expired.push(key);
  }
  return expired;
}

/** Forgets a session, inside a batch. */
export function forgetSession(storage: Storage, sessionKey: Buffer): void {
  const previous = storage.get(storage.meta, sessionKey);
  if (previous) storage.remove(storage.meta, sessionKey, previous);
}
