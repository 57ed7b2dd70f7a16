/** The app on a loopback port over ports in memory, and a client that calls it by real HTTP. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import type Koa from 'koa';
import { pino } from 'pino';
import { createApi, createApp, type HttpConfig, type HttpParts } from '../../../src/http/app.ts';
import type { Problem } from '../../../src/http/problems.ts';
import { createSessionWatch } from '../../../src/http/session-watch.ts';
import { createSessions } from '../../../src/http/sessions.ts';
import { createTokens } from '../../../src/http/tokens.ts';
import type { Reason, Role } from '../../../src/machines/order-types.ts';
import type { OrderView, TransitionView } from '../../../src/machines/order-view.ts';
import type { FieldError } from '../../../src/platform/errors.ts';
import type { User } from '../../../src/ports/users.ts';
import { describeFeed } from '../../../src/realtime/asyncapi.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import type { Teardown } from '../../support/services.ts';
import { createFakeCatalogue } from './fake-catalogue.ts';
import { createFakeNetwork } from './fake-channel.ts';
import { createFakeOrders } from './fake-orders.ts';
import { createFakeSessionStore, createFakeUsers } from './fake-users.ts';
import { createFakeWebhooks } from './fake-webhooks.ts';

export const SECRET = 'a secret for tests of thirty-two bytes and more';
export const TTL_S = 3600;
export const REFRESH_TTL_S = 30 * 86_400;

/** An answer, read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; undefined when it is no JSON. */
  json: AnswerBody;
}

interface ProductBody {
  sku: string;
  name: string;
  description: string;
  kind: string;
  priceMinor: number;
  stock: Record<string, number>;
}

/** Every field that some answer has; a test knows what it asked for. */
export interface AnswerBody extends Omit<OrderView, 'payment'>, Problem, Omit<ProductBody, 'name'> {
  state: string;
  reason: Reason;
  allowedEvents: string[];
  errors: FieldError[];
  items: (OrderView & TransitionView & ProductBody & { username: string })[];
  next: string | null;
  total: number;
  skip: number;
  limit: number;
  user: { id: string; email: string; username: string; role: Role };
  accessToken: string;
  tokenType: string;
  expiresInS: number;
  access_token: string;
  token_type: string;
  expires_in: number;
  refresh_token: string;
  active: boolean;
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  failed: number;
  version: string;
  checks: Record<string, { status: string }>;
}

export interface CallOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Sends one request; an object as `body` goes as JSON, a text as it is. */
export async function call(
  url: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const { token, body, headers = {} } = options;
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  // A stream of events does not end by itself.
  const isEndless = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  if (isEndless) await response.body?.cancel();
  const text = isEndless ? '' : await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): AnswerBody {
  try {
    return JSON.parse(text);
  } catch {
    return undefined as unknown as AnswerBody;
  }
}

/** Listens with that app until the test ends; returns its URL. */
export async function serve(t: Teardown, app: Koa): Promise<string> {
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A line of the log. */
export interface LogLine {
  level: number;
  msg: string;
  requestId?: string;
  path?: string;
  status?: number;
  [key: string]: unknown;
}

/** A logger that keeps its lines. */
export function createLogBook() {
  const lines: LogLine[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { logger: pino({ level: 'trace' }, sink), lines };
}

/** Well-formed, and of no password. */
const NOBODYS_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Without limits that a test would run into unawares. */
const CONFIG: HttpConfig = {
  jwtSecrets: [SECRET],
  tokenTtlS: TTL_S,
  secureCookies: false,
  loginTest: false,
  rates: { reads: 0, writes: 0, auth: 0 },
  logins: { failures: 10_000, windowS: 900 },
  allowedOrigins: undefined,
  trustedProxies: 0,
  body: { maxBytes: 1_048_576, maxDepth: 32 },
  importRows: 1_000,
  privateEndpoints: false,
};

/** What a test may replace: parts, settings, and the network that the instances share. */
export interface AppChanges extends Partial<Omit<HttpParts, 'config'>> {
  config?: Partial<HttpConfig>;
}

/** Starts the whole app; `changes` replaces parts of it. */
export async function startApp(t: Teardown, { config: settings, ...changes }: AppChanges = {}) {
  const clock = createFakeClock(new Date('2026-01-01T00:00:00.000Z'));
  const newId = randomUUID;
  const orders = createFakeOrders({ clock, newId });
  const products = createFakeCatalogue();
  const users = createFakeUsers(newId);
  const { logger, lines } = createLogBook();
  const webhooks = createFakeWebhooks({ clock, newId, logger });
  const network = createFakeNetwork();
  const store = createFakeSessionStore(users);
  const watch = createSessionWatch({ store, channel: network.join(), clock, logger });
  t.teardown(() => watch.close());
  const sessions = createSessions({ store, watch, users, clock, newId, ttlS: REFRESH_TTL_S, logger });
  const parts: HttpParts = {
    config: { ...CONFIG, ...settings },
    orders,
    queries: orders.queries,
    live: {
      admit: () => () => {},
      async watch(orderId, begin) {
        begin(await orders.read(orderId));
        return () => {};
      },
    },
    // An order in memory has nobody who leads it to its end: it is answered as it stands.
    waiting: { settle: async (_, record) => record, close() {} },
    analytics: {
      orders: async () => [],
      products: async () => [],
      conversion: async () => ({ placed: 0, completed: 0, stages: [], failures: [] }),
      times: async () => [],
    },
    products,
    users,
    webhooks,
    feedDocument: describeFeed('1.2.3'),
    readers: {},
    sessions,
    redis: undefined,
    namespace: 'test',
    queues: () => [],
    checks: {},
    clock,
    newId,
    logger,
    version: '1.2.3',
    ...changes,
  };
  const url = await serve(t, createApp(parts));
  const tokens = createTokens({ secrets: [SECRET], ttlS: TTL_S, clock });
  return {
    url,
    clock,
    orders,
    products,
    users,
    webhooks,
    lines,
    tokens,
    sessions,
    /** The table that the app serves. */
    routes: createApi(parts).routes,
    call: (method: string, path: string, options?: CallOptions) => call(url, method, path, options),
    /** A user of that role with a token; nobody knows the password. */
    async person(
      role: Role,
      name = `${role}-${randomUUID().slice(0, 8)}`,
    ): Promise<{ user: User; token: string }> {
      const facts = { email: `${name}@example.com`, username: name, role, createdAt: clock.now() };
      const user = await users.create({ ...facts, passwordHash: NOBODYS_HASH });
      const { sessionId } = await sessions.open({ ...user, sessionEpoch: 0 });
      return { user, token: tokens.issue(user, sessionId) };
    },
  };
}

export type RunningApp = Awaited<ReturnType<typeof startApp>>;

/** The body of an ordinary order, with changes. */
export function orderBody(changes: Record<string, unknown> = {}) {
  return {
    currency: 'VND',
    lines: [{ sku: '85123A', quantity: 6, unitPriceMinor: 255 }],
    shippingAddress: {
      name: 'Nguyễn An',
      street: '1 Lê Lợi',
      city: 'Huế',
      postalCode: '49000',
      country: 'VN',
    },
    payment: { token: 'tok_approve' },
    ...changes,
  };
}

/** Places an ordinary order; the key is new unless given. */
export function placeOrder(
  app: RunningApp,
  token: string,
  body: unknown = orderBody(),
  key: string = randomUUID(),
) {
  return app.call('POST', '/api/v1/orders', { token, body, headers: { 'idempotency-key': key } });
}
