/** Finds out who asks: a Bearer token, verified by koa-jwt. */
import type { Context as KoaContext } from 'koa';
import koaJwt from 'koa-jwt';
import type { Clock } from '../platform/clock.ts';
import type { Context, Middleware } from './context.ts';
import { secretKeyOf, verificationOf, viewerOf } from './tokens.ts';

/**
 * Leaves the viewer of a valid token in `ctx.state`; without one, nobody is signed in, and it is for the
 * route to say whether somebody must be.
 */
export function createAuthenticate(secret: string, clock: Clock): Middleware {
  // Assigned onto the verification, not spread from it: its clock is a getter.
  const options = Object.assign(verificationOf('ordo-api', clock), {
    // koa-jwt hands it on to jsonwebtoken, which takes a key; its own types know strings and buffers alone.
    secret: secretKeyOf(secret) as unknown as string,
    key: 'claims',
    passthrough: true,
  });
  const verifyToken = koaJwt(options);
  return async function authenticate(ctx: Context, next) {
    await verifyToken(ctx as KoaContext, async () => {
      const viewer = viewerOf((ctx as KoaContext).state.claims);
      if (viewer) ctx.state.viewer = viewer;
      await next();
    });
  };
}
