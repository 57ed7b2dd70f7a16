/** Telling which unique index refused a write. */
import { mongo } from 'mongoose';

/** True for MongoDB's error 11000 on the index over that field. */
export function isDuplicateKey(error: unknown, field: string): boolean {
  if (!(error instanceof mongo.MongoServerError) || error.code !== 11_000) return false;
  return field in ((error as { keyPattern?: object }).keyPattern ?? {});
}
