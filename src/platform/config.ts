/** The configuration: read once from the environment, validated, with a default for everything. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';

const integer = (minimum: number, maximum: number, fallback: number) =>
  z.coerce.number().int().min(minimum).max(maximum).default(fallback);

const url = (pattern: RegExp, example: string) =>
  z.string().regex(pattern, `expected something like ${example}`).optional();

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
  /** `true` when people reach it by TLS alone, through a proxy: cookies are then Secure, and browsers told so. */
  ORDO_TLS: z.enum(['true', 'false']).default('false'),
  ORDO_TOKEN_TTL_S: integer(60, 86_400, 3600),
  /** `true` seeds the demo catalogue and three users into an empty database; the embedded default does. */
  ORDO_DEMO: z.enum(['true', 'false']).optional(),
  /** The demo users' password; without it each gets one of its own, printed once. */
  ORDO_DEMO_PASSWORD: z.string().min(10, 'expected at least 10 characters').optional(),
  /** An administrator with that email and password is created at the start, unless the email has a user. */
  ORDO_ADMIN_EMAIL: z.email('expected an email address').optional(),
  ORDO_ADMIN_PASSWORD: z.string().min(10, 'expected at least 10 characters').max(200).optional(),
  MONGODB_URI: url(/^mongodb(\+srv)?:\/\/./, 'mongodb://127.0.0.1:27017/ordo?replicaSet=rs0'),
  REDIS_URL: url(/^(rediss?:\/\/.|unix:\/\/\/.)/, 'redis://127.0.0.1:6379 or unix:///run/redis.sock'),
  /** Jobs at once, per queue and process. */
  ORDO_CONCURRENCY: integer(1, 1_000, 32),
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
});

export type Environment = z.output<typeof environmentSchema>;

/** Values that no message may repeat; a URL can hold a password. */
const HIDDEN = new Set([
  'ORDO_JWT_SECRET',
  'ORDO_DEMO_PASSWORD',
  'ORDO_ADMIN_PASSWORD',
  'MONGODB_URI',
  'REDIS_URL',
]);

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

/**
 * Reads the environment; empty variables count as absent.
 * @throws ConfigError on a bad value, and on an `ORDO_` variable that does not exist (a typing error).
 */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const known = environmentSchema.shape;
  const unknown = Object.keys(given).filter((name) => name.startsWith('ORDO_') && !(name in known));
  const lines = unknown.map((name) => `${name}: there is no such setting.`);
  const parsed = environmentSchema.safeParse(given);
  if (parsed.success && lines.length === 0) return parsed.data;
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    lines.push(`${name}=${HIDDEN.has(name) ? '(hidden)' : given[name]}: ${issue.message}`);
  }
  throw new ConfigError(lines);
}
