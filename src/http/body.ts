/** Reads a request's body: JSON alone, of at most 1 MiB. */
import { bodyParser } from '@koa/bodyparser';
import { TerminalError } from '../platform/errors.ts';
import type { Middleware } from './context.ts';

const parse = bodyParser({
  enableTypes: ['json'],
  jsonLimit: '1mb',
  onError(error, ctx) {
    // What is still on its way is let in and forgotten, so that the client gets to read the answer.
    ctx.req.resume();
    const tooLarge = 'status' in error && error.status === 413;
    throw new TerminalError(tooLarge ? 'body-too-large' : 'malformed-body', '', { cause: error });
  },
});

/**
 * Leaves the parsed body in `ctx.request.body`; none at all counts as `{}`.
 * @throws TerminalError `malformed-body` (another type, bad JSON, a key `__proto__`), `body-too-large`.
 */
export const readBody: Middleware = async (ctx, next) => {
  if (ctx.request.length !== 0 && ctx.request.is('application/json') === false) {
    throw new TerminalError('malformed-body', '');
  }
  await parse(ctx, next);
};
