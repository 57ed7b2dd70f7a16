/** Bull Board under `/admin/queues`, behind the admin session. */
import { createBullBoard } from '@bull-board/api';
import { BullAdapter } from '@bull-board/api/bullAdapter';
import { KoaAdapter } from '@bull-board/koa';
import type Bull from 'bull';
import type { Context as KoaContext } from 'koa';
import { TerminalError } from '../platform/errors.ts';
import { type AdminSession, refuseOtherPages } from './admin-session.ts';
import type { Context, Middleware } from './context.ts';

const BOARD_PATH = '/admin/queues';

/** Whether that path is the board's. */
export function isBoardPath(path: string): boolean {
  return path === BOARD_PATH || path.startsWith(`${BOARD_PATH}/`);
}

/** What the board calls a job: how many share it, where it is not one's own. */
function titleOf({ name, data }: { name?: string; data?: { companions?: unknown[] } }): string {
  const companions = data?.companions?.length ?? 0;
  return companions > 0 ? `${companions + 1} orders, placed at about the same time` : (name ?? '');
}

function adapterOf(queue: Bull.Queue): BullAdapter {
  const adapter = new BullAdapter(queue);
  adapter.setFormatter('name', titleOf);
  return adapter;
}

/** Serves the board of those queues to whoever has a session; sends other people's browsers to the login. */
export function createBoard(queues: () => Bull.Queue[], session: AdminSession): Middleware {
  const serverAdapter = new KoaAdapter().setBasePath(BOARD_PATH);
  const board = createBullBoard({
    queues: [],
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Ordo',
        hideDocsLink: true,
        miscLinks: [{ text: 'Sign out', url: '/admin/login' }],
      },
    },
  });
  const serve = serverAdapter.registerPlugin();
  return async (ctx, next) => {
    if (!isBoardPath(ctx.path)) return next();
    if (!(await session.viewer(ctx))) return sendToLogin(ctx);
    refuseOtherPages(ctx);
    board.replaceQueues(queues().map(adapterOf));
    await serve(ctx as KoaContext, next);
    if (ctx.type === 'text/html' && typeof ctx.body === 'string') ctx.body = withoutForeignLinks(ctx.body);
  };
}

/** The board asks a foreign host for its fonts, and has no option not to; the system's own stand in for them. */
function withoutForeignLinks(page: string): string {
  return page.replace(/<link\b[^>]*\bhref="https?:[^>]*>\s*/g, '');
}

/** A page is sent on; a request for data is refused. */
function sendToLogin(ctx: Context): void {
  if (ctx.method !== 'GET' || ctx.accepts('json', 'html') !== 'html') {
    throw new TerminalError('unauthenticated', 'Sign in at /admin/login first.');
  }
  ctx.status = 303;
  ctx.redirect('/admin/login');
}
