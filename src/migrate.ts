/** `npm run migrate -- status | up | down`: shows, runs, or undoes the last of the migrations. */
import { v7 as newId } from 'uuid';
import { runTool, withDatabase } from './engine/database-tool.ts';
import { systemClock } from './platform/clock.ts';
import { ConfigError } from './platform/config.ts';
import { createMigrator, type Migrator } from './store/migrate.ts';

const COMMANDS: Readonly<Record<string, (migrator: Migrator) => Promise<string[]>>> = {
  up: async (migrator) => told(await migrator.up(), 'ran', 'Nothing is pending.'),
  down: async (migrator) => told(await migrator.down(), 'undone', 'There is nothing to undo.'),
  async status(migrator) {
    const states = await migrator.status();
    return states.map(
      ({ name, executedAt }) => `${executedAt?.toISOString() ?? 'pending'.padEnd(24)}  ${name}`,
    );
  },
};

function told(names: string[], what: string, otherwise: string): string[] {
  return names.length === 0 ? [otherwise] : names.map((name) => `${what}: ${name}`);
}

async function run(command: string | undefined): Promise<number> {
  const work = COMMANDS[command ?? ''];
  if (!work) throw new ConfigError([`Expected status, up or down, got ${command ?? 'nothing'}.`]);
  const lines = await withDatabase(({ connection, logger }) =>
    work(createMigrator(connection, { clock: systemClock, newId, logger })),
  );
  for (const line of lines) process.stdout.write(`${line}\n`);
  return 0;
}

await runTool(() => run(process.argv[2]), 1);
