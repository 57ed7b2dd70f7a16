/** Failures of the database as the engine's errors: what a later attempt can mend is retryable. */
import mongoose, { mongo } from 'mongoose';
import { RetryableError } from '../platform/errors.ts';

const RETRY_AFTER_MS = 1_000;

/** The database was away or changed its primary: a later attempt can succeed. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongoose.Error.MongooseServerSelectionError ||
    error instanceof mongo.MongoWriteConcernError ||
    (error instanceof mongo.MongoError &&
      (error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('TransientTransactionError')))
  );
}

/** The same repository, whose methods throw a RetryableError when the database is away or changes its primary. */
export function withRetryableFailures<T extends object>(repository: T): T {
  const call =
    (method: (...args: unknown[]) => Promise<unknown>) =>
    (...args: unknown[]) =>
      method.apply(repository, args).catch((error: unknown) => {
        if (!isPassing(error)) throw error;
        throw new RetryableError('The database does not answer now.', {
          retryAfterMs: RETRY_AFTER_MS,
          cause: error,
        });
      });
  return Object.fromEntries(Object.entries(repository).map(([name, method]) => [name, call(method)])) as T;
}
