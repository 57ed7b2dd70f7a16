/** The admin pages' session: a token of its own audience in a cookie that no script and no other site can use. */
import { TerminalError } from '../platform/errors.ts';
import type { User } from '../ports/users.ts';
import { type Context, isOperator } from './context.ts';
import type { Tokens, Viewer } from './tokens.ts';

const COOKIE = 'ordo_admin';

/** Opens, reads and closes sessions. */
export interface AdminSession {
  open(ctx: Context, user: User): void;
  close(ctx: Context): void;
  /** The operator or admin whose session it is; undefined when there is none that counts. */
  viewer(ctx: Context): Viewer | undefined;
}

/** Makes the sessions; `tokens` are of the audience `ordo-admin`, `ttlS` is in seconds. */
export function createAdminSession(tokens: Tokens, ttlS: number, secure: boolean): AdminSession {
  const set = (ctx: Context, value: string | null, maxAge: number) => {
    // TLS may end before us, where koa cannot see it.
    ctx.cookies.secure = secure;
    ctx.cookies.set(COOKIE, value, {
      httpOnly: true,
      sameSite: 'strict',
      path: '/admin',
      secure,
      maxAge,
      overwrite: true,
    });
  };
  return {
    open: (ctx, user) => set(ctx, tokens.issue(user), ttlS * 1000),
    close: (ctx) => set(ctx, null, 0),
    viewer(ctx) {
      const token = ctx.cookies.get(COOKIE);
      if (!token) return undefined;
      try {
        const viewer = tokens.verify(token);
        return isOperator(viewer) ? viewer : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/**
 * Refuses what another page makes the browser send: `SameSite` knows no ports, so that any server on this
 * machine counts as the same site.
 * @throws TerminalError `forbidden`
 */
export function refuseOtherPages(ctx: Context): void {
  const site = ctx.get('sec-fetch-site');
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD' && site !== '' && site !== 'same-origin') {
    throw new TerminalError('forbidden', 'Only our own pages may send this.');
  }
}
