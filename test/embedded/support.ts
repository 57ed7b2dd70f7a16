/** What the tests of the embedded services share: services in this process, hosts to be killed, and looks at both. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { mongo } from 'mongoose';
import { type EmbeddedOptions, type EmbeddedServices, startEmbedded } from '../../src/embedded/services.ts';
import { ConfigError } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { redisAddress } from '../../src/platform/redis.ts';
import type { Teardown } from '../support/services.ts';

const HOST = fileURLToPath(new URL('host.ts', import.meta.url));

/** Starts services in this process; they are stopped at the test's end at the latest. */
export async function start(
  t: Teardown,
  options: Omit<EmbeddedOptions, 'logger'>,
): Promise<EmbeddedServices> {
  const services = await startEmbedded({ ...options, logger: createLogger('silent') });
  t.teardown(() => services.stop());
  return services;
}

/** The lines of the ConfigError that the start ends with. @throws when it starts, or fails in another way */
export async function refusal(t: Teardown, options: Omit<EmbeddedOptions, 'logger'>): Promise<string[]> {
  try {
    await start(t, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.lines;
    throw error;
  }
  throw new Error('expected a refusal, and it started');
}

/** A process that has started embedded services. */
export interface Host {
  process: ChildProcess;
  mongodbUri: string;
  redisUrl: string;
  /** Resolves when the host says a line that has that key. */
  says(key: string): Promise<Record<string, string>>;
  /** SIGKILL; resolves when it is gone. @throws when something else ended it: then the fault never fired. */
  kill(): Promise<void>;
}

/** Starts a host, the leader of a process group of its own. */
export async function startHost(t: Teardown, dataDir: string): Promise<Host> {
  const child = spawn(process.execPath, ['--import=tsx', HOST, dataDir], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const lines = createInterface({ input: child.stdout });
  const says = (key: string) =>
    new Promise<Record<string, string>>((resolve, reject) => {
      lines.on('line', (line) => {
        const message = JSON.parse(line) as Record<string, string>;
        if (key in message) resolve(message);
      });
      lines.once('close', () => reject(new Error(`the host ended and never said ${key}`)));
    });
  const { mongodbUri = '', redisUrl = '' } = await says('redisUrl');
  return {
    process: child,
    mongodbUri,
    redisUrl,
    says,
    async kill() {
      child.kill('SIGKILL');
      const [, signal] = await exited;
      if (signal !== 'SIGKILL') throw new Error('the host had ended before the kill');
    },
  };
}

/** Runs one command against that Redis. */
export async function askRedis(url: string, command: string, ...args: string[]): Promise<unknown> {
  const client = new Redis({ ...redisAddress(url), retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

/** The process id of that Redis. */
export async function redisPid(url: string): Promise<number> {
  const info = String(await askRedis(url, 'INFO', 'server'));
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}

/** Lends a collection of that document server's. */
export async function withNotes<T>(
  uri: string,
  use: (notes: mongo.Collection<{ _id: string }>) => Promise<T>,
): Promise<T> {
  const client = new mongo.MongoClient(uri, { serverSelectionTimeoutMS: 5_000 });
  try {
    return await use(client.db().collection<{ _id: string }>('notes'));
  } finally {
    await client.close();
  }
}

/** Whether a process of that id runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
