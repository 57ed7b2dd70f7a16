import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { systemClock } from '../../src/platform/clock.ts';
import { connectStore } from '../../src/store/connect.ts';
import { createMigrator } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations/all.ts';
import { withMigrationLock } from '../../src/store/migrations/lock.ts';
import type { Migration } from '../../src/store/migrations/migration.ts';
import { startEngine } from '../support/engine.ts';
import { shareServices } from '../support/services.ts';

const services = shareServices(test);
const parts = { clock: systemClock, newId: randomUUID, logger: pino({ level: 'silent' }) };
const MIGRATE = fileURLToPath(new URL('../../dist/migrate.js', import.meta.url));
let databases = 0;

/** A connection to a database of the test's own. */
async function connect(t: ExecutionContext) {
  databases += 1;
  const name = `migrate${databases}`;
  const uri = services().mongodbUri.replace('/ordo?', `/${name}?`);
  const connection = await connectStore(uri);
  t.teardown(() => connection.close());
  return { uri, connection };
}

/** Migrations that count how often they ran. */
function counting(names: string[]) {
  const ran: string[] = [];
  const migrations: Migration[] = names.map((name) => ({
    name,
    up: async () => void ran.push(`up ${name}`),
    down: async () => void ran.push(`down ${name}`),
  }));
  return { ran, migrations };
}

const indexesOf = async ({ connection }: Awaited<ReturnType<typeof connect>>, collection: string) =>
  (await connection.collection(collection).listIndexes().toArray()).map(({ name }) => name as string).sort();

test('up runs what is pending in order, down the last one, and status tells', async (t) => {
  const { connection } = await connect(t);
  const { ran, migrations } = counting(['0001-a', '0002-b', '0003-c']);
  const first = createMigrator(connection, { ...parts, migrations: migrations.slice(0, 2) });
  t.deepEqual(await first.up(), ['0001-a', '0002-b']);
  const migrator = createMigrator(connection, { ...parts, migrations });
  const pending = (await migrator.status()).filter(({ executedAt }) => executedAt === undefined);
  t.deepEqual(pending, [{ name: '0003-c' }]);
  t.deepEqual(await migrator.up(), ['0003-c']);
  t.deepEqual(await migrator.up(), []);
  t.deepEqual(await migrator.down(), ['0003-c']);
  t.deepEqual(await migrator.up(), ['0003-c']);
  t.deepEqual(ran, ['up 0001-a', 'up 0002-b', 'up 0003-c', 'down 0003-c', 'up 0003-c']);
});

test('of ten that start at once each migration runs once', async (t) => {
  const { connection } = await connect(t);
  const { ran, migrations } = counting(['0001-a', '0002-b']);
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => createMigrator(connection, { ...parts, migrations }).up()),
  );
  t.deepEqual(ran, ['up 0001-a', 'up 0002-b']);
  t.is(outcomes.filter((names) => names.length > 0).length, 1);
});

test('one that fails is run again from its beginning, and what came before it is not', async (t) => {
  const { connection } = await connect(t);
  const { ran, migrations } = counting(['0001-a', '0002-b']);
  const broken = migrations.map((one) =>
    one.name === '0002-b' ? { ...one, up: () => Promise.reject(new Error('the disk is full')) } : one,
  );
  await t.throwsAsync(createMigrator(connection, { ...parts, migrations: broken }).up(), {
    message: /disk is full/,
  });
  t.deepEqual(await createMigrator(connection, { ...parts, migrations }).up(), ['0002-b']);
  t.deepEqual(ran, ['up 0001-a', 'up 0002-b']);
});

test('the lock of a process that died is taken over when its lease is over, and not before', async (t) => {
  const { connection } = await connect(t);
  const locks = connection.collection('locks');
  const expiresAt = new Date(Date.now() + 400);
  await locks.insertOne({ _id: 'migrations' as never, holder: 'dead', expiresAt });
  const { ran, migrations } = counting(['0001-a']);
  await createMigrator(connection, { ...parts, migrations }).up();
  t.true(Date.now() >= expiresAt.getTime());
  t.deepEqual(ran, ['up 0001-a']);
  t.is(await locks.countDocuments(), 0);
});

test('a holder keeps the lock for longer than its lease, and one that lost it stops', async (t) => {
  const { connection } = await connect(t);
  const locks = connection.collection('locks');
  const first = (await locks.findOne({}))?.expiresAt;
  t.is(first, undefined);
  await withMigrationLock(
    { connection, clock: systemClock, holder: 'me', leaseMs: 3_000 },
    async (assertHeld) => {
      const begun = (await locks.findOne({ holder: 'me' }))?.expiresAt as Date;
      for (;;) if (((await locks.findOne({ holder: 'me' }))?.expiresAt as Date) > begun) break;
      t.notThrows(assertHeld);
      // Another one took it, as it may when this process stood still for too long.
      await locks.updateOne(
        { holder: 'me' },
        { $set: { holder: 'other', expiresAt: new Date(Date.now() + 60_000) } },
      );
      const lost = () => {
        try {
          assertHeld();
          return false;
        } catch {
          return true;
        }
      };
      while (!lost()) await new Promise((resolve) => setImmediate(resolve));
    },
  );
  t.is((await locks.findOne({}))?.holder, 'other', 'the lock of another is not let go');
});

test('the migrations of this version make the indexes, take them away, and leave the data', async (t) => {
  const database = await connect(t);
  const { connection } = database;
  // As an older version wrote it.
  await connection
    .collection('products')
    .insertOne({ _id: 'A' as never, name: 'Red Mug', searchTerms: ['a', 'red mug'] });
  const migrator = createMigrator(connection, parts);
  t.deepEqual(
    await migrator.up(),
    MIGRATIONS.map(({ name }) => name),
  );
  t.deepEqual(
    MIGRATIONS.map(({ name }) => name),
    MIGRATIONS.map(({ name }) => name).sort(),
  );
  t.true((await indexesOf(database, 'orders')).includes('idempotency.key_1'));
  t.true((await indexesOf(database, 'sessions')).includes('tokenHash_1'));
  const terms = async () =>
    (await connection.collection('products').findOne({ _id: 'A' as never }))?.searchTerms;
  t.deepEqual(await terms(), ['a', 'red mug', 'mug']);
  for (const { name } of MIGRATIONS.toReversed()) t.deepEqual(await migrator.down(), [name]);
  t.deepEqual(await indexesOf(database, 'orders'), ['_id_']);
  t.deepEqual(await terms(), ['a', 'red mug']);
  t.deepEqual(await migrator.down(), []);
  t.is((await migrator.up()).length, MIGRATIONS.length);
});

/** `npm run migrate -- …`, once everything is built. */
async function runCommand(mongodbUri: string, ...words: string[]) {
  const env = { PATH: process.env.PATH, MONGODB_URI: mongodbUri, REDIS_URL: services().redisUrl };
  const secret = 'a secret for tests of thirty-two bytes and more';
  const child = spawn(process.execPath, [MIGRATE, ...words], { env: { ...env, ORDO_JWT_SECRET: secret } });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr, code: code as number };
}

test('two engines that start at once on an empty database run the migrations once; the command shows and undoes them', async (t) => {
  const { uri, connection } = await connect(t);
  const before = await runCommand(uri, 'status');
  t.is(before.stdout.match(/pending/g)?.length, MIGRATIONS.length, before.stderr);
  const env = { MONGODB_URI: uri, REDIS_URL: services().redisUrl, ORDO_DEMO: 'false' };
  const engines = await Promise.all([startEngine(t, env), startEngine(t, env)]);
  t.is(await connection.collection('migrations').countDocuments(), MIGRATIONS.length);
  t.true((await fetch(`${engines[0]?.url}/health/ready`)).ok);
  t.regex((await runCommand(uri, 'down')).stdout, new RegExp(`undone: ${MIGRATIONS.at(-1)?.name}`));
  t.regex((await runCommand(uri, 'up')).stdout, new RegExp(`ran: ${MIGRATIONS.at(-1)?.name}`));
  const wrong = await runCommand(uri, 'sideways');
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /Expected status, up or down, got sideways/);
});
