/** What keeps an engine from starting is said in one line, with exit code 1, and nothing is left behind. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { startEngine } from './support/engine.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Runs an engine to its end. */
async function run(env: Record<string, string>): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code: code as number, stderr };
}

/** Whether any process still has that folder in its command line. */
function leftIn(dir: string): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(dir));
}

async function makeDir(t: { teardown(fn: () => Promise<void>): void }): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ordo-main-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const badSettings: { name: string; env: Record<string, string>; says: RegExp }[] = [
  { name: 'a port that is no number', env: { ORDO_PORT: 'http' }, says: /ORDO_PORT=http: / },
  {
    name: 'a setting that does not exist',
    env: { ORDO_PROT: '3000' },
    says: /ORDO_PROT: there is no such setting/,
  },
  { name: 'a role that does not exist', env: { ORDO_ROLE: 'boss' }, says: /ORDO_ROLE=boss: / },
  { name: 'a URL that is none', env: { MONGODB_URI: 'localhost:27017' }, says: /MONGODB_URI=.*mongodb:\/\// },
  {
    name: 'a short secret before this one, which is not repeated',
    env: { ORDO_JWT_SECRET_PREVIOUS: 'hunter2' },
    says: /ORDO_JWT_SECRET_PREVIOUS=\(hidden\): .*32/,
  },
  {
    name: 'logins without a password in production',
    env: { ORDO_LOGIN_TEST: 'true', NODE_ENV: 'production' },
    says: /ORDO_LOGIN_TEST=true: .*not for production/,
  },
  {
    name: 'an origin that is a path',
    env: { ORDO_ALLOWED_ORIGINS: 'https://shop.example,https://shop.example/cart' },
    says: /ORDO_ALLOWED_ORIGINS=.*expected origins such as/,
  },
  {
    name: 'a short secret, which is not repeated',
    env: { ORDO_JWT_SECRET: 'hunter2' },
    says: /ORDO_JWT_SECRET=\(hidden\): .*32/,
  },
];

for (const { name, env, says } of badSettings)
  test(`one line and exit code 1 for ${name}`, async (t) => {
    const { code, stderr } = await run(env);
    t.is(code, 1);
    t.regex(stderr, says);
    t.is(stderr.trim().split('\n').length, 1);
    t.false(stderr.includes('hunter2'));
  });

test('a port in use: one line, and the services it had started are gone', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.teardown(() => void holder.close());
  const dir = await makeDir(t);
  const port = String((holder.address() as AddressInfo).port);
  const { code, stderr } = await run({ ORDO_DATA_DIR: dir, ORDO_PORT: port });
  t.is(code, 1);
  t.regex(stderr, new RegExp(`^ordo: Port ${port} on 127.0.0.1 is in use; [^\\n]*ORDO_PORT[^\\n]*\\n$`));
  t.deepEqual(leftIn(dir), []);
});

test('a data folder that is a file: one line', async (t) => {
  const file = join(await makeDir(t), 'data');
  await writeFile(file, '');
  const { code, stderr } = await run({ ORDO_DATA_DIR: file, ORDO_PORT: '0' });
  t.is(code, 1);
  t.true(stderr.includes(file));
  t.is(stderr.trim().split('\n').length, 1);
});

test('a second engine on the same data folder: one line that says how to join', async (t) => {
  const dir = await makeDir(t);
  const engine = await startEngine(t, { ORDO_DATA_DIR: dir });
  const { code, stderr } = await run({ ORDO_DATA_DIR: dir, ORDO_PORT: '0' });
  t.is(code, 1);
  t.regex(stderr, /MONGODB_URI=.*REDIS_URL=/);
  t.is(await engine.stop(), 0);
  t.deepEqual(leftIn(dir), [], 'a clean end leaves nothing running');
});
