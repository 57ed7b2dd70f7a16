/** Finds out who asks: a Bearer token, verified by koa-jwt, of a session that still counts. */
import type { Context as KoaContext } from 'koa';
import koaJwt from 'koa-jwt';
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Context, Middleware } from './context.ts';
import type { Sessions } from './sessions.ts';
import { createKeyRing, type Tokens, type Viewer, verificationOf, viewerOf } from './tokens.ts';

/**
 * Leaves the viewer of a valid token in `ctx.state`; without one, nobody is signed in, and it is for the
 * route to say whether somebody must be.
 */
export function createAuthenticate(
  secrets: readonly string[],
  sessions: Pick<Sessions, 'isLive'>,
  clock: Clock,
): Middleware {
  const { keyOf } = createKeyRing(secrets);
  // Assigned onto the verification, not spread from it: its clock is a getter.
  const options = Object.assign(verificationOf('ordo-api', clock), {
    // koa-jwt hands it on to jsonwebtoken, which takes a key; its own types know strings and buffers alone.
    secret: (async (header) => keyOf(header) as unknown as string) satisfies koaJwt.SecretLoader,
    key: 'claims',
    passthrough: true,
  });
  const verifyToken = koaJwt(options);
  return async function authenticate(ctx: Context, next) {
    if (ctx.get('authorization') === '') return next();
    await verifyToken(ctx as KoaContext, async () => {
      const viewer = viewerOf((ctx as KoaContext).state.claims);
      if (viewer && (await sessions.isLive(viewer.sessionId))) ctx.state.viewer = viewer;
      await next();
    });
  };
}

/**
 * The same for those who bring a token otherwise than in a header, such as the feed's handshake.
 * The function throws TerminalError `unauthenticated` when the token, or its session, does not count.
 */
export function createVerify(
  tokens: Pick<Tokens, 'verify'>,
  sessions: Pick<Sessions, 'isLive'>,
): (token: string) => Promise<Viewer> {
  return async (token) => {
    const viewer = tokens.verify(token);
    if (await sessions.isLive(viewer.sessionId)) return viewer;
    throw new TerminalError('unauthenticated', 'The session of this token has ended; log in again.');
  };
}
