/** Which pages of other origins may call: those of a list, and without a list none, as browsers see to. */
import cors from '@koa/cors';
import type { Context as KoaContext } from 'koa';
import { TerminalError } from '../platform/errors.ts';
import type { Context, Middleware } from './context.ts';

const PREFLIGHT_S = 600;
const EXPOSED = [
  'ETag',
  'Idempotent-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
];

/**
 * Lets the listed origins in. Where there is a list, a page of any other origin than these and our own is refused
 * with 403 before anything is done for it; programs that are no browsers name no origin.
 */
export function createCors(allowedOrigins: readonly string[] | undefined): Middleware {
  if (allowedOrigins === undefined) return (_, next) => next();
  const answer = cors({
    origin: (ctx) => (allowedOrigins.includes(ctx.get('origin')) ? ctx.get('origin') : ''),
    exposeHeaders: EXPOSED,
    maxAge: PREFLIGHT_S,
  });
  return (ctx, next) => {
    refuseForeign(ctx, allowedOrigins);
    return answer(ctx as KoaContext, next);
  };
}

function refuseForeign(ctx: Context, allowedOrigins: readonly string[]): void {
  const origin = ctx.get('origin');
  if (origin === '' || allowedOrigins.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === ctx.host) return;
  throw new TerminalError('forbidden', 'Pages of this origin may not call.');
}
