/** Secrets that nobody gave: made once, and kept in the data folder for its owner alone. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigError } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';

/** One kind of secret. */
interface SecretKind {
  file: string;
  /** What it is, what may be set instead of it, and what its loss means, in messages. */
  what: string;
  setting: string;
  loss: string;
  make: () => string;
}

/** Signs the tokens of those who are logged in. */
export const TOKEN_SECRET: SecretKind = {
  file: 'secret',
  what: 'the token secret',
  setting: 'ORDO_JWT_SECRET',
  loss: 'everybody then has to log in again',
  make: () => randomBytes(48).toString('base64url'),
};

/** Signs the sandbox's webhooks, in the form of Standard Webhooks. */
export const WEBHOOK_SECRET: SecretKind = {
  file: 'webhook-secret',
  what: "the webhooks' secret",
  setting: 'ORDO_WEBHOOK_SECRET',
  loss: 'a new one is made at the next start',
  make: () => `whsec_${randomBytes(48).toString('base64')}`,
};

/**
 * The kept secret of that kind, or a new one of 48 random bytes, in a file of mode 0600; engines that start at the
 * same time get the same.
 * @throws ConfigError when the file cannot be used
 */
export function keptSecret(dataDir: string, { file, what, setting, loss, make }: SecretKind): string {
  const path = join(dataDir, file);
  const fresh = join(dataDir, `${file}-${randomBytes(6).toString('hex')}`);
  try {
    return readSecret(path) ?? makeSecret(path, fresh, make());
  } catch (error) {
    throw new ConfigError([
      `${path}: cannot be used as ${what} (${messageOf(error)}); set ${setting}, or remove the file (${loss}).`,
    ]);
  }
}

function readSecret(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (text.length < 32) throw new Error(`expected at least 32 characters, found ${text.length}`);
  return text;
}

function makeSecret(path: string, fresh: string, secret: string): string {
  try {
    writeFileSync(fresh, secret, { flag: 'wx', mode: 0o600, flush: true });
    // A link, unlike a rename, loses against an engine that was faster; its secret is then read below.
    linkSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  const kept = readSecret(path);
  if (kept === undefined) throw new Error('it vanished while it was made');
  return kept;
}
