/** The pages around Bull Board: the home page, the login, the logout. */
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import { RetryableError, TerminalError } from '../platform/errors.ts';
import type { Account } from '../ports/users.ts';
import { type AdminSession, refuseOtherPages } from './admin-session.ts';
import { credentialsBody } from './auth-schemas.ts';
import { type Context, isOperator, type RequestState } from './context.ts';
import { languageOf } from './language.ts';
import type { Login } from './login.ts';
import { homePage, type LoginFault, loginPage, signedInPage } from './pages.ts';

/** What these pages stand on. */
export interface AdminParts {
  login: Login;
  session: AdminSession;
  version: string;
}

const readForm = bodyParser({ enableTypes: ['form'], formLimit: '16kb' });

const FAULT_STATUS: Readonly<Record<LoginFault, number>> = { wrong: 401, refused: 403, busy: 503 };

/** GET /, GET /admin, GET and POST /admin/login, POST /admin/logout. */
export function createAdminRouter({ login, session, version }: AdminParts): Router<RequestState> {
  const router = new Router<RequestState>();
  router.get('/', (ctx) => show(ctx, homePage(languageOf(ctx), version)));
  router.get('/admin', (ctx) => goTo(ctx, '/admin/queues'));
  router.get('/admin/login', async (ctx) => {
    const viewer = await session.viewer(ctx);
    const language = languageOf(ctx);
    show(ctx, viewer ? signedInPage(language, viewer.username) : loginPage(language));
  });
  router.post('/admin/login', readForm, async (ctx) => {
    refuseOtherPages(ctx);
    const outcome = await attempt(login, ctx.request.body, ctx.ip);
    if (typeof outcome !== 'string') {
      await session.open(ctx, outcome);
      return goTo(ctx, '/admin/queues');
    }
    ctx.status = FAULT_STATUS[outcome];
    show(ctx, loginPage(languageOf(ctx), outcome, emailIn(ctx.request.body)));
  });
  router.post('/admin/logout', async (ctx) => {
    refuseOtherPages(ctx);
    await session.close(ctx);
    goTo(ctx, '/admin/login');
  });
  return router;
}

/** The operator of that form, or why there is none. */
async function attempt(login: Login, form: unknown, address: string): Promise<Account | LoginFault> {
  const credentials = credentialsBody.safeParse(form);
  if (!credentials.success) return 'wrong';
  try {
    const { email, password } = credentials.data;
    const account = await login.logIn({ email }, password, address);
    return isOperator(account) ? account : 'refused';
  } catch (error) {
    if (error instanceof TerminalError && error.code === 'bad-credentials') return 'wrong';
    if (error instanceof TerminalError && error.code === 'forbidden') return 'refused';
    if (error instanceof RetryableError) return 'busy';
    throw error;
  }
}

function emailIn(form: unknown): string {
  const email = credentialsBody.shape.email.safeParse((form as { email?: unknown }).email);
  return email.success ? email.data : '';
}

function show(ctx: Context, html: string): void {
  ctx.type = 'html';
  ctx.body = html;
  ctx.set('Cache-Control', 'no-store');
  ctx.vary('Accept-Language');
}

function goTo(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.redirect(path);
}
