/** Wrong passwords are counted, by account and by address, in Redis; with Redis away, in this process. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { RetryableError, TerminalError } from '../platform/errors.ts';
import { addressKey } from './client-address.ts';

/** Runs checks of passwords, as long as not too many have failed. */
export interface LoginGuard {
  /**
   * `account` is what the attempt is for, in any spelling that is always the same; `work` checks the password.
   * @throws RetryableError `too-many-requests` before the work; else what the work throws, of which
   * `bad-credentials` counts as a failure
   */
  attempt<T>(account: string, address: string, work: () => Promise<T>): Promise<T>;
}

/** A limit for everybody who tries one account, or everybody at one address. */
const ALONE_FACTOR = 10;

/** Makes the guard: `failures` for one account from one address within `windowS` seconds. */
export function createLoginGuard(options: {
  redis: Redis | undefined;
  namespace: string;
  failures: number;
  windowS: number;
}): LoginGuard {
  const { redis, namespace, failures, windowS } = options;
  const limiter = (name: string, points: number): RateLimiterAbstract => {
    const limits = { keyPrefix: `${namespace}:login:${name}`, points, duration: windowS };
    const memory = new RateLimiterMemory(limits);
    if (!redis) return memory;
    return new RateLimiterRedis({
      ...limits,
      storeClient: redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: memory,
    });
  };
  const pair = limiter('pair', failures);
  const byAccount = limiter('account', failures * ALONE_FACTOR);
  const byAddress = limiter('address', failures * ALONE_FACTOR);

  return {
    async attempt(account, address, work) {
      const from = addressKey(address);
      const who = createHash('sha256').update(account).digest('base64url');
      const counters = [
        [pair, `${who}@${from}`],
        [byAccount, who],
        [byAddress, from],
      ] as const;
      // Counted before the work, so that a thousand attempts at once are a thousand.
      await refuseBeyond(counters.map(([counter, key]) => counter.consume(key)));
      const giveBack = () => Promise.all(counters.map(([counter, key]) => counter.reward(key)));
      try {
        const done = await work();
        await Promise.all([pair.delete(`${who}@${from}`), byAccount.reward(who), byAddress.reward(from)]);
        return done;
      } catch (error) {
        if (!(error instanceof TerminalError && error.code === 'bad-credentials')) await giveBack();
        throw error;
      }
    },
  };
}

async function refuseBeyond(counted: Promise<RateLimiterRes>[]): Promise<void> {
  const outcomes = await Promise.allSettled(counted);
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (refusals.length === 0) return;
  const waits = refusals.map((refusal) => {
    if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
    throw refusal;
  });
  throw new RetryableError('Too many wrong passwords.', {
    code: 'too-many-requests',
    retryAfterMs: Math.max(...waits),
  });
}
