/** The connection to MongoDB, with the guarantees that the promises stand on. */
import mongoose, { type Connection } from 'mongoose';

const SELECTION_TIMEOUT_MS = 10_000;

// An unknown field in a filter must be an error, never a filter that matches everything.
mongoose.set('strictQuery', 'throw');
mongoose.set('sanitizeFilter', true);

/** Four kinds of writes go in groups, eight round trips of each at once; the rest is for everything else. */
const POOL_SIZE = 48;

/** Connects; every write waits for the majority and its journal, every read sees committed data. */
export async function connectStore(uri: string, poolSize = POOL_SIZE): Promise<Connection> {
  const connection = mongoose.createConnection(uri, {
    serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
    maxPoolSize: poolSize,
    writeConcern: { w: 'majority', journal: true },
    readConcernLevel: 'majority',
    autoIndex: false,
    autoCreate: false,
    minPoolSize: 0,
  });
  try {
    return await connection.asPromise();
  } catch (error) {
    await connection.close(true).catch(() => undefined);
    throw error;
  }
}
