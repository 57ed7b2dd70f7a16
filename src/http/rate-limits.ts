/**
 * Rate limits by user, or by address where nobody is signed in: shared over Redis, without making a request wait
 * for it. A process decides by what it knows, and tells Redis its count in the background; what others counted
 * comes back with the answer.
 */
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { Clock } from '../platform/clock.ts';
import { messageOf, RetryableError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { addressKey } from './client-address.ts';
import type { Context } from './context.ts';

/** What a request counts as. */
export type RateClass = 'reads' | 'writes' | 'auth';

/** Requests a minute, by class; 0 sets no limit. */
export type RateLimits = Readonly<Record<RateClass, number>>;

/** Counts a request. @throws RetryableError `too-many-requests` when it is one too many */
export type RateLimit = (ctx: Context) => void;

/** What the limits stand on; without Redis each process counts for itself. */
export interface RateLimitParts {
  limits: RateLimits;
  redis: Redis | undefined;
  /** What the keys begin with. */
  namespace: string;
  clock: Clock;
  logger: Logger;
}

const WINDOW_S = 60;
/** As many clients are counted at once; the one not seen for longest is forgotten. */
const CLIENTS = 50_000;

/** One client's minute, as this process knows it. */
interface Count {
  /** As Redis told it last, the others' requests included. */
  told: number;
  /** Own requests since that Redis does not know of. */
  untold: number;
  /** Own requests that are on their way to Redis. */
  telling: number;
  endsAtMs: number;
}

/**
 * The limit of each class: refuses with 429 and `Retry-After`; tells the state in `RateLimit` and
 * `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
 */
export function createRateLimits(parts: RateLimitParts): Readonly<Record<RateClass, RateLimit>> {
  const { limits } = parts;
  return {
    reads: limit('reads', limits.reads, parts),
    writes: limit('writes', limits.writes, parts),
    auth: limit('auth', limits.auth, parts),
  };
}

function limit(name: RateClass, quota: number, parts: RateLimitParts): RateLimit {
  if (quota === 0) return () => undefined;
  const { clock } = parts;
  const counts = new LRUCache<string, Count>({ max: CLIENTS });
  const tell = createTeller(createLimiter(name, quota, parts), parts);
  const policy = `"${name}";q=${quota};w=${WINDOW_S}`;

  return function rateLimit(ctx) {
    const key = clientOf(ctx);
    const nowMs = clock.now().getTime();
    let count = counts.get(key);
    if (!count || count.endsAtMs <= nowMs) {
      count = { told: 0, untold: 0, telling: 0, endsAtMs: nowMs + WINDOW_S * 1000 };
      counts.set(key, count);
    }
    const used = count.told + count.telling + count.untold;
    const resetS = Math.max(1, Math.ceil((count.endsAtMs - nowMs) / 1000));
    ctx.set('RateLimit-Policy', policy);
    ctx.set('RateLimit', `"${name}";r=${Math.max(0, quota - used - 1)};t=${resetS}`);
    if (used >= quota)
      throw new RetryableError(`More than ${quota} requests (${name}) within ${WINDOW_S} s.`, {
        code: 'too-many-requests',
        retryAfterMs: resetS * 1000,
      });
    count.untold += 1;
    if (count.telling === 0) void tell(key, count);
  };
}

function clientOf(ctx: Context): string {
  return ctx.state.viewer ? `user:${ctx.state.viewer.userId}` : `address:${addressKey(ctx.ip)}`;
}

function createLimiter(name: RateClass, quota: number, parts: RateLimitParts): RateLimiterAbstract {
  const { redis, namespace } = parts;
  const options = { keyPrefix: `${namespace}:rate:${name}`, points: quota, duration: WINDOW_S };
  const memory = new RateLimiterMemory(options);
  if (!redis) return memory;
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: memory,
  });
}

/** Hands over what one client has used since: one command at a time for each, however many requests there are. */
function createTeller(limiter: RateLimiterAbstract, { clock, logger }: RateLimitParts) {
  return async function tell(key: string, count: Count): Promise<void> {
    while (count.untold > 0) {
      count.telling = count.untold;
      count.untold = 0;
      try {
        const { consumedPoints, msBeforeNext } = await limiter.penalty(key, count.telling);
        count.told = consumedPoints;
        count.endsAtMs = clock.now().getTime() + msBeforeNext;
      } catch (error) {
        // The insurance in memory has no failures of its own: this is a bug, and no reason to refuse anybody.
        logger.error({ reason: messageOf(error) }, 'the rate limit could not be counted');
        count.told += count.telling;
      }
      count.telling = 0;
    }
  };
}
