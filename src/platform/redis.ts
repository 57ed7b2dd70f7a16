/** How the engine talks to Redis, whatever the URL's form. */
import { Redis, type RedisOptions } from 'ioredis';

/** Milliseconds after which a command without an answer fails: Redis is disposable, waiting for it is not. */
const COMMAND_TIMEOUT_MS = 5_000;

/** The connection part alone, for clients with needs of their own (Bull's blocking ones). */
export function redisAddress(url: string): RedisOptions {
  const parsed = new URL(url);
  if (parsed.protocol === 'unix:') return { path: decodeURIComponent(parsed.pathname) };
  return {
    host: parsed.hostname,
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    ...(parsed.username !== '' && { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password !== '' && { password: decodeURIComponent(parsed.password) }),
    ...(parsed.pathname.length > 1 && { db: Number(parsed.pathname.slice(1)) }),
    ...(parsed.protocol === 'rediss:' && { tls: {} }),
  };
}

/** For ordinary commands: with Redis away they fail at once, and none is sent twice by itself. */
export function redisOptions(url: string): RedisOptions {
  return {
    ...redisAddress(url),
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000),
  };
}

/**
 * A connection that sends the commands of a turn in one write. ioredis has its pipelines for that, which cost twice as
 * much as the commands, and wait for each other's answers.
 */
export class RedisConnection extends Redis {
  #gathering: Redis['stream'] | undefined;

  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    this.#gather();
    return super.sendCommand(command, stream);
  }

  #gather(): void {
    const socket: Redis['stream'] | undefined = this.stream;
    if (socket === undefined || socket === this.#gathering) return;
    this.#gathering = socket;
    socket.cork();
    setImmediate(() => {
      socket.uncork();
      this.#gathering = undefined;
    });
  }
}
