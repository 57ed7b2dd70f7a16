/** Turns whatever is thrown, and whatever nobody answered, into problem+json. */
import Koa from 'koa';
import { type ErrorCode, messageOf, RetryableError, TerminalError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Context, Middleware } from './context.ts';
import { traceOf } from './error-log.ts';
import { languageOf } from './language.ts';
import { problemOf } from './problems.ts';

const RETRY_AFTER_S = 1;

/** The middleware that everything which may throw stands behind. */
export function createProblemResponder(logger: Logger): Middleware {
  return async function problemResponder(ctx, next) {
    try {
      await next();
      if (ctx.body === undefined || ctx.body === null) refuseUnanswered(ctx);
    } catch (error) {
      respond(ctx, translate(error), logger);
    }
  };
}

/** The router leaves the status, and the header `Allow`, where it knows the path but not the method. */
function refuseUnanswered(ctx: Context): void {
  if (ctx.status === 405 || ctx.status === 501) throw new TerminalError('method-not-allowed', '');
  if (ctx.status === 404) throw new TerminalError('route-not-found', '');
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  404: 'route-not-found',
  405: 'method-not-allowed',
  413: 'body-too-large',
};

/** A library's own refusal of the request, such as a path that cannot be decoded, in our codes. */
function translate(error: unknown): unknown {
  if (!(error instanceof Koa.HttpError) || error.status >= 500) return error;
  return new TerminalError(BY_STATUS[error.status] ?? 'invalid-request', '', { cause: error });
}

function respond(ctx: Context, error: unknown, logger: Logger): void {
  const { requestId } = ctx.state;
  const language = languageOf(ctx);
  const problem = problemOf(error, language, requestId);
  if (problem.code === 'internal') logger.error({ requestId, error: traceOf(error) }, 'unexpected error');
  if (error instanceof RetryableError) {
    const level = problem.status >= 500 ? 'warn' : 'debug';
    logger[level]({ requestId, reason: messageOf(error) }, 'a request failed for now');
    const retryAfterS = Math.ceil((error.retryAfterMs ?? 0) / 1000) || RETRY_AFTER_S;
    ctx.set('Retry-After', String(retryAfterS));
  }
  if (problem.status === 401) ctx.set('WWW-Authenticate', challengeFor(ctx));
  ctx.status = problem.status;
  ctx.body = problem;
  ctx.type = 'application/problem+json';
  ctx.set('Content-Language', language);
  ctx.set('Cache-Control', 'no-store');
  ctx.vary('Accept-Language');
}

/** RFC 6750: says whether a token came at all. */
function challengeFor(ctx: Context): string {
  return `Bearer realm="ordo"${ctx.get('authorization') ? ', error="invalid_token"' : ''}`;
}
