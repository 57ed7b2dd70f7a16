/** The Redis connection for what can be done without: caches, limits, announcements. */
import type { Redis } from 'ioredis';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';
import { RedisConnection, redisOptions } from './redis.ts';

/** Requests wait for these commands, so a Redis that hangs must be found out soon. */
const COMMAND_TIMEOUT_MS = 500;

/** Connects in the background; with Redis away a command rejects, within half a second at the latest. */
export function createRedisClient(redisUrl: string, logger: Logger): Redis {
  const redis = new RedisConnection({ ...redisOptions(redisUrl), commandTimeout: COMMAND_TIMEOUT_MS });
  redis.on('error', (error) => logger.debug({ error: messageOf(error) }, 'Redis cannot be reached'));
  return redis;
}
