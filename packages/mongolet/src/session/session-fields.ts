/** What a command says about its session: `lsid`, `txnNumber`, `autocommit` and `startTransaction`, checked. */
import { Binary, Long } from 'bson';
import { errorOf, type MongoletError } from '../errors.ts';
import type { Doc, Value } from '../value/codec.ts';
import { isDoc } from '../value/type.ts';

const PREFIX = 'session/';

/** A number inside a session: of a retryable write, or of a transaction. */
export interface WriteIdentity {
  /** Where the session's record is kept. */
  readonly sessionKey: Buffer;
  readonly txnNumber: bigint;
}

/** The part that a command has in a transaction. */
export interface TransactionFields extends WriteIdentity {
  readonly isStart: boolean;
}

/** The key of a session's record, or undefined when the command has no session. */
export function sessionKeyOf(lsid: Value): Buffer | undefined {
  const id: Value = isDoc(lsid) ? lsid.id : undefined;
  if (!(id instanceof Binary)) return undefined;
  return Buffer.concat([Buffer.from(PREFIX), id.buffer.subarray(0, id.position)]);
}

/** The session's own id, out of the key of its record. */
export function sessionIdOf(sessionKey: Buffer): Buffer {
  return sessionKey.subarray(PREFIX.length);
}

/** Where the records of all sessions are kept. */
export function allSessions(): { low: Buffer; high: Buffer } {
  return { low: Buffer.from(PREFIX), high: Buffer.from(`${PREFIX.slice(0, -1)}0`) };
}

/** Reads session and number of a command, or undefined when it has no number. */
export function writeIdentityOf(command: Doc): WriteIdentity | undefined {
  const number = command.txnNumber;
  if (number === undefined) return undefined;
  const sessionKey = sessionKeyOf(command.lsid);
  if (!sessionKey)
    throw errorOf('InvalidOptions', 'Transaction number requires a session ID to also be specified');
  if (!(number instanceof Long))
    throw errorOf('TypeMismatch', "BSON field 'txnNumber' is the wrong type, expected type 'long'");
  const txnNumber = number.toBigInt();
  if (txnNumber < 0n) throw errorOf('InvalidOptions', 'Transaction number cannot be negative');
  return { sessionKey, txnNumber };
}

/** Reads the part that a command has in a transaction, or undefined when it has none. */
export function transactionFieldsOf(command: Doc): TransactionFields | undefined {
  const { autocommit, startTransaction } = command;
  if (autocommit === undefined) {
    if (startTransaction === undefined) return undefined;
    throw errorOf(
      'InvalidOptions',
      "'startTransaction' field requires 'autocommit' field to also be specified",
    );
  }
  const identity = writeIdentityOf(command);
  if (!identity) {
    throw errorOf('InvalidOptions', "'autocommit' field requires a transaction number to also be specified");
  }
  if (autocommit !== false) throw errorOf('InvalidOptions', 'Specifying autocommit=true is not allowed.');
  if (startTransaction !== undefined && startTransaction !== true) {
    throw errorOf('InvalidOptions', 'Specifying startTransaction=false is not allowed.');
  }
  return { ...identity, isStart: startTransaction === true };
}

/** The error of a number that came too late. */
export function tooOld(identity: WriteIdentity, last: bigint): MongoletError {
  return errorOf(
    'TransactionTooOld',
    `Cannot use txnNumber ${identity.txnNumber} because a newer one, ${last}, has already started on this session.`,
  );
}
