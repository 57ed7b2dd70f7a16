/** Whether the process lives, and whether what it stands on answers. */
import Router from '@koa/router';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { RequestState } from './context.ts';

const CHECK_LIMIT_MS = 2_000;

/** What readiness stands on: a check throws, or takes longer than 2 s, when its dependency fails. */
export interface HealthParts {
  checks: Record<string, () => Promise<void>>;
  clock: Clock;
  logger: Logger;
  version: string;
}

/** GET /health, which is 200 while the process answers at all; GET /health/ready, 503 when a check fails. */
export function createHealthRouter({ checks, clock, logger, version }: HealthParts): Router<RequestState> {
  const router = new Router<RequestState>();
  router.get('/health', (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { status: 'ok', version };
  });
  router.get('/health/ready', async (ctx) => {
    const outcomes = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await within(CHECK_LIMIT_MS, check(), clock);
          return [name, { status: 'ok' }] as const;
        } catch (error) {
          // The words stay in the log: they may name hosts, and this page is public.
          logger.warn({ dependency: name, reason: messageOf(error) }, 'a dependency is not ready');
          return [name, { status: 'failing' }] as const;
        }
      }),
    );
    const ready = outcomes.every(([, { status }]) => status === 'ok');
    ctx.set('Cache-Control', 'no-store');
    ctx.status = ready ? 200 : 503;
    ctx.body = { status: ready ? 'ok' : 'unavailable', version, checks: Object.fromEntries(outcomes) };
  });
  return router;
}

function within(limitMs: number, work: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => reject(new Error(`No answer within ${limitMs} ms.`)));
    work.then(resolve, reject).finally(cancel);
  });
}
