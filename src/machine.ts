/** `npm run machine -- check|migrate|restore`: takes the orders of a database to the newest machine, or back. */
import { parseArgs } from 'node:util';
import { type Direction, type Journey, type UpgradeReport, upgrade } from './actors/upgrade.ts';
import { createVersions } from './actors/versions.ts';
import { runTool, withDatabase } from './engine/database-tool.ts';
import { orderMachines, orderMigrations } from './machines/order-versions.ts';
import { systemClock } from './platform/clock.ts';
import { ConfigError } from './platform/config.ts';
import { messageOf } from './platform/errors.ts';
import { orderModel } from './store/order-model.ts';
import { createOrderStore } from './store/order-store.ts';

const USAGE = [
  'Usage: npm run machine -- COMMAND [--ended] [--to VERSION]',
  '  check      dry-runs the migration over all orders and names every one that cannot go',
  '  migrate    takes them to the newest version, while the engine runs; can be ended and begun again',
  '  restore    takes every order that has not moved since its migration back to VERSION, the one before the newest',
  '  --ended    the ended orders too: completed ones can be returned only on the newest version',
  'The database is that of MONGODB_URI, or the embedded one under ORDO_DATA_DIR.',
];

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  check: 'check',
  migrate: 'forth',
  restore: 'back',
};

const VERSIONS = orderMachines.map(({ version }) => version);

/** Where a command leads to. @throws Error when that is no version, or not for that command */
function destination(direction: Direction, given: string | undefined): string | undefined {
  const to = direction === 'back' ? (given ?? VERSIONS.at(-2)) : given;
  if (to === undefined) return undefined;
  if (direction !== 'back') throw new Error('--to is for restore; the others lead to the newest version.');
  if (!VERSIONS.includes(to)) throw new Error(`Expected a version of ${VERSIONS.join(', ')}, got ${to}.`);
  return to;
}

/** What the arguments ask for. @throws ConfigError with the usage */
function readArguments(args: string[]): { command: string; direction: Direction; journey: Journey } {
  try {
    const options = { ended: { type: 'boolean', default: false }, to: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
    const [command = 'nothing', ...more] = positionals;
    const direction = DIRECTIONS[command];
    if (direction === undefined || more.length > 0)
      throw new Error(`Expected check, migrate or restore, got ${[command, ...more].join(' ')}.`);
    return { command, direction, journey: { ended: values.ended, to: destination(direction, values.to) } };
  } catch (error) {
    throw new ConfigError([messageOf(error), ...USAGE]);
  }
}

function show(command: string, { gone, stays }: UpgradeReport, ended: boolean): void {
  const verb = command === 'check' ? 'can go' : 'went';
  for (const { id, state, version, why } of stays)
    process.stdout.write(`${id}  ${state}  version ${version}: ${why}\n`);
  process.stdout.write(
    `${gone} orders ${verb}, ${stays.length} stay where they are${ended ? '' : ' (ended ones not looked at)'}.\n`,
  );
}

/** 0 when every order went, or can go; 1 when one stays. */
async function run(args: string[]): Promise<number> {
  const { command, direction, journey } = readArguments(args);
  const report = await withDatabase(({ connection, environment }) => {
    const parts = {
      store: createOrderStore(orderModel(connection)),
      versions: createVersions(orderMachines, orderMigrations),
      clock: systemClock,
      leases: { leaseMs: environment.ORDO_LEASE_MS },
    };
    return upgrade(parts, direction, journey, ({ gone, stays }) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${gone} orders, ${stays.length} stay `);
    });
  });
  if (process.stderr.isTTY) process.stderr.write('\r');
  show(command, report, journey.ended);
  return report.stays.length === 0 ? 0 : 1;
}

await runTool(() => run(process.argv.slice(2)), 2);
