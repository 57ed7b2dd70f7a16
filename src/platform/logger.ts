/** Structured logs: one JSON line each on standard output, secrets taken out. */
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const SECRETS = ['authorization', 'cookie', 'password', 'passwordHash', 'paymentToken', 'token', 'secret'];

/** The process's logger; parts take a `child({ part })` of it. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: { pid: process.pid },
    redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '(hidden)' },
  });
}
