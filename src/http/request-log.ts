/** Gives each request an id, and writes one line of it into the log: no query, no headers, no bodies. */
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Middleware } from './context.ts';

const SANE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The outermost middleware: takes `X-Request-Id` where it is sane, else makes one, and gives it back. */
export function createRequestLog(parts: { clock: Clock; newId: () => string; logger: Logger }): Middleware {
  const { clock, newId, logger } = parts;
  // All that a line holds is named below: nothing that would have to be looked for and taken out.
  const log = logger.child({}, { redact: [] });
  return async function requestLog(ctx, next) {
    const given = ctx.get('x-request-id');
    const requestId = SANE_ID.test(given) ? given : newId();
    ctx.state.requestId = requestId;
    ctx.set('X-Request-Id', requestId);
    const startedAt = clock.now().getTime();
    try {
      await next();
    } finally {
      const { method, path, status } = ctx;
      const viewer = ctx.state.viewer && { userId: ctx.state.viewer.userId, role: ctx.state.viewer.role };
      const durationMs = clock.now().getTime() - startedAt;
      log[status >= 500 ? 'warn' : 'info'](
        { requestId, method, path, status, durationMs, ...viewer },
        'request',
      );
    }
  };
}
