/** The lock on migrations: a lease in MongoDB, so that one process runs them, and none that died holds the others up. */
import { setTimeout as wait } from 'node:timers/promises';
import { type Connection, mongo } from 'mongoose';

/** How long the lock outlives a holder that died. */
export const LEASE_MS = 15_000;
const RENEW_MS = LEASE_MS / 5;
const POLL_MS = 200;
const ID = 'migrations';

interface Lock {
  _id: string;
  holder: string;
  expiresAt: Date;
}

/**
 * Runs the work while nobody else does, waiting for as long as somebody does. `holder` names this process,
 * uniquely. `assertHeld` throws once another process may have taken the lock: ask it before each step.
 * @throws what the work throws
 */
export async function withMigrationLock<T>(
  connection: Connection,
  holder: string,
  work: (assertHeld: () => void) => Promise<T>,
  leaseMs = LEASE_MS,
): Promise<T> {
  const locks = connection.collection<Lock>('locks');
  let heldUntilMs = 0;
  const take = async (): Promise<boolean> => {
    const askedAtMs = Date.now();
    const taken = await tryTake(locks, holder, new Date(askedAtMs), leaseMs);
    if (taken) heldUntilMs = askedAtMs + leaseMs;
    return taken;
  };
  while (!(await take())) await wait(POLL_MS);
  const renewal = setInterval(() => void take().catch(() => undefined), Math.min(RENEW_MS, leaseMs / 3));
  try {
    return await work(() => {
      if (Date.now() >= heldUntilMs)
        throw new Error('The lock on migrations was lost: the database did not answer in time. Start again.');
    });
  } finally {
    clearInterval(renewal);
    await locks.deleteOne({ _id: ID, holder }).catch(() => undefined);
  }
}

/** Takes the lock where it is free, over, or one's own. */
async function tryTake(
  locks: mongo.Collection<Lock>,
  holder: string,
  now: Date,
  leaseMs: number,
): Promise<boolean> {
  try {
    await locks.updateOne(
      { _id: ID, $or: [{ holder }, { expiresAt: { $lte: now } }] },
      { $set: { holder, expiresAt: new Date(now.getTime() + leaseMs) } },
      { upsert: true },
    );
    return true;
  } catch (error) {
    // It exists and is another's: the upsert found nothing to update and could not insert.
    if (error instanceof mongo.MongoServerError && error.code === 11_000) return false;
    throw error;
  }
}
