/** An engine for one run: started as anybody starts it, in a folder of its own, and stopped by Ctrl-C's signal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Credentials } from './options.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The first start may install and build. */
const READY_MS = 600_000;
/** The demo's people are sown when the engine already answers. */
const SEED_MS = 30_000;
const STOP_MS = 20_000;
const OPERATOR_EMAIL = 'operator@ordo.example';
const LOOK_MS = 200;

/** A running engine that belongs to this run. */
export interface OwnEngine {
  url: string;
  /** What it printed, and its data. */
  folder: string;
  /** Resolves when it ends, by whatever cause. */
  ended: Promise<void>;
  /** The operator of the demo seed. @throws Error when the database had other people already. */
  awaitOperator(): Promise<Credentials>;
  /** Stops it; its folder stays when `keep` is true. */
  stop(keep: boolean): Promise<void>;
}

/**
 * Starts an engine and waits until it is ready.
 * @throws Error when it ends before, or is not ready in time; the message names its log.
 */
export async function startOwnEngine(signal: AbortSignal): Promise<OwnEngine> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordo-replay-'));
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const log = path.join(folder, 'engine.log');
  const operator = { email: OPERATOR_EMAIL, password: randomBytes(18).toString('base64url') };
  const child = await spawnEngine(folder, new URL(url).port, operator.password, log);
  // A tool that is ended in haste must not leave an engine behind.
  const kill = () => signalGroup(child, 'SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(() => undefined);
  const stop = async (keep: boolean) => {
    if (isRunning(child)) child.kill('SIGINT');
    await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
    kill();
    await ended;
    process.off('exit', kill);
    if (!keep) await rm(folder, { recursive: true });
  };
  try {
    await awaitReady(url, child, log, signal);
  } catch (error) {
    await stop(true);
    throw error;
  }
  return { url, folder, ended, awaitOperator: () => awaitOperator(url, operator, signal), stop };
}

async function spawnEngine(
  folder: string,
  port: string,
  password: string,
  log: string,
): Promise<ChildProcess> {
  // The engine refuses settings that it does not know, and these are the tool's.
  const { ORDO_OPERATOR_EMAIL: _email, ORDO_OPERATOR_PASSWORD: _password, ...env } = process.env;
  const output = await open(log, 'w');
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: ROOT,
    env: {
      ORDO_LOG_LEVEL: 'warn',
      ...env,
      ORDO_HOST: '127.0.0.1',
      ORDO_PORT: port,
      ORDO_DATA_DIR: path.join(folder, 'data'),
      ORDO_DEMO: 'true',
      ORDO_DEMO_PASSWORD: password,
    },
    stdio: ['ignore', output.fd, output.fd],
    // A process group of its own: Ctrl-C in the terminal is for the tool, which then stops the engine itself.
    detached: true,
  });
  await Promise.race([once(child, 'spawn'), once(child, 'error').then(([error]) => Promise.reject(error))]);
  await output.close();
  return child;
}

async function awaitReady(url: string, child: ChildProcess, log: string, signal: AbortSignal): Promise<void> {
  for (const until = performance.now() + READY_MS; performance.now() < until; ) {
    const response = await fetch(`${url}/health/ready`, { signal }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    if (!isRunning(child)) throw new Error(`The engine ended before it was ready; see ${log}.`);
    await sleep(LOOK_MS, undefined, { signal });
  }
  throw new Error(`The engine was not ready within ${READY_MS / 1000} s; see ${log}.`);
}

async function awaitOperator(url: string, operator: Credentials, signal: AbortSignal): Promise<Credentials> {
  const login = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(operator),
    signal,
  };
  for (const until = performance.now() + SEED_MS; performance.now() < until; ) {
    const response = await fetch(`${url}/api/v1/auth/login`, login);
    await response.body?.cancel();
    if (response.ok) return operator;
    await sleep(LOOK_MS, undefined, { signal });
  }
  throw new Error(
    'The database of the engine has people of its own; give --email and --password of an operator.',
  );
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Expected a port of 127.0.0.1.');
  return address.port;
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: the whole group is gone, as it should be.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
