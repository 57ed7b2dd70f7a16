/** `npm run machine -- check|migrate|restore`: takes the orders of a database to the newest machine, or back. */
import { parseArgs } from 'node:util';
import { type Direction, type UpgradeReport, upgrade } from '../../src/actors/upgrade.ts';
import { createVersions } from '../../src/actors/versions.ts';
import { startEmbedded } from '../../src/embedded/services.ts';
import { orderMachines, orderMigrations } from '../../src/machines/order-versions.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { readEnvironment } from '../../src/platform/config.ts';
import { messageOf } from '../../src/platform/errors.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { connectStore } from '../../src/store/connect.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { createOrderStore } from '../../src/store/order-store.ts';

const USAGE = `Usage: npm run machine -- COMMAND [--ended]

  check      dry-runs the migration over all orders and names every one that cannot go
  migrate    takes them to the newest version, while the engine runs; can be ended and begun again
  restore    takes back the last migration of every order that has not moved since
  --ended    the ended orders too: completed ones can be returned only on the newest version

The database is that of MONGODB_URI, or the embedded one under ORDO_DATA_DIR.
`;

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  check: 'check',
  migrate: 'forth',
  restore: 'back',
};

function show(command: string, { gone, stays }: UpgradeReport, { ended }: { ended: boolean }): void {
  const verb = command === 'check' ? 'can go' : 'went';
  for (const { id, state, version, why } of stays)
    process.stdout.write(`${id}  ${state}  version ${version}: ${why}\n`);
  process.stdout.write(
    `${gone} orders ${verb}, ${stays.length} stay where they are${ended ? '' : ' (ended ones not looked at)'}.\n`,
  );
}

async function run(command: string, direction: Direction, ended: boolean): Promise<number> {
  const environment = readEnvironment(process.env);
  const services = await startEmbedded({
    dataDir: environment.ORDO_DATA_DIR,
    ...(environment.MONGODB_URI !== undefined && { mongodbUri: environment.MONGODB_URI }),
    ...(environment.REDIS_URL !== undefined && { redisUrl: environment.REDIS_URL }),
    logger: createLogger('warn'),
  });
  try {
    const connection = await connectStore(services.mongodbUri);
    const parts = {
      store: createOrderStore(orderModel(connection)),
      versions: createVersions(orderMachines, orderMigrations),
      clock: systemClock,
      leases: { leaseMs: environment.ORDO_LEASE_MS },
    };
    const report = await upgrade(parts, direction, { ended }, ({ gone, stays }) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${gone} orders, ${stays.length} stay `);
    });
    if (process.stderr.isTTY) process.stderr.write('\r');
    show(command, report, { ended });
    await connection.close();
    return report.stays.length === 0 ? 0 : 1;
  } finally {
    await services.stop();
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ended: { type: 'boolean', default: false } },
});
const [command = ''] = positionals;
const direction = DIRECTIONS[command];
if (direction === undefined || positionals.length !== 1) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await run(command, direction, values.ended).catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    return 2;
  });
}
