/** Real services for tests: a redis-server and a mongolet of the test's own, on Unix sockets in a temporary folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestFn } from 'ava';

/** Where a test's cleaning up is registered; ava's `t` is one. */
export interface Teardown {
  teardown(fn: () => Promise<void> | void): void;
}

/** A service that can be killed and started again on the same data. */
export interface TestService {
  /** SIGKILL; resolves when the process is gone. @throws when it had ended before: then the fault never fired. */
  kill(): Promise<void>;
  /** Starts it again after `kill`; resolves when it takes connections. */
  start(): Promise<void>;
}

/** The services of one test. */
export interface TestServices {
  mongodbUri: string;
  /** As `unix:///path`. */
  redisUrl: string;
  /** The temporary folder; the test may keep its own files there. */
  dir: string;
  redis: TestService;
  mongolet: TestService;
}

const MONGOLET = fileURLToPath(new URL('../../packages/mongolet/dist/bin.js', import.meta.url));

const STARTUP_TIMEOUT_MS = 30_000;

/** What the shell reports for a process that SIGKILL ended. */
const KILLED = 137;

/**
 * Runs its arguments as a child that dies when standard input closes, and so with the test process, however
 * that ends; the shell's own exit code is the child's.
 */
const LEASH = `
exec 3<&0
"$@" & child=$!
( read -r _ <&3; kill -9 $child ) 2>/dev/null & watcher=$!
wait $child; code=$?
kill $watcher 2>/dev/null
exit $code`;

/** Spawns the command; resolves with what kills it, as soon as its output matches `readyPattern`. */
async function spawnLeashed(command: string[], readyPattern: RegExp): Promise<() => Promise<void>> {
  const child = spawn('sh', ['-c', LEASH, 'sh', ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  // The pipe breaks when the child is gone; that is told by its exit.
  child.stdin.on('error', () => {});
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => {
      child.stdin.end();
      reject(new Error(`${command.join(' ')} ${why}:\n${output}`));
    };
    const timer = setTimeout(() => fail(`was not ready after ${STARTUP_TIMEOUT_MS} ms`), STARTUP_TIMEOUT_MS);
    const read = (chunk: Buffer) => {
      if (output.length < 100_000) output += chunk.toString();
      if (!readyPattern.test(output)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with exit code ${code}`);
    });
  });
  return async () => {
    child.stdin.end();
    const [code] = await exited;
    if (code !== KILLED)
      throw new Error(`${command.join(' ')} had ended by itself, code ${code}:\n${output}`);
  };
}

/** Starts that command; resolves when its output matches. It is killed at the end. */
export async function startService(
  t: Teardown,
  command: string[],
  readyPattern: RegExp,
): Promise<TestService> {
  let kill: (() => Promise<void>) | undefined;
  const service: TestService = {
    async kill() {
      const running = kill;
      if (!running) throw new Error(`${command.join(' ')} is not running.`);
      kill = undefined;
      await running();
    },
    async start() {
      if (kill) throw new Error(`${command.join(' ')} is running already.`);
      kill = await spawnLeashed(command, readyPattern);
    },
  };
  t.teardown(async () => {
    if (kill) await service.kill();
  });
  await service.start();
  return service;
}

/** A temporary folder, removed at the end; its path is short, for the paths of Unix sockets have to be. */
export async function makeTestDir(t: Teardown): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ordo-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A redis-server in that folder; it keeps nothing over a restart, for Redis is disposable. */
export async function startRedis(
  t: Teardown,
  dir: string,
): Promise<{ redisUrl: string; redis: TestService }> {
  const socket = join(dir, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', socket, '--dir', dir, '--save', '', '--appendonly', 'no'];
  const redis = await startService(t, ['redis-server', ...settings], /ready to accept connections/i);
  return { redisUrl: `unix://${socket}`, redis };
}

/** A mongolet in that folder; it keeps its data over a restart. Needs `packages/mongolet/dist` to be built. */
async function startMongolet(
  t: Teardown,
  dir: string,
): Promise<{ mongodbUri: string; mongolet: TestService }> {
  if (!existsSync(MONGOLET)) throw new Error(`${MONGOLET} is missing: run "npx tsc -b packages/mongolet".`);
  const socket = join(dir, 'mongolet.sock');
  const data = join(dir, 'mongolet');
  await mkdir(data, { recursive: true });
  const command = [process.execPath, MONGOLET, '--data', data, '--socket', socket];
  const mongolet = await startService(t, command, /"listening"/);
  return { mongodbUri: `mongodb://${encodeURIComponent(socket)}/ordo?directConnection=true`, mongolet };
}

/** Both services, in a folder of their own; all of it goes at the end of the test. */
export async function startServices(t: Teardown): Promise<TestServices> {
  // One teardown in the right order: ava runs `after` hooks side by side.
  const endings: (() => Promise<void> | void)[] = [];
  const own: Teardown = { teardown: (fn) => endings.unshift(fn) };
  t.teardown(async () => {
    for (const end of endings) await end();
  });
  const dir = await makeTestDir(own);
  const [redis, mongolet] = await Promise.all([startRedis(own, dir), startMongolet(own, dir)]);
  return { dir, ...redis, ...mongolet };
}

/**
 * Both services, for all the tests of a file: call it at the top of the file, and what it returns inside the
 * tests (`const services = shareServices(test);`). Give each test a database of its own.
 */
export function shareServices(test: TestFn): () => TestServices {
  const endings: (() => Promise<void> | void)[] = [];
  let services: TestServices | undefined;
  test.before('start the services', async () => {
    services = await startServices({ teardown: (fn) => endings.push(fn) });
  });
  test.after.always('stop the services', async () => {
    for (const end of endings) await end();
  });
  return () => {
    if (!services) throw new Error('The services start before the tests; ask for them inside a test.');
    return services;
  };
}
