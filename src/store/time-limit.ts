/** Queries whose cost their asker decides end in time. */
import { mongo } from 'mongoose';
import { RetryableError } from '../platform/errors.ts';

/** MongoDB's `MaxTimeMSExpired`. */
const EXPIRED = 50;

/** The answer of a query that the database was told to give up in time. @throws RetryableError when it did */
export async function inTime<T>(query: PromiseLike<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || error.code !== EXPIRED) throw error;
    throw new RetryableError('This takes the database too long; ask for less, such as fewer days.', {
      retryAfterMs: 1_000,
      cause: error,
    });
  }
}
