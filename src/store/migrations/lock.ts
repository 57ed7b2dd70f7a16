/** The lock on migrations: a lease in MongoDB, so that one process runs them, and none that died holds the others up. */
import { type Connection, mongo } from 'mongoose';
import type { Clock } from '../../platform/clock.ts';

/** How long the lock outlives a holder that died. */
export const LEASE_MS = 15_000;
/** Within one lease. */
const RENEWALS = 5;
const POLL_MS = 200;
const ID = 'migrations';

interface Lock {
  _id: string;
  holder: string;
  expiresAt: Date;
}

/** Who takes the lock, and where it stands. */
export interface LockParts {
  connection: Connection;
  clock: Clock;
  /** Names this process, uniquely. */
  holder: string;
  leaseMs: number;
}

/**
 * Runs the work while nobody else does, waiting for as long as somebody does. `assertHeld` throws once another
 * process may have taken the lock: ask it before each step.
 * @throws what the work throws
 */
export async function withMigrationLock<T>(
  { connection, clock, holder, leaseMs }: LockParts,
  work: (assertHeld: () => void) => Promise<T>,
): Promise<T> {
  const locks = connection.collection<Lock>('locks');
  const nowMs = () => clock.now().getTime();
  let heldUntilMs = 0;
  const take = async (): Promise<boolean> => {
    const askedAtMs = nowMs();
    const taken = await tryTake(locks, holder, new Date(askedAtMs), leaseMs);
    if (taken) heldUntilMs = askedAtMs + leaseMs;
    return taken;
  };
  while (!(await take())) await new Promise<void>((resolve) => void clock.after(POLL_MS, resolve));
  let cancel = () => {};
  const renew = () => {
    cancel = clock.after(
      leaseMs / RENEWALS,
      () =>
        void take()
          .catch(() => undefined)
          .then(renewUnlessDone),
    );
  };
  let done = false;
  const renewUnlessDone = () => {
    if (!done) renew();
  };
  renew();
  try {
    return await work(() => {
      if (nowMs() >= heldUntilMs)
        throw new Error('The lock on migrations was lost: the database did not answer in time. Start again.');
    });
  } finally {
    done = true;
    cancel();
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
