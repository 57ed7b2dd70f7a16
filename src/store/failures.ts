/** Failures of the database as the engine's errors: what a later attempt can mend is retryable. */
import mongoose, { mongo } from 'mongoose';
import { RetryableError } from '../platform/errors.ts';

const RETRY_AFTER_MS = 1_000;

/** An operation whose server dies at the wrong moment is sometimes never answered by the driver. */
const ANSWER_TIMEOUT_MS = 20_000;

/** @throws RetryableError when there is no answer in time: whether it was done is unknown then */
async function answered<T>(operation: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const waited = `The database has not answered in ${ANSWER_TIMEOUT_MS} ms.`;
      reject(new RetryableError(waited, { retryAfterMs: RETRY_AFTER_MS }));
    }, ANSWER_TIMEOUT_MS);
    timer.unref();
  });
  try {
    return await Promise.race([operation, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

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
      answered(method.apply(repository, args)).catch((error: unknown) => {
        if (!isPassing(error)) throw error;
        throw new RetryableError('The database does not answer now.', {
          retryAfterMs: RETRY_AFTER_MS,
          cause: error,
        });
      });
  return Object.fromEntries(Object.entries(repository).map(([name, method]) => [name, call(method)])) as T;
}
