/** Redis: the check of one that is given, and one of our own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

import { ConfigError } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';
import { redisAddress } from '../platform/redis.ts';
import { hideCredentials } from './addresses.ts';
import { spawnGuarded } from './guardian.ts';
import { untilReady } from './readiness.ts';
import type { Service, ServiceSite } from './service-site.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Tries that a Redis answers at the address.
 * @throws ConfigError when none does within 5 s
 */
export async function checkRedis(redisUrl: string): Promise<void> {
  const client = new Redis({
    ...redisAddress(redisUrl),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let fault: unknown;
  client.on('error', (error) => {
    fault = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw new ConfigError([
      `REDIS_URL=${hideCredentials(redisUrl)}: no Redis that can be used answers there ` +
        `(${messageOf(fault ?? error)}); start it, correct the address, or leave REDIS_URL out to have one started.`,
    ]);
  } finally {
    client.disconnect();
  }
}

/**
 * Starts a redis-server on a Unix socket, its append-only file under the data folder.
 * @throws ConfigError when there is none to start, or it does not get ready
 */
export async function startRedis(
  { folders, holdFd, logger }: ServiceSite,
  program?: string,
): Promise<Service> {
  if (program === undefined) {
    throw new ConfigError([
      'redis-server: there is none on the PATH; install it (Debian: apt-get install redis-server; ' +
        'macOS: brew install redis), or set REDIS_URL, or use "docker compose up".',
    ]);
  }
  const dir = join(folders.data, 'redis');
  const socket = join(folders.run, 'redis.sock');
  mkdirSync(dir, { recursive: true });
  const settings: Record<string, string> = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawnGuarded({ name: 'redis-server', program, args, holdFd, logger });
  const remedy = `the engine can rebuild all that Redis holds: moving ${dir} away gives it a fresh one.`;
  await untilReady(child, (signal) => answering(socket, signal), remedy);
  return { child, address: `unix://${pathToFileURL(socket).pathname}` };
}

/** Resolves when the server has loaded its data and answers. */
async function answering(socket: string, signal: AbortSignal): Promise<void> {
  const client = new Redis({ path: socket, retryStrategy: () => 20 });
  // Until it listens, every try is refused; untilReady bounds the waiting.
  client.on('error', () => undefined);
  signal.addEventListener('abort', () => client.disconnect());
  await new Promise<void>((resolve) => client.once('ready', resolve));
}
