/** A database as this version has it. */
import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import { pino } from 'pino';
import { systemClock } from '../../src/platform/clock.ts';
import { createMigrator } from '../../src/store/migrate.ts';

/** Runs the migrations, indexes among them, on that connection's database. */
export async function migrate(connection: Connection): Promise<void> {
  const logger = pino({ level: 'silent' });
  await createMigrator(connection, { clock: systemClock, newId: randomUUID, logger }).up();
}
