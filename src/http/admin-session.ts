/** The admin pages' session: a token of its own audience in a cookie that no script and no other site can use. */
import { TerminalError } from '../platform/errors.ts';
import type { Account } from '../ports/users.ts';
import { type Context, isOperator } from './context.ts';
import type { Sessions } from './sessions.ts';
import type { Tokens, Viewer } from './tokens.ts';

const COOKIE = 'ordo_admin';

/** Opens, reads and closes sessions. */
export interface AdminSession {
  open(ctx: Context, account: Account): Promise<void>;
  close(ctx: Context): Promise<void>;
  /** The operator or admin whose session it is; undefined when there is none that counts. */
  viewer(ctx: Context): Promise<Viewer | undefined>;
}

/** What they stand on. */
export interface AdminSessionParts {
  /** Of the audience `ordo-admin`. */
  tokens: Tokens;
  sessions: Sessions;
  ttlS: number;
  secure: boolean;
}

/** Makes the sessions, which end as those of the API do. */
export function createAdminSession({ tokens, sessions, ttlS, secure }: AdminSessionParts): AdminSession {
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
  const viewerOf = async (ctx: Context) => {
    const token = ctx.cookies.get(COOKIE);
    const viewer = token && verified(tokens, token);
    return viewer && (await sessions.isLive(viewer.sessionId)) ? viewer : undefined;
  };
  return {
    async open(ctx, account) {
      const { sessionId } = await sessions.open(account, ttlS);
      set(ctx, tokens.issue(account, sessionId), ttlS * 1000);
    },
    async close(ctx) {
      const viewer = await viewerOf(ctx);
      if (viewer) await sessions.end(viewer);
      set(ctx, null, 0);
    },
    async viewer(ctx) {
      const viewer = await viewerOf(ctx);
      return isOperator(viewer) ? viewer : undefined;
    },
  };
}

function verified(tokens: Tokens, token: string): Viewer | undefined {
  try {
    return tokens.verify(token);
  } catch {
    return undefined;
  }
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
