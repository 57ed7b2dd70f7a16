/** The HTTP side, put together: the API, the admin pages, health. */
import { randomUUID } from 'node:crypto';
import type Bull from 'bull';
import type { Redis } from 'ioredis';
import Koa from 'koa';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { OrderAnalytics } from '../ports/analytics.ts';
import type { LiveOrders } from '../ports/live-orders.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import type { OrderQueries } from '../ports/orders.ts';
import type { ProductRepository } from '../ports/products.ts';
import type { WebhookReader } from '../ports/provider-events.ts';
import type { UserRepository } from '../ports/users.ts';
import type { WebhookDesk } from '../ports/webhooks.ts';
import { createAdminRouter } from './admin-routes.ts';
import { createAdminSession } from './admin-session.ts';
import { apiRoutes } from './api.ts';
import { createAuthenticate, createVerify } from './authenticate.ts';
import { createBoard } from './board.ts';
import { type BodyLimits, createBodyReader } from './body.ts';
import type { RequestState } from './context.ts';
import { createCors } from './cors.ts';
import { createDocsRouter } from './docs-routes.ts';
import { createErrorLog } from './error-log.ts';
import { createHealthRouter } from './health-routes.ts';
import { createLogin } from './login.ts';
import { createLoginGuard } from './login-guard.ts';
import { describeApi } from './openapi.ts';
import { createPasswords } from './passwords.ts';
import { createProblemResponder } from './problem-responder.ts';
import type { PushSettings } from './profile-routes.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { createRequestLog } from './request-log.ts';
import { mount, type Route } from './route.ts';
import { createSecurityHeaders } from './security-headers.ts';
import type { Sessions } from './sessions.ts';
import { createTokens } from './tokens.ts';
import type { Waiting } from './waiting.ts';
import { createWebhookRouter } from './webhook-routes.ts';

/** What can be set about the HTTP side. */
export interface HttpConfig {
  /** Each at least 32 bytes; the first signs, all verify. */
  jwtSecrets: readonly string[];
  tokenTtlS: number;
  /** Whether browsers reach us by TLS alone. */
  secureCookies: boolean;
  /** Whether `POST /auth/login-test` is there. */
  loginTest: boolean;
  rates: RateLimits;
  /** Wrong passwords for one account from one address within that time. */
  logins: { failures: number; windowS: number };
  /** Whose pages may call; undefined sets no rule of ours. */
  allowedOrigins: readonly string[] | undefined;
  /** How many proxies before us are believed about who asks. */
  trustedProxies: number;
  /** Absent when Web Push is not set up. */
  push?: PushSettings;
  /** For tests: whether webhooks may go to private addresses, and without TLS. */
  privateEndpoints: boolean;
  body: BodyLimits;
  /** Rows that one import may have. */
  importRows: number;
}

/** What the API stands on. */
export interface HttpParts {
  config: HttpConfig;
  orders: OrderActors;
  queries: OrderQueries;
  live: LiveOrders;
  waiting: Waiting;
  analytics: OrderAnalytics;
  products: ProductRepository;
  users: UserRepository;
  webhooks: WebhookDesk;
  /** The AsyncAPI document of the live feed. */
  feedDocument: object;
  /** Of webhooks, by the provider's name. */
  readers: Readonly<Record<string, WebhookReader>>;
  sessions: Sessions;
  /** Shares the limits between processes; without it each counts for itself. */
  redis: Redis | undefined;
  /** What keys in Redis begin with. */
  namespace: string;
  /** The queues that Bull Board shows; asked anew at every visit. */
  queues: () => Bull.Queue[];
  /** By dependency; a check throws when its dependency fails. */
  checks: Record<string, () => Promise<void>>;
  clock: Clock;
  newId: () => string;
  logger: Logger;
  version: string;
}

const PREFIXES = ['/api/v1', '/api'];

/** Everything, for the role `api`. */
export function createApp(parts: HttpParts): Koa {
  const { config, clock, sessions, queues, version, feedDocument } = parts;
  const { jwtSecrets: secrets, tokenTtlS: ttlS, secureCookies: secure, trustedProxies } = config;
  const app = createShell(parts, secure, trustedProxies);
  const { routes, login } = createApi(parts);
  const adminTokens = createTokens({ secrets, ttlS, clock, audience: 'ordo-admin' });
  const session = createAdminSession({ tokens: adminTokens, sessions, ttlS, secure });
  const { serveDirectly, router } = mount(routes, PREFIXES, {
    limits: createRateLimits({ ...parts, limits: config.rates }),
    readBody: createBodyReader(config.body),
  });
  const routers = [
    router,
    createHealthRouter(parts),
    createAdminRouter({ login, session, version }),
    createWebhookRouter(parts, PREFIXES),
    createDocsRouter({ describe: () => describeApi(routes, PREFIXES, version), feedDocument }, PREFIXES),
  ];
  app.use(createCors(config.allowedOrigins));
  app.use(createAuthenticate(secrets, sessions, clock));
  app.use(serveDirectly);
  for (const router of routers) app.use(router.routes());
  app.use(createBoard(queues, session));
  for (const router of routers) app.use(router.allowedMethods());
  return app;
}

/** The table of the API as that configuration has it, and the login that the admin pages share. */
export function createApi(parts: HttpParts) {
  const { config, clock, users, sessions, redis, namespace } = parts;
  const { jwtSecrets: secrets, tokenTtlS: ttlS, loginTest, importRows, privateEndpoints } = config;
  const passwords = createPasswords();
  const guard = createLoginGuard({ redis, namespace, ...config.logins });
  const login = createLogin(users, passwords, guard);
  const tokens = createTokens({ secrets, ttlS, clock });
  const verify = createVerify(tokens, sessions);
  const routes: Route[] = apiRoutes({
    ...parts,
    ...{ passwords, login, tokens, verify, ttlS, loginTest, importRows, push: config.push, privateEndpoints },
  });
  return { routes, login };
}

/** `/health` and `/health/ready` alone, for the role `worker`. */
export function createHealthApp(parts: Pick<HttpParts, 'checks' | 'clock' | 'logger' | 'version'>): Koa {
  const app = createShell(parts, false, 0);
  const router = createHealthRouter(parts);
  app.use(router.routes()).use(router.allowedMethods());
  return app;
}

/** What goes around every app: the log outside, then the headers, then the problems. */
function createShell(
  parts: Pick<HttpParts, 'clock' | 'logger'>,
  secure: boolean,
  trustedProxies: number,
): Koa<RequestState> {
  // Of `X-Forwarded-For`, the entries that our own proxies wrote, counted from its end; the rest is hearsay.
  const app = new Koa<RequestState>({ proxy: trustedProxies > 0, maxIpsCount: trustedProxies });
  app.on('error', createErrorLog(parts.logger));
  // In no order, unlike the orders' own: Node draws the randomness of many at once.
  app.use(createRequestLog({ ...parts, newId: randomUUID }));
  app.use(createSecurityHeaders(secure));
  app.use(createProblemResponder(parts.logger));
  return app;
}
