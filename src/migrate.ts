/** `npm run migrate -- status | up | down`: shows, runs, or undoes the last of the migrations. */
import { v7 as newId } from 'uuid';
import { startEmbedded } from './embedded/services.ts';
import { systemClock } from './platform/clock.ts';
import { ConfigError, readEnvironment } from './platform/config.ts';
import { messageOf } from './platform/errors.ts';
import { createLogger } from './platform/logger.ts';
import { connectStore } from './store/connect.ts';
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

async function run(command: string | undefined): Promise<string[]> {
  const work = COMMANDS[command ?? ''];
  if (!work) throw new ConfigError([`Expected status, up or down, got ${command ?? 'nothing'}.`]);
  const environment = readEnvironment(process.env);
  const { MONGODB_URI: mongodbUri, REDIS_URL: redisUrl } = environment;
  const logger = createLogger(environment.ORDO_LOG_LEVEL ?? 'warn');
  const services = await startEmbedded({
    dataDir: environment.ORDO_DATA_DIR,
    ...(mongodbUri !== undefined && { mongodbUri }),
    ...(redisUrl !== undefined && { redisUrl }),
    logger,
  });
  try {
    const connection = await connectStore(services.mongodbUri);
    try {
      return await work(createMigrator(connection, { clock: systemClock, newId, logger }));
    } finally {
      await connection.close();
    }
  } finally {
    await services.stop();
  }
}

try {
  for (const line of await run(process.argv[2])) process.stdout.write(`${line}\n`);
} catch (error) {
  const lines = error instanceof ConfigError ? error.lines : [messageOf(error)];
  for (const line of lines) process.stderr.write(`ordo: ${line}\n`);
  process.exitCode = 1;
}
