/** Brings the stored form to this version, and back: one process at a time, each migration once. */
import type { Connection } from 'mongoose';
import { Umzug } from 'umzug';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { LEASE_MS, withMigrationLock } from './migrations/lock.ts';
import type { Migration } from './migrations/migration.ts';

/** A migration and whether it has run. */
export interface MigrationState {
  name: string;
  /** Absent where it is still to run. */
  executedAt?: Date;
}

/** The migrations of one database. */
export interface Migrator {
  /** Runs what is pending; names what it ran. Several processes may call it at once: each migration runs once. */
  up(): Promise<string[]>;
  /** Undoes the last one; names it, or none. */
  down(): Promise<string[]>;
  status(): Promise<MigrationState[]>;
}

interface Executed {
  _id: string;
  executedAt: Date;
}

/** What a migrator stands on; another list of migrations, and another lease, are for tests. */
export interface MigratorParts {
  clock: Clock;
  newId: () => string;
  logger: Logger;
  migrations?: readonly Migration[];
  leaseMs?: number;
}

/** The migrator of that connection's database; what it does is logged. */
export function createMigrator(connection: Connection, parts: MigratorParts): Migrator {
  const { clock, newId, logger, migrations = MIGRATIONS, leaseMs = LEASE_MS } = parts;
  const executed = connection.collection<Executed>('migrations');
  const umzugWith = (assertHeld: () => void) =>
    new Umzug({
      migrations: migrations.map(({ name, up, down }) => ({
        name,
        async up() {
          assertHeld();
          await up(connection);
        },
        async down() {
          assertHeld();
          await down(connection);
        },
      })),
      storage: {
        async logMigration({ name }) {
          assertHeld();
          const executedAt = clock.now();
          await executed.updateOne({ _id: name }, { $set: { executedAt } }, { upsert: true });
        },
        async unlogMigration({ name }) {
          assertHeld();
          await executed.deleteOne({ _id: name });
        },
        executed: async () => (await executed.find().toArray()).map(({ _id }) => _id),
      },
      logger: {
        debug: (message) => logger.debug(message),
        info: (message) => logger.info(message, 'migration'),
        warn: (message) => logger.warn(message),
        error: (message) => logger.error(message),
      },
    });
  const locked = (work: (umzug: Umzug) => Promise<{ name: string }[]>) =>
    withMigrationLock({ connection, clock, holder: newId(), leaseMs }, async (assertHeld) =>
      (await work(umzugWith(assertHeld))).map(({ name }) => name),
    );
  return {
    async up() {
      // The usual start finds nothing to do, and needs no lock to see that.
      if ((await umzugWith(() => {}).pending()).length === 0) return [];
      return locked((umzug) => umzug.up());
    },
    down: () => locked((umzug) => umzug.down()),
    async status() {
      const times = new Map(
        (await executed.find().toArray()).map(({ _id, executedAt }) => [_id, executedAt]),
      );
      return migrations.map(({ name }) => {
        const executedAt = times.get(name);
        return { name, ...(executedAt && { executedAt }) };
      });
    },
  };
}
