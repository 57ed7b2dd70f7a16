/** Reads a request's body: of the types that its route takes, and no larger and no deeper than is allowed. */
import { bodyParser } from '@koa/bodyparser';
import { TerminalError } from '../platform/errors.ts';
import type { Middleware } from './context.ts';

/** What a body can be sent as. */
export type BodyType = 'json' | 'form' | 'csv';

/** Limits on a body: its size in bytes when unpacked, and how deep its arrays and objects are nested. */
export interface BodyLimits {
  maxBytes: number;
  maxDepth: number;
}

/**
 * The middleware for routes that take those types: leaves the parsed body in `ctx.request.body`, none at all as `{}`;
 * a `csv` is left for the handler to read.
 * It throws TerminalError `malformed-body` (another type, bad JSON, a key `__proto__`, too deep), `body-too-large`.
 */
export type BodyReader = (types: BodyType[]) => Middleware;

/** Their names on the wire. */
export const MEDIA_TYPES: Readonly<Record<BodyType, string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  csv: 'text/csv',
};

/** A form is a login or a token: a few short fields. */
const FORM_LIMIT = '16kb';

/** Makes the reader with those limits. */
export function createBodyReader({ maxBytes, maxDepth }: BodyLimits): BodyReader {
  return (types) => {
    const accepted = types.map((type) => MEDIA_TYPES[type]);
    const wanted = `Expected a body of the type ${accepted.join(' or ')}.`;
    const parse = bodyParser({
      enableTypes: types.filter((type) => type !== 'csv'),
      jsonLimit: maxBytes,
      formLimit: FORM_LIMIT,
      onError(error, ctx) {
        // What is still on its way is let in and forgotten, so that the client gets to read the answer.
        ctx.req.resume();
        const tooLarge = 'status' in error && error.status === 413;
        throw new TerminalError(tooLarge ? 'body-too-large' : 'malformed-body', '', { cause: error });
      },
    });
    return async (ctx, next) => {
      if (ctx.request.length !== 0 && ctx.request.is(accepted) === false)
        throw new TerminalError('malformed-body', accepted.length > 1 || types[0] !== 'json' ? wanted : '');
      if (ctx.request.is(MEDIA_TYPES.csv)) return next();
      await parse(ctx, () => {
        refuseDeeper(ctx.request.body, maxDepth);
        return next();
      });
    };
  };
}

/** Goes down first, so that what is too deep is found at once, however much of it there is. */
function refuseDeeper(body: unknown, maxDepth: number): void {
  if (body === null || typeof body !== 'object') return;
  if (maxDepth === 0)
    throw new TerminalError('malformed-body', 'The body is nested too deeply; expected flat JSON.');
  if (Array.isArray(body)) for (const value of body) refuseDeeper(value, maxDepth - 1);
  else for (const key in body) refuseDeeper((body as Record<string, unknown>)[key], maxDepth - 1);
}
