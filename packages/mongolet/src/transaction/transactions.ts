/** The transactions of all sessions: each session has one at most, the newest. */
import { errorOf, MongoletError } from '../errors.ts';
import type { Cursors } from '../session/cursors.ts';
import { findRecord, keepReply, SESSION_MS } from '../session/retry-records.ts';
import {
  sessionIdOf,
  type TransactionFields,
  tooOld,
  type WriteIdentity,
} from '../session/session-fields.ts';
import type { Catalog } from '../store/catalog.ts';
import type { ChangeLog } from '../store/change-log.ts';
import type { CommitQueue } from '../store/commit-queue.ts';
import type { Storage } from '../store/storage.ts';
import { Transaction } from './transaction.ts';

/** MongoDB's `transactionLifetimeLimitSeconds`. */
const LIFETIME_LIMIT_S = 60;

/** What transactions are made of. */
export interface TransactionParts {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly queue: CommitQueue;
  readonly cursors: Cursors;
  readonly log: ChangeLog;
}

/** Begins, finds and ends transactions. */
export class Transactions {
  readonly lifetimeLimitS: number;
  readonly #parts: TransactionParts;
  /** By the session's key; one that has ended stays for a while, to answer repeated commits. */
  readonly #last = new Map<string, { transaction: Transaction; usedMs: number }>();

  #isClosed = false;

  constructor(parts: TransactionParts, lifetimeLimitS = LIFETIME_LIMIT_S) {
    this.#parts = parts;
    this.lifetimeLimitS = lifetimeLimitS;
  }

  /** The running transaction that a statement belongs to, begun now if the statement says so. */
  forStatement(fields: TransactionFields): Transaction {
    return fields.isStart ? this.#begin(fields) : this.#running(fields);
  }

  #begin(fields: TransactionFields): Transaction {
    if (this.#isClosed) throw new MongoletError(91, 'the server ends', { codeName: 'ShutdownInProgress' });
    const { catalog } = this.#parts;
    const last = this.#lastOf(fields);
    const lastNumber = this.#lastNumber(fields, last);
    if (lastNumber !== undefined && lastNumber > fields.txnNumber) throw tooOld(fields, lastNumber);
    if (lastNumber === fields.txnNumber) {
      throw new MongoletError(
        50911,
        `Cannot start a transaction at given transaction number ${fields.txnNumber}: it was used before on this session`,
      );
    }
    if (last) this.abort(last);
    const transaction = new Transaction(fields, catalog.openView(), this.lifetimeLimitS * 1000, () =>
      this.abort(transaction),
    );
    this.#last.set(nameOf(fields), { transaction, usedMs: Date.now() });
    return transaction;
  }

  #running(identity: WriteIdentity): Transaction {
    const transaction = this.#named(identity);
    if (transaction?.state === 'running') return transaction;
    if (transaction?.state === 'aborted') throw noSuch(identity, 'has been aborted');
    throw errorOf(
      'TransactionCommitted',
      `Transaction with { txnNumber: ${identity.txnNumber} } has been committed.`,
    );
  }

  /** The transaction of this number; undefined when nothing is left of it but the record that it was committed. */
  #named(identity: WriteIdentity): Transaction | undefined {
    const last = this.#lastOf(identity);
    const lastNumber = this.#lastNumber(identity, last);
    if (lastNumber !== undefined && lastNumber > identity.txnNumber) throw tooOld(identity, lastNumber);
    if (last?.identity.txnNumber === identity.txnNumber) return last;
    const record = findRecord(this.#parts.storage, identity.sessionKey);
    if (record?.txnNumber === identity.txnNumber && !record.reply) return undefined;
    throw noSuch(identity, 'does not match any transaction in progress');
  }

  /** Commits; resolves when that is durable, also for a transaction that was committed before, and before a crash. */
  async commit(identity: WriteIdentity): Promise<void> {
    const transaction = this.#named(identity);
    if (!transaction || transaction.state === 'committed') return;
    if (transaction.state === 'aborted') throw noSuch(identity, 'has been aborted');
    transaction.commit ??= this.#commit(transaction);
    await transaction.commit;
  }

  async #commit(transaction: Transaction): Promise<void> {
    const { storage, catalog, queue, cursors, log } = this.#parts;
    const { view, identity } = transaction;
    transaction.state = 'committing';
    cursors.closeAllOwnedBy(view);
    try {
      if (view.hasWrites) {
        await queue.execute(() => {
          catalog.commitView(view);
          log.noteAll(view.changes, {
            sessionId: sessionIdOf(identity.sessionKey),
            txnNumber: identity.txnNumber,
          });
          keepReply(storage, identity, undefined);
        });
      }
      transaction.end('committed');
    } catch (error) {
      transaction.end('aborted');
      throw error;
    }
  }

  /** Aborts what a client names. */
  abortNamed(identity: WriteIdentity): void {
    const transaction = this.#running(identity);
    this.abort(transaction);
  }

  /** Undoes all that a transaction did; one that is being committed or has ended is left alone. */
  abort(transaction: Transaction): void {
    if (transaction.state !== 'running') return;
    this.#parts.cursors.closeAllOwnedBy(transaction.view);
    transaction.end('aborted');
  }

  /** Aborts the running transaction of a session, or of all. */
  abortSessions(sessionKey?: Buffer): void {
    for (const [name, { transaction }] of this.#last)
      if (sessionKey === undefined || name === sessionKey.toString('latin1')) this.abort(transaction);
  }

  /** Aborts all and begins none any more. */
  close(): void {
    this.#isClosed = true;
    this.abortSessions();
  }

  /** A retryable write ends the transaction before it on its session, and may not come after a later one. */
  beforeRetryableWrite(identity: WriteIdentity): void {
    if (this.#last.size === 0) return;
    const last = this.#lastOf(identity);
    if (!last) return;
    if (last.identity.txnNumber >= identity.txnNumber) throw tooOld(identity, last.identity.txnNumber);
    this.abort(last);
  }

  /** Forgets sessions that have not been used for long. */
  forgetOld(nowMs: number): void {
    for (const [name, { usedMs }] of this.#last) if (usedMs < nowMs - SESSION_MS) this.#last.delete(name);
  }

  #lastOf(identity: WriteIdentity): Transaction | undefined {
    return this.#last.get(nameOf(identity))?.transaction;
  }

  /** The newest number that the session is known to have used, for a transaction or for a write. */
  #lastNumber(identity: WriteIdentity, last: Transaction | undefined): bigint | undefined {
    const record = findRecord(this.#parts.storage, identity.sessionKey)?.txnNumber;
    const inMemory = last?.identity.txnNumber;
    return record !== undefined && (inMemory === undefined || record > inMemory) ? record : inMemory;
  }
}

function noSuch(identity: WriteIdentity, what: string): MongoletError {
  return errorOf('NoSuchTransaction', `Transaction with { txnNumber: ${identity.txnNumber} } ${what}.`);
}

function nameOf(identity: WriteIdentity): string {
  return identity.sessionKey.toString('latin1');
}
