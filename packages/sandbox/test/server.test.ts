/** The service as a process: its command line, its door, its books, its death. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url));

async function makeDir(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ordo-sandbox-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function run(t: ExecutionContext, args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import=tsx', BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => {
    child.kill('SIGKILL');
  });
  return child;
}

/** Resolves with where it listens. */
async function started(child: ChildProcess): Promise<string> {
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  return (JSON.parse(line.toString()) as { listening: string }).listening;
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  body: any;
}

function call(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const where = url.startsWith('unix:') ? { socketPath: fileURLToPath(url.replace('unix:', 'file:')) } : {};
  const target = { ...where, ...(url.startsWith('http') && { port: new URL(url).port }), method, path };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', ...target, agent: false }, (response) => {
      text(response).then(
        (reply) => resolve({ status: response.statusCode ?? 0, body: JSON.parse(reply) }),
        reject,
      );
    });
    sent.on('error', reject).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const charge = (orderId: string, n = 1, paymentToken = 'tok_approve') => ({
  key: `${orderId}.charge.${n}`,
  orderId,
  amountMinor: 100,
  currency: 'EUR',
  paymentToken,
});

const parcel = (orderId: string) => ({
  key: `${orderId}.parcel`,
  orderId,
  address: { name: 'A', street: 'B', city: 'C', postalCode: 'D', country: 'AT' },
  lines: [{ sku: 'mug', quantity: 1, unitPriceMinor: 100 }],
});

test('the books of an order, of all orders, and of everything say what was done', async (t) => {
  const url = await started(run(t, ['--data', await makeDir(t), '--port', '0']));
  t.regex(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  for (const id of ['a', 'b', 'c']) await call(url, 'POST', '/charges', charge(id));
  await call(url, 'POST', '/charges', charge('b', 2));
  await call(url, 'POST', '/charges', charge('c', 2, 'tok_decline_lost_card'));
  await call(url, 'POST', '/charges/b.charge.1/refunds', { key: 'r1', amountMinor: 30 });
  await call(url, 'POST', '/parcels', parcel('a'));
  await call(url, 'POST', '/parcels', parcel('c'));
  await call(url, 'POST', '/parcels/c.parcel/recall', {});
  await call(url, 'POST', '/charges/never/void', {});
  const { body } = await call(url, 'GET', '/orders/b');
  t.deepEqual(body, {
    orderId: 'b',
    capturedMinor: 200,
    refundedMinor: 30,
    charges: [
      { key: 'b.charge.1', status: 'captured', amountMinor: 100, refundedMinor: 30 },
      { key: 'b.charge.2', status: 'captured', amountMinor: 100, refundedMinor: 0 },
    ],
    parcels: [],
  });
  const all = await call(url, 'GET', '/orders');
  t.deepEqual(
    all.body.items.map(({ orderId, parcels }: { orderId: string; parcels: unknown[] }) => [
      orderId,
      parcels.length,
    ]),
    [
      ['a', 1],
      ['b', 0],
      ['c', 1],
    ],
  );
  t.is(all.body.next, null);
  t.deepEqual((await call(url, 'GET', '/orders?from=b')).body.items[0].orderId, 'b');
  t.deepEqual((await call(url, 'GET', '/totals')).body, {
    captured: 400,
    refunded: 30,
    charges: 4,
    ordersChargedTwice: ['b'],
    parcels: { booked: 1, recalled: 1 },
  });
  t.deepEqual((await call(url, 'GET', '/orders/nobody')).body.charges, []);
});

test('what is not as the API has it is refused with what is wrong, and leaves no trace', async (t) => {
  const url = await started(run(t, ['--data', await makeDir(t), '--port', '0']));
  for (const [method, path, body, status, detail] of [
    ['POST', '/charges', { ...charge('a'), amountMinor: 0 }, 400, /amountMinor/],
    ['POST', '/charges', { ...charge('a'), amountMinor: 1.5 }, 400, /amountMinor/],
    ['POST', '/charges', { ...charge('a'), currency: 'eur' }, 400, /currency/],
    ['POST', '/charges', { ...charge('a'), extra: 1 }, 400, /extra/],
    ['POST', '/charges', { ...charge('a'), key: 'k'.repeat(201) }, 400, /key/],
    ['POST', '/charges', '{', 400, /JSON/],
    ['POST', '/charges', undefined, 400, /key/],
    ['POST', '/charges', '"'.padEnd(1_100_000, 'x'), 413, /1 MiB/],
    ['POST', '/charges/a/refunds', { key: 'r', amountMinor: -1 }, 400, /amountMinor/],
    ['POST', '/parcels/a/advance', { status: 'booked' }, 400, /status/],
    ['POST', '/faults', { operation: 'webhook', kind: 'error', rate: 1 }, 400, /kind/],
    ['PUT', '/webhook', { url: 'file:///etc/passwd', secret: `whsec_${'A'.repeat(32)}` }, 400, /url/],
    ['PUT', '/webhook', { url: 'http://127.0.0.1/', secret: 'short' }, 400, /secret/],
    ['GET', '/charges/%E0%A4%A', undefined, 400, /decoded/],
    ['DELETE', '/charges/a', undefined, 404, /no DELETE/],
    ['GET', '/', undefined, 404, /README/],
    ['GET', '/charges/a', undefined, 404, /no charge/],
    ['POST', '/parcels/a/advance', { status: 'lost' }, 404, /no parcel/],
    ['POST', '/charges/a/settle', {}, 404, /no charge/],
  ] as [string, string, unknown, number, RegExp][]) {
    const answer = await call(url, method, path, body);
    t.is(answer.status, status, `${method} ${path}`);
    t.regex(answer.body.detail, detail);
  }
  t.like((await call(url, 'GET', '/totals')).body, { charges: 0, parcels: {} });
});

test('keys of any characters are keys of their own', async (t) => {
  const url = await started(run(t, ['--data', await makeDir(t), '--port', '0']));
  for (const key of ['a/b', 'a%2Fb', 'ộ?#', '..', ' ']) {
    await call(url, 'POST', '/charges', { ...charge('o'), key });
    const { status, body } = await call(url, 'GET', `/charges/${encodeURIComponent(key)}`);
    t.like({ status, ...body }, { status: 'captured', amountMinor: 100 }, key);
  }
  t.is((await call(url, 'GET', '/totals')).body.charges, 5);
});

test('a socket is for its user alone, and one that a killed process left is taken over', async (t) => {
  const dir = await makeDir(t);
  const args = ['--data', join(dir, 'data'), '--socket', join(dir, 's.sock')];
  const first = run(t, args);
  const url = await started(first);
  t.is(statSync(join(dir, 's.sock')).mode & 0o777, 0o600);
  await call(url, 'POST', '/charges', charge('a'));
  const exited = once(first, 'exit');
  first.kill('SIGKILL');
  t.deepEqual(await exited, [null, 'SIGKILL']);
  t.true(existsSync(join(dir, 's.sock')));
  t.is(await started(run(t, args)), url);
  t.is((await call(url, 'GET', '/charges/a.charge.1')).body.status, 'captured');
  const third = run(t, args);
  t.regex(await text(third.stderr ?? process.stdin), /EADDRINUSE/);
  t.is((await call(url, 'GET', '/health')).status, 200);
});

test('a stop finishes what has begun, and ends with exit code 0', async (t) => {
  const child = run(t, ['--data', await makeDir(t), '--port', '0', '--slow-by', '300']);
  const url = await started(child);
  const slow = call(url, 'POST', '/charges', charge('a', 1, 'tok_slow'));
  while ((await call(url, 'GET', '/totals')).body.charges === 0);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  t.is((await slow).body.status, 'captured');
  t.deepEqual(await exited, [0, null]);
});

test('a command line that makes no sense is refused in a line, with exit code 1', async (t) => {
  const dir = await makeDir(t);
  for (const [args, words] of [
    [[], /usage/],
    [['--data', dir], /usage/],
    [['--data', dir, '--port', '1', '--socket', 'x'], /usage/],
    [['--data', dir, '--port', 'x'], /--port is a whole number, not 'x'/],
    [['--data', dir, '--port', '0', '--fault', 'capture:error:2'], /--fault.*not 'capture:error:2'/],
    [['--data', dir, '--port', '0', '--webhook-url', 'http://x/'], /usage/],
    [['--data', dir, '--port', '0', '--nonsense'], /nonsense/],
  ] as [string[], RegExp][]) {
    const child = run(t, args);
    const exited = once(child, 'exit');
    t.regex(await text(child.stderr ?? process.stdin), words);
    t.deepEqual(await exited, [1, null]);
  }
});
