/** The books: one LMDB environment; what is decided in one turn of the event loop shares a transaction and a flush. */
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Task } from './agenda.ts';
import type { ChargeEntry } from './charges.ts';
import type { ParcelEntry } from './parcels.ts';
import type { Destination } from './webhooks.ts';

/** Virtual address space, not disk. */
const MAP_SIZE_BYTES = 2 ** 36;

/** What the gateway and the carrier know. Reading is allowed at any time, `putSync` and `removeSync` inside `write`. */
export interface Books {
  /** By charge key. */
  charges: Database<ChargeEntry, string>;
  /** By parcel key. */
  parcels: Database<ParcelEntry, string>;
  /** Order, kind, key: which charges and parcels are of which order. */
  orders: Database<true, [string, 'charge' | 'parcel', string]>;
  /** Due time in milliseconds, id: what is yet to happen by itself. */
  agenda: Database<Task, [number, string]>;
  settings: Database<Destination, 'webhook'>;
  /**
   * Runs the action with those of others in one transaction; resolves with its result when that is on disk. An
   * action that throws must do so before it has written anything.
   */
  write<T>(action: () => T): Promise<T>;
  /** Lets what was begun be written, then closes the files. */
  close(): Promise<void>;
}

/** Opens the books in that folder, or begins new ones. @throws what the file system says */
export function openBooks(folder: string): Books {
  // overlappingSync would confirm a commit before it is flushed.
  const root = open({ path: folder, mapSize: MAP_SIZE_BYTES, maxDbs: 8, overlappingSync: false });
  const { write, drain } = createGroupCommit(root);
  return {
    charges: root.openDB({ name: 'charges' }),
    parcels: root.openDB({ name: 'parcels' }),
    orders: root.openDB({ name: 'orders' }),
    agenda: root.openDB({ name: 'agenda' }),
    settings: root.openDB({ name: 'settings' }),
    write,
    async close() {
      await drain();
      await root.close();
    },
  };
}

function createGroupCommit(root: RootDatabase) {
  let waiting: { run: () => void; settle: (failure?: unknown) => void }[] = [];
  let committed = Promise.resolve();

  function commit(): void {
    const batch = waiting;
    waiting = [];
    let failure: unknown;
    try {
      // Synchronous: lmdb's own batches cost more than the flush that they hide. The next one gathers in the sockets.
      root.transactionSync(() => {
        for (const { run } of batch) run();
      });
    } catch (error) {
      failure = error;
    }
    for (const { settle } of batch) settle(failure);
  }

  return {
    write<T>(action: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let outcome: { value: T } | { error: unknown } | undefined;
        const run = () => {
          try {
            outcome = { value: action() };
          } catch (error) {
            outcome = { error };
          }
        };
        const settle = (failure?: unknown) => {
          if (failure !== undefined || outcome === undefined) reject(failure);
          else if ('error' in outcome) reject(outcome.error);
          else resolve(outcome.value);
        };
        if (waiting.push({ run, settle }) > 1) return;
        // After the poll phase: every request that was readable in this turn has been read by then.
        committed = new Promise((done) => {
          setImmediate(() => {
            commit();
            done();
          });
        });
      });
    },
    drain: () => committed,
  };
}
