/** A Redis channel between instances that knows when it may have missed something. */
import type { Redis } from 'ioredis';
import type { Clock } from './clock.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';
import { RedisConnection, redisOptions } from './redis.ts';

/** A connection that died without a word is found out within this time and the command timeout. */
const PROBE_INTERVAL_MS = 5_000;

/** Announcements to every instance, this one included. */
export interface Channel {
  /** Resolves when Redis has taken it; rejects, quickly, with Redis away. */
  publish(text: string): Promise<void>;
  onMessage(listener: (text: string) => void): void;
  /** Calls back whenever the channel is heard (again): what was published before may have been missed. */
  onListening(listener: () => void): void;
  /** Whether it is heard now. */
  isListening(): boolean;
  close(): void;
}

/** Opens that channel; `publisher` is any ordinary connection, which stays its owner's. */
export function createRedisChannel(options: {
  redisUrl: string;
  name: string;
  publisher: Redis;
  clock: Clock;
  logger: Logger;
}): Channel {
  const { redisUrl, name, publisher, clock, logger } = options;
  // Subscribing anew is done below, for only the end of it tells from when on nothing is missed.
  const redis = new RedisConnection({ ...redisOptions(redisUrl), autoResubscribe: false });
  const messageListeners = new Set<(text: string) => void>();
  const listeningListeners = new Set<() => void>();
  let listening = false;
  let cancelProbe = () => {};
  const probe = () => {
    cancelProbe = clock.after(PROBE_INTERVAL_MS, () => {
      redis.ping().then(probe, () => redis.disconnect(true));
    });
  };
  redis.on('ready', async () => {
    try {
      await redis.subscribe(name);
    } catch (error) {
      logger.warn({ error: messageOf(error), channel: name }, 'subscribing failed; connecting again');
      if (redis.status === 'ready') redis.disconnect(true);
      return;
    }
    listening = true;
    probe();
    for (const listener of listeningListeners) listener();
  });
  redis.on('close', () => {
    cancelProbe();
    if (listening) logger.warn({ channel: name }, 'a channel lost its Redis connection; connecting again');
    listening = false;
  });
  redis.on('error', (error) => logger.debug({ error: messageOf(error) }, 'a channel cannot reach Redis'));
  redis.on('message', (_channel, text) => {
    for (const listener of messageListeners) listener(text);
  });
  return {
    async publish(text) {
      await publisher.publish(name, text);
    },
    onMessage: (listener) => void messageListeners.add(listener),
    onListening: (listener) => void listeningListeners.add(listener),
    isListening: () => listening,
    close() {
      cancelProbe();
      listening = false;
      redis.disconnect();
    },
  };
}
