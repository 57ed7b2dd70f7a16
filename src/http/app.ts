/** The HTTP side, put together: the API, the admin pages, health. */
import { randomUUID } from 'node:crypto';
import type Bull from 'bull';
import Koa from 'koa';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { LiveOrders } from '../ports/live-orders.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import type { OrderQueries } from '../ports/orders.ts';
import type { ProductRepository } from '../ports/products.ts';
import type { UserRepository } from '../ports/users.ts';
import { createAdminRouter } from './admin-routes.ts';
import { createAdminSession } from './admin-session.ts';
import { authRoutes } from './auth-routes.ts';
import { createAuthenticate } from './authenticate.ts';
import { createBoard } from './board.ts';
import type { RequestState } from './context.ts';
import { createErrorLog } from './error-log.ts';
import { feedRoutes } from './feed-routes.ts';
import { createHealthRouter } from './health-routes.ts';
import { createLogin } from './login.ts';
import { orderRoutes } from './order-routes.ts';
import { createPasswords } from './passwords.ts';
import { createProblemResponder } from './problem-responder.ts';
import { productRoutes } from './product-routes.ts';
import { createRequestLog } from './request-log.ts';
import { mount } from './route.ts';
import { createSecurityHeaders } from './security-headers.ts';
import { createTokens } from './tokens.ts';

/** What the API stands on. */
export interface HttpParts {
  config: {
    /** At least 32 bytes. */
    jwtSecret: string;
    tokenTtlS: number;
    /** Whether browsers reach us by TLS alone. */
    secureCookies: boolean;
  };
  orders: OrderActors;
  queries: OrderQueries;
  live: LiveOrders;
  products: ProductRepository;
  users: UserRepository;
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
  const { config, clock, users, queues, version } = parts;
  const { jwtSecret: secret, tokenTtlS: ttlS, secureCookies } = config;
  const app = createShell(parts, secureCookies);
  const passwords = createPasswords();
  const login = createLogin(users, passwords);
  const tokens = createTokens({ secret, ttlS, clock });
  const adminTokens = createTokens({ secret, ttlS, clock, audience: 'ordo-admin' });
  const session = createAdminSession(adminTokens, ttlS, secureCookies);
  const routes = [
    ...authRoutes({ users, passwords, login, tokens, ttlS, clock }),
    ...productRoutes(parts),
    ...orderRoutes(parts),
    ...feedRoutes(parts),
  ];
  const routers = [
    createHealthRouter(parts),
    createAdminRouter({ login, session, version }),
    mount(routes, PREFIXES),
  ];
  app.use(createAuthenticate(secret, clock));
  for (const router of routers) app.use(router.routes());
  app.use(createBoard(queues, session));
  for (const router of routers) app.use(router.allowedMethods());
  return app;
}

/** `/health` and `/health/ready` alone, for the role `worker`. */
export function createHealthApp(parts: Pick<HttpParts, 'checks' | 'clock' | 'logger' | 'version'>): Koa {
  const app = createShell({ ...parts, newId: randomUUID }, false);
  const router = createHealthRouter(parts);
  app.use(router.routes()).use(router.allowedMethods());
  return app;
}

/** What goes around every app: the log outside, then the headers, then the problems. */
function createShell(
  parts: Pick<HttpParts, 'clock' | 'logger' | 'newId'>,
  secure: boolean,
): Koa<RequestState> {
  const app = new Koa<RequestState>();
  app.on('error', createErrorLog(parts.logger));
  app.use(createRequestLog(parts));
  app.use(createSecurityHeaders(secure));
  app.use(createProblemResponder(parts.logger));
  return app;
}
