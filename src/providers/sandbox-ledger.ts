/** The book of a sandbox provider: one durable document a key, changed by single-document operations alone. */
import { type Connection, mongo } from 'mongoose';
import type { Clock } from '../platform/clock.ts';
import { messageOf, RetryableError } from '../platform/errors.ts';

const DURABLE = { writeConcern: { w: 'majority', journal: true } } as const;

/** Sees every acknowledged write, whichever server is primary; it needs a limit, for it waits for a majority. */
const EXACT = { readConcern: { level: 'linearizable' }, maxTimeMS: 10_000 } as const;

const DUPLICATE_KEY = 11_000;

/** One entry: its `_id` is the idempotency key that it answers to. */
export interface LedgerEntry extends mongo.BSON.Document {
  _id: string;
}

/** A provider's book. Every operation throws RetryableError when the book cannot be reached. */
export interface Ledger<TEntry extends LedgerEntry> {
  /** Adds the entry; false when its key is in the book already. */
  insert(entry: TEntry): Promise<boolean>;
  find(key: string): Promise<TEntry | undefined>;
  /** Changes the one entry that matches, in one step, and gives it back changed; undefined when none does. */
  change(filter: mongo.Filter<TEntry>, update: mongo.UpdateFilter<TEntry>): Promise<TEntry | undefined>;
  /** Sums up the whole book; for audits, for it reads every entry. */
  summarise<TRow extends mongo.BSON.Document>(pipeline: mongo.BSON.Document[]): Promise<TRow[]>;
}

/** A server that dies just when a command is sent leaves the driver waiting for ever: no option of its own ends that. */
const LIMIT_MS = 15_000;

async function reached<T>(operation: Promise<T>, clock: Clock): Promise<T> {
  let cancel = () => {};
  const limit = new Promise<never>((_, reject) => {
    cancel = clock.after(LIMIT_MS, () => reject(new Error(`no answer in ${LIMIT_MS} ms`)));
  });
  try {
    return await Promise.race([operation, limit]);
  } catch (cause) {
    throw new RetryableError(`The sandbox ledger failed: ${messageOf(cause)}`, { cause });
  } finally {
    cancel();
  }
}

/** The book of that name in the connection's database; made by its first entry. */
export function openLedger<TEntry extends LedgerEntry>(
  connection: Connection,
  name: string,
  clock: Clock,
): Ledger<TEntry> {
  // The plain collection: a model would hydrate and validate what only this process writes.
  const entries = connection.collection<TEntry>(name);
  return {
    async insert(entry) {
      const insertion = entries.insertOne(entry as mongo.OptionalUnlessRequiredId<TEntry>, DURABLE);
      const inserted = insertion.then(
        () => true,
        (error: unknown) => {
          if (error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY) return false;
          throw error;
        },
      );
      return reached(inserted, clock);
    },
    async find(key) {
      const found = await reached(entries.findOne({ _id: key } as mongo.Filter<TEntry>, EXACT), clock);
      return (found as TEntry | null) ?? undefined;
    },
    async change(filter, update) {
      const options = { ...DURABLE, returnDocument: 'after' } as const;
      const changed = await reached(entries.findOneAndUpdate(filter, update, options), clock);
      return (changed as TEntry | null) ?? undefined;
    },
    summarise<TRow extends mongo.BSON.Document>(pipeline: mongo.BSON.Document[]) {
      return reached(entries.aggregate<TRow>(pipeline).toArray(), clock);
    },
  };
}
