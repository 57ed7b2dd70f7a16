/** Finds out who asks: a Bearer token, verified by koa-jwt, of a session that still counts. */
import type { Context as KoaContext } from 'koa';
import koaJwt from 'koa-jwt';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Context, Middleware } from './context.ts';
import type { Sessions } from './sessions.ts';
import { createKeyRing, type Tokens, type Viewer, verificationOf, viewerOf } from './tokens.ts';

/** Tokens whose signatures are remembered; the one not seen for longest is verified anew. */
const REMEMBERED = 10_000;

/**
 * Leaves the viewer of a valid token in `ctx.state`; without one, nobody is signed in, and it is for the
 * route to say whether somebody must be. A signature is verified once: the keys are those of this process for good.
 * Expiry and session are looked at every time.
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
  const verified = new LRUCache<string, Viewer>({ max: REMEMBERED });

  return async function authenticate(ctx: Context, next) {
    const authorization = ctx.get('authorization');
    if (authorization === '') return next();
    const enter = async (viewer: Viewer | undefined) => {
      if (viewer && (await sessions.isLive(viewer.sessionId))) ctx.state.viewer = viewer;
      await next();
    };
    const known = verified.get(authorization);
    if (known && known.expiresAt > clock.now()) return enter(known);
    await verifyToken(ctx as KoaContext, () => {
      const viewer = viewerOf((ctx as KoaContext).state.claims);
      if (viewer) verified.set(authorization, viewer);
      return enter(viewer);
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
