/** The configuration: read once from the environment, validated, with a default for everything. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';

const integer = (minimum: number, maximum: number, fallback: number) =>
  z.coerce.number().int().min(minimum).max(maximum).default(fallback);

const url = (pattern: RegExp, example: string) =>
  z.string().regex(pattern, `expected something like ${example}`).optional();

/** As browsers write them: scheme, host and port, nothing behind. */
const origins = z
  .string()
  .transform((text) => text.split(',').map((origin) => origin.trim()))
  .pipe(
    z.array(
      z
        .string()
        .refine(
          (text) => URL.canParse(text) && new URL(text).origin === text,
          'expected origins such as https://shop.example, with commas between',
        ),
    ),
  )
  .optional();

/** Every variable that the engine reads; `docker-compose.yml` and the docs may name no other. */
export const environmentSchema = z.object({
  ORDO_ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  ORDO_HOST: z.string().min(1).default('127.0.0.1'),
  ORDO_PORT: integer(0, 65_535, 3000),
  ORDO_DATA_DIR: z.string().min(1).default('data'),
  /** Without it: `info`, and `warn` on the embedded default, where people watch the terminal. */
  ORDO_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).optional(),
  /** At least 32 bytes; without it, the embedded start makes one and keeps it in the data folder. */
  ORDO_JWT_SECRET: z.string().min(32, 'expected at least 32 characters').optional(),
  /** The secret before this one: what it signed is still taken, until it expires. */
  ORDO_JWT_SECRET_PREVIOUS: z.string().min(32, 'expected at least 32 characters').optional(),
  /** `true` when people reach it by TLS alone, through a proxy: cookies are then Secure, and browsers told so. */
  ORDO_TLS: z.enum(['true', 'false']).default('false'),
  ORDO_TOKEN_TTL_S: integer(60, 86_400, 3600),
  /** A session ends when it was not refreshed for so long. */
  ORDO_REFRESH_TTL_S: integer(60, 31_536_000, 2_592_000),
  /** Wrong passwords for one account from one address, before both have to wait; ten times as many for each alone. */
  ORDO_LOGIN_FAILURES: integer(1, 10_000, 10),
  ORDO_LOGIN_WINDOW_S: integer(1, 86_400, 900),
  /** `true` opens `POST /auth/login-test`, which asks for no password; refused where NODE_ENV is `production`. */
  ORDO_LOGIN_TEST: z.enum(['true', 'false']).default('false'),
  /** Requests a minute, by user or, without one, by address; 0 sets no limit. */
  ORDO_RATE_READS: integer(0, 100_000_000, 600_000),
  ORDO_RATE_WRITES: integer(0, 100_000_000, 60_000),
  /** Logins, registrations and other requests that cost a password's hash. */
  ORDO_RATE_AUTH: integer(0, 100_000_000, 1_200),
  /** Origins whose pages may call the API and the feed, such as `https://shop.example`, with commas between. */
  ORDO_ALLOWED_ORIGINS: origins,
  /** How many proxies of ours stand before the engine: so many addresses of `X-Forwarded-For` are believed. */
  ORDO_TRUSTED_PROXIES: integer(0, 10, 0),
  ORDO_BODY_MAX_BYTES: integer(1_024, 104_857_600, 1_048_576),
  /** How deep the arrays and objects of a body may be nested. */
  ORDO_JSON_DEPTH: integer(8, 1_000, 32),
  ORDO_IMPORT_ROWS: integer(1, 10_000_000, 50_000),
  /** How long a client may take to send its headers, and its whole request; and rest between two. */
  ORDO_HEADERS_TIMEOUT_MS: integer(100, 600_000, 10_000),
  ORDO_REQUEST_TIMEOUT_MS: integer(100, 3_600_000, 60_000),
  ORDO_KEEP_ALIVE_MS: integer(100, 3_600_000, 65_000),
  /** How long a product's details are kept in Redis; 0 keeps none. */
  ORDO_PRODUCT_CACHE_S: integer(0, 86_400, 300),
  /** `true` seeds the demo catalogue and three users into an empty database; the embedded default does. */
  ORDO_DEMO: z.enum(['true', 'false']).optional(),
  /** The demo users' password; without it each gets one of its own, printed once. */
  ORDO_DEMO_PASSWORD: z.string().min(10, 'expected at least 10 characters').optional(),
  /** An administrator with that email and password is created at the start, unless the email has a user. */
  ORDO_ADMIN_EMAIL: z.email('expected an email address').optional(),
  ORDO_ADMIN_PASSWORD: z.string().min(10, 'expected at least 10 characters').max(200).optional(),
  MONGODB_URI: url(/^mongodb(\+srv)?:\/\/./, 'mongodb://127.0.0.1:27017/ordo?replicaSet=rs0'),
  REDIS_URL: url(/^(rediss?:\/\/.|unix:\/\/\/.)/, 'redis://127.0.0.1:6379 or unix:///run/redis.sock'),
  /** The gateway and the carrier; without them, the embedded default starts the sandbox for both. */
  ORDO_PAYMENT_URL: url(/^(https?:\/\/.|unix:\/\/\/.)/, 'https://pay.example or unix:///run/sandbox.sock'),
  ORDO_CARRIER_URL: url(/^(https?:\/\/.|unix:\/\/\/.)/, 'https://ship.example or unix:///run/sandbox.sock'),
  /** Signs their webhooks, as Standard Webhooks has it; the embedded default keeps one in the data folder. */
  ORDO_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'expected whsec_ and at least 24 bytes in base64')
    .optional(),
  /** Stages at once, per queue and process. What ends together is written together: more of them cost less each. */
  ORDO_CONCURRENCY: integer(1, 1_000, 512),
  /** Webhooks sent at once, to all endpoints together and per process; at least one for each endpoint there may be. */
  ORDO_WEBHOOK_CONCURRENCY: integer(50, 1_000, 64),
  /** `false` makes every stage a job of its own; else only those are that must wait, and the first. */
  ORDO_HAND_ON: z.enum(['true', 'false']).default('true'),
  /** Attempts of one invocation before its failure becomes an outcome. */
  ORDO_ATTEMPTS: integer(1, 100, 8),
  ORDO_BACKOFF_MS: integer(1, 3_600_000, 500),
  /** How long pending work may rest before the recovery sweep looks after it. */
  ORDO_LEASE_MS: integer(100, 3_600_000, 30_000),
  ORDO_SWEEP_INTERVAL_MS: integer(50, 600_000, 5_000),
  /** Activations kept in memory, per process. */
  ORDO_ACTIVATIONS: integer(1, 1_000_000, 10_000),
  /** Watching connections of one customer at once, per process; those who run the shop may have five times as many. */
  ORDO_FEED_CONNECTIONS_PER_USER: integer(1, 1_000_000, 20),
  ORDO_PAYMENT_OVERDUE_MS: integer(100, 2_592_000_000, 900_000),
  ORDO_SHIPPING_OVERDUE_MS: integer(100, 2_592_000_000, 86_400_000),
  /** How long an unpaid order keeps its stock. */
  ORDO_UNPAID_EXPIRY_MS: integer(100, 2_592_000_000, 86_400_000),
  /** The most units in one parcel: a larger order goes in several. */
  ORDO_PARCEL_UNITS: integer(1, 1_000_000_000, 1_000_000_000),
  /** Where mail is posted; without it, each mail becomes a file in the data folder. */
  SMTP_URL: url(/^smtps?:\/\/./, 'smtps://user:password@mail.example:465'),
  /** The sender of every mail; its domain is also that of the Message-IDs. */
  ORDO_MAIL_FROM: z
    .string()
    .regex(
      /^(?:[^\p{Cc}<>@,;:"]+ <[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u,
      'expected something like Ordo <orders@shop.example>',
    )
    .default('Ordo <orders@ordo.example>'),
  /** The gateway for text messages; without it there are none. */
  SMS_URL: url(/^https?:\/\/./, 'https://sms.example/messages'),
  SMS_TOKEN: z.string().optional(),
  /** Our identity at the push services of browsers, all three or none; without it there is no Web Push. */
  VAPID_PUBLIC_KEY: z
    .string()
    .regex(/^[\w-]{87}$/, 'expected 65 bytes in URL-safe base64')
    .optional(),
  VAPID_PRIVATE_KEY: z
    .string()
    .regex(/^[\w-]{43}$/, 'expected 32 bytes in URL-safe base64')
    .optional(),
  VAPID_SUBJECT: url(/^(mailto:|https:\/\/)./, 'mailto:operator@shop.example'),
  /** `true` lets users name endpoints in private networks and without TLS: for tests, never in production. */
  ORDO_PRIVATE_ENDPOINTS: z.enum(['true', 'false']).default('false'),
  /** Both, and orders are charged by Stripe; neither, and the sandbox gateway plays it. */
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_\w+$/, 'expected a key that begins with sk_ or rk_')
    .optional(),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_\S+$/, 'expected a secret that begins with whsec_')
    .optional(),
});

export type Environment = z.output<typeof environmentSchema>;

/** Values that no message may repeat; a URL can hold a password. */
const HIDDEN = new Set([
  'ORDO_JWT_SECRET',
  'ORDO_JWT_SECRET_PREVIOUS',
  'ORDO_DEMO_PASSWORD',
  'ORDO_ADMIN_PASSWORD',
  'MONGODB_URI',
  'REDIS_URL',
  'SMTP_URL',
  'SMS_URL',
  'SMS_TOKEN',
  'VAPID_PRIVATE_KEY',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'ORDO_PAYMENT_URL',
  'ORDO_CARRIER_URL',
  'ORDO_WEBHOOK_SECRET',
]);

/** Settings that mean nothing without each other. */
const TOGETHER = [
  ['VAPID_PUBLIC_KEY', 'VAPID_PRIVATE_KEY', 'VAPID_SUBJECT'],
  ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'],
] as const;

/** A configuration that cannot be used: one line a fault, fit to be shown as it is. */
export class ConfigError extends Error {
  constructor(readonly lines: string[]) {
    super(lines.join('\n'));
    this.name = 'ConfigError';
  }
}

/** The version of the package that runs. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

const othersOf = (group: readonly string[], name: string) =>
  group.filter((other) => other !== name).join(' and ');

/**
 * Reads the environment; empty variables count as absent.
 * @throws ConfigError on a bad value, and on an `ORDO_` variable that does not exist (a typing error).
 */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const known = environmentSchema.shape;
  const unknown = Object.keys(given).filter((name) => name.startsWith('ORDO_') && !(name in known));
  const lines = unknown.map((name) => `${name}: there is no such setting.`);
  for (const group of TOGETHER) {
    const missing = group.filter((name) => !(name in given));
    if (missing.length < group.length)
      lines.push(...missing.map((name) => `${name}: expected together with ${othersOf(group, name)}.`));
  }
  if (given.NODE_ENV === 'production' && given.ORDO_LOGIN_TEST === 'true')
    lines.push('ORDO_LOGIN_TEST=true: logging in without a password is not for production (NODE_ENV).');
  const parsed = environmentSchema.safeParse(given);
  if (parsed.success && lines.length === 0) return parsed.data;
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    lines.push(`${name}=${HIDDEN.has(name) ? '(hidden)' : given[name]}: ${issue.message}`);
  }
  throw new ConfigError(lines);
}
