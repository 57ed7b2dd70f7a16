/** Helmet's headers: nothing may run or be framed, but for what the admin pages need to show themselves. */
import type { Context as KoaContext } from 'koa';
import helmet from 'koa-helmet';
import { isBoardPath } from './board.ts';
import type { Middleware } from './context.ts';
import { isDocsPath } from './docs-routes.ts';
import { STYLE_SOURCE } from './pages.ts';

/** What every answer forbids; our own pages get their style, and forms that post back to us. */
const STRICT = {
  'default-src': ["'none'"],
  'style-src': [STYLE_SOURCE],
  'form-action': ["'self'"],
  'base-uri': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** Bull Board and Swagger UI load their own scripts, styles, pictures and data; they write style attributes. */
const APPLICATION = {
  ...STRICT,
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'base-uri': ["'self'"],
};

/** Sets the headers; `secure` says that everything comes over TLS, and shall go on doing so. */
export function createSecurityHeaders(secure: boolean): Middleware {
  const strict = headersOf(STRICT, secure);
  const application = headersOf(APPLICATION, secure);
  return (ctx, next) => {
    ctx.res.setHeaders(isBoardPath(ctx.path) || isDocsPath(ctx.path) ? application : strict);
    return next();
  };
}

/** The same for every answer, so Helmet is asked once. */
function headersOf(directives: Record<string, string[]>, secure: boolean): Map<string, string> {
  const headers = new Map<string, string>();
  const res = {
    setHeader: (name: string, value: string) => void headers.set(name, value),
    removeHeader: (name: string) => void headers.delete(name),
  };
  const apply = helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    strictTransportSecurity: secure,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'same-origin' },
  });
  void apply({ req: {}, res } as unknown as KoaContext, async () => undefined);
  return headers;
}
