/** Analytics kept in Redis for a while, and worked out once for all who ask at the same time. */
import type { Redis } from 'ioredis';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { OrderAnalytics } from '../ports/analytics.ts';

/** What the cache stands on. */
export interface AnalyticsCacheParts {
  redis: Redis;
  /** What the keys begin with. */
  namespace: string;
  ttlMs: number;
  logger: Logger;
}

/** The same analytics, at most that old; without Redis they are worked out each time. */
export function cacheAnalytics(analytics: OrderAnalytics, parts: AnalyticsCacheParts): OrderAnalytics {
  const { redis, namespace, ttlMs, logger } = parts;
  const running = new Map<string, Promise<unknown>>();
  const failed = (error: unknown) => {
    logger.debug({ reason: messageOf(error) }, 'the analytics do without Redis');
    return null;
  };

  const readThrough = async <T>(key: string, load: () => Promise<T>): Promise<T> => {
    const isUsable = redis.status === 'ready';
    const text = isUsable ? await redis.get(key).catch(failed) : null;
    if (text !== null) return JSON.parse(text);
    const answer = await load();
    if (isUsable) void redis.set(key, JSON.stringify(answer), 'PX', ttlMs).catch(failed);
    return answer;
  };

  const once = <T>(name: string, args: unknown[], load: () => Promise<T>): Promise<T> => {
    const key = `${namespace}:analytics:1:${name}:${JSON.stringify(args)}`;
    const known = running.get(key) as Promise<T> | undefined;
    if (known) return known;
    const started = readThrough(key, load).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };

  return {
    orders: (...args) => once('orders', args, () => analytics.orders(...args)),
    products: (...args) => once('products', args, () => analytics.products(...args)),
    conversion: (...args) => once('conversion', args, () => analytics.conversion(...args)),
    times: (...args) => once('times', args, () => analytics.times(...args)),
  };
}
