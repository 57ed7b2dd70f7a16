/** The embedded engine killed with SIGKILL in the middle of a replay, and started again as `npm start` would. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { z } from 'zod';
import { systemClock } from '../../src/platform/clock.ts';
import { createHttpClient } from '../../src/providers/http-client.ts';
import { audit, type GatewayTotals } from '../support/audit.ts';
import { DEMO_PASSWORD, eventually, logIn, startEngine } from '../support/engine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INVOICES = 250;
const REFUSED = INVOICES / 25;
const CREDIT_EVERY = 10;
const CREDITS = INVOICES / CREDIT_EVERY;
const WHOLE_CREDITS = Math.ceil(CREDITS / 2);

/**
 * Invoices as the real file has them: a few lines each, some that are no sensible order. Some are followed by a credit
 * invoice, which takes one unit back, or all that the order has.
 */
function makeInvoices(): Buffer {
  const lines = ['InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'];
  for (let i = 0; i < INVOICES; i += 1) {
    const at = `2010-12-01 08:${String(i % 60).padStart(2, '0')}:00`;
    const customer = i % 5 === 0 ? '' : `${17_000 + (i % 9)}.0`;
    const quantity = i % 25 === 7 ? -1 : 1 + (i % 4);
    const add = (invoice: string, product: number, units: number) =>
      lines.push(
        `${invoice},${22_000 + product},PRODUCT ${product},${units},${at},2.5${product % 2},${customer},France`,
      );
    const [first, second] = [i % 11, (i + 4) % 11];
    add(`${536_365 + i}`, first, quantity);
    add(`${536_365 + i}`, second, quantity);
    if (i % CREDIT_EVERY !== 3) continue;
    const isWhole = i % (2 * CREDIT_EVERY) === 3;
    add(`C${536_365 + i}`, first, isWhole ? -quantity : -1);
    if (isWhole) add(`C${536_365 + i}`, second, -quantity);
  }
  return gzipSync(lines.join('\n'));
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}

/** What the sandbox, which plays the gateway, has booked. */
function readTotals(url: string): Promise<GatewayTotals | undefined> {
  const { get } = createHttpClient({ name: 'the sandbox', url, clock: systemClock });
  return get(
    ['totals'],
    z.object({ captured: z.number(), refunded: z.number(), ordersChargedTwice: z.array(z.string()) }),
  );
}

test('a replay through an engine that is killed and started again loses no order and doubles no charge or refund', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ordo-replay-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'invoices.csv.gz');
  await writeFile(file, makeInvoices());
  const env = { ORDO_DATA_DIR: join(dir, 'data'), ORDO_PORT: await freePort(), ORDO_LEASE_MS: '2000' };
  let engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  const command = ['--import=tsx', 'tools/replay/main.ts', file, '--url', engine.url];
  const operator = ['--email', 'operator@ordo.example', '--password', DEMO_PASSWORD];
  const replay = spawn(process.execPath, [...command, ...operator], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => void replay.kill('SIGKILL'));
  const table = text(replay.stdout);
  const ended = once(replay, 'exit');
  const count = async (query: string) =>
    (await client.call('GET', `/orders?limit=100&${query}`)).body.items.length;
  await eventually(
    () => count('state=completed'),
    (completed) => completed >= 20,
  );
  await eventually(
    () => count('state=returned'),
    (returned) => returned >= 1,
  );
  t.is(replay.exitCode, null, 'the kill must come in the middle of the replay');
  await engine.kill();
  engine = await startEngine(t, env);
  const [code] = await ended;
  t.is(code, 0, await table);
  t.regex(await table, /Stuck +0\n/);
  t.regex(await table, new RegExp(`Returns taken +${CREDITS} +from ${CREDITS} orders`));
  t.regex(await table, /Conservation +exact/);
  const run = join(dir, 'data', 'run');
  const socket = encodeURIComponent(join(run, 'mongolet.sock'));
  const totals = await readTotals(`unix://${join(run, 'sandbox.sock')}`);
  t.true((totals?.refunded ?? 0) > 0, 'the returns were refunded at the gateway itself');
  const { faults, states } = await audit(`mongodb://${socket}/ordo?directConnection=true`, totals);
  t.deepEqual(faults, []);
  t.deepEqual(states, {
    completed: INVOICES - REFUSED - WHOLE_CREDITS,
    returned: WHOLE_CREDITS,
  });
  t.is(await engine.stop(), 0);
});
