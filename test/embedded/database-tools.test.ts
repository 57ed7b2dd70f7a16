/** The commands that work on the database: beside an engine that runs, or alone; never in each other's way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { begin } from '../../src/actors/decide.ts';
import { defineActor } from '../../src/actors/definition.ts';
import { openDatabase } from '../../src/embedded/database.ts';
import { orderMachine } from '../../src/machines/order-machine.ts';
import { orderMachineV1 } from '../../src/machines/order-machine-v1.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { ConfigError } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { connectStore } from '../../src/store/connect.ts';
import { MIGRATIONS } from '../../src/store/migrations/all.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { logIn, startEngine } from '../support/engine.ts';
import { leases, placedOrder } from '../support/orders.ts';
import { makeTestDir } from '../support/services.ts';
import { refusal, start, withNotes } from './support.ts';

const ORDERS = 300;
const v1 = defineActor(orderMachineV1);
const logger = createLogger('silent');

/** `npm run NAME -- …`, once everything is built, with that data folder and no other setting. */
async function runTool(name: 'migrate' | 'machine', dataDir: string, ...words: string[]) {
  const script = fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
  const env = { PATH: process.env.PATH, ORDO_DATA_DIR: dataDir };
  const child = spawn(process.execPath, [script, ...words], { env });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr, code: code as number };
}

/** An order that the machine's first version placed, and that rests: nobody hands its work over. */
function oldOrder(orderId: string): OrderRecord {
  const { fulfilment: _, onDecline: __, ...input } = placedOrder(orderId).input;
  const cause = { type: 'order.placed', by: { role: 'customer' } };
  const idempotency = { key: orderId, fingerprint: 'f' };
  const { sweepAt: ___, ...record } = begin(
    v1,
    { _id: orderId, input, idempotency },
    cause,
    new Date(),
    leases,
  );
  return record as OrderRecord;
}

test('orders go over and back while their engine runs on the same folder, and takes commands', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const engine = await startEngine(t, { ORDO_DATA_DIR: dataDir });
  const joined = await openDatabase({ dataDir, logger });
  const connection = await connectStore(joined.mongodbUri);
  t.teardown(() => connection.close());
  const orders = orderModel(connection);
  await orders.insertMany(Array.from({ length: ORDERS }, (_, index) => oldOrder(`old-${index}`)));

  const status = await runTool('migrate', dataDir, 'status');
  t.deepEqual([status.code, status.stderr], [0, '']);
  t.false(status.stdout.includes('pending'), 'the engine has run them all');
  const check = await runTool('machine', dataDir, 'check');
  t.deepEqual([check.code, check.stderr], [0, '']);
  t.regex(check.stdout, new RegExp(`^${ORDERS} orders can go, 0 stay`));

  const operator = await logIn(() => engine.url);
  const cancel = (id: string) => operator.call('POST', `/orders/${id}/cancel`);
  const [went, ...cancelled] = await Promise.all([
    runTool('machine', dataDir, 'migrate'),
    ...['old-7', 'old-8', 'old-9'].map(cancel),
  ]);
  t.is(went.code, 0, went.stderr);
  for (const { status: code } of cancelled) t.is(code, 200);
  t.is((await operator.order('old-0')).machineVersion, orderMachine.version);
  const back = await runTool('machine', dataDir, 'restore', '--to', orderMachineV1.version ?? '');
  t.regex(back.stdout, /^\d+ orders went/, back.stderr);
  t.is((await operator.order('old-0')).machineVersion, orderMachineV1.version);
  t.is(await engine.stop(), 0);
});

test('where no engine runs, the database alone is started, and ended', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const up = await runTool('migrate', dataDir, 'up');
  t.deepEqual([up.code, up.stderr], [0, '']);
  t.is(up.stdout.match(/^ran: /gm)?.length, MIGRATIONS.length);
  t.false(existsSync(join(dataDir, 'redis')) || existsSync(join(dataDir, 'sandbox')));
  t.false(existsSync(join(dataDir, 'secret')));
  t.deepEqual(
    readdirSync(join(dataDir, 'run')).filter((name) => name.startsWith('engine-')),
    [],
  );
  const check = await runTool('machine', dataDir, 'check', '--ended');
  t.deepEqual(check, { code: 0, stderr: '', stdout: '0 orders can go, 0 stay where they are.\n' });
  await t.notThrowsAsync(start(t, { dataDir }));
});

test('a tool that works on the folder keeps engines and other tools off it, and says so', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const database = await openDatabase({ dataDir, logger });
  await withNotes(database.mongodbUri, (notes) => notes.insertOne({ _id: 'kept' }));
  const says = `a tool (process ${process.pid}) works on this data folder; try again when it has ended.`;
  t.deepEqual(await refusal(t, { dataDir }), [`${dataDir}: ${says}`]);
  const other = await runTool('migrate', dataDir, 'up');
  t.deepEqual(other, { code: 1, stdout: '', stderr: `ordo: ${dataDir}: ${says}\n` });
  await database.close();
  const { mongodbUri } = await start(t, { dataDir });
  t.deepEqual(await withNotes(mongodbUri, (notes) => notes.findOne({})), { _id: 'kept' });
});

test('a tool does not get in the way of an engine that is just starting', async (t) => {
  const dataDir = await makeTestDir(t);
  const { stop } = await start(t, { dataDir });
  await stop();
  const engine = createServer((socket) => socket.end(JSON.stringify({ pid: 1, kind: 'engine' })));
  engine.listen(join(dataDir, 'run', 'engine-0123abcd'));
  await once(engine, 'listening');
  t.teardown(() => void engine.close());
  const error = await t.throwsAsync(openDatabase({ dataDir, logger }), { instanceOf: ConfigError });
  t.regex(error.message, /does not yet say where its database is; try again when it has started/);
});

for (const words of [
  [],
  ['sideways'],
  ['check', 'twice'],
  ['check', '--all'],
  ['check', '--to', '1'],
  ['restore', '--to', '99'],
])
  test(`the machine's tool is told what it can do: ${words.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await runTool('machine', await makeTestDir(t), ...words);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, /Usage: npm run machine -- COMMAND/);
  });
