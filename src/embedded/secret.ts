/** The secret that signs tokens: made once, and kept in the data folder for its owner alone. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigError } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';

/**
 * The kept secret, or a new one (48 random bytes, base64url) in a file of mode 0600; engines that start at
 * the same time get the same.
 * @throws ConfigError when the file cannot be used
 */
export function keptSecret(dataDir: string): string {
  const path = join(dataDir, 'secret');
  const fresh = join(dataDir, `secret-${randomBytes(6).toString('hex')}`);
  try {
    return readSecret(path) ?? makeSecret(path, fresh);
  } catch (error) {
    throw new ConfigError([
      `${path}: cannot be used as the token secret (${messageOf(error)}); ` +
        'set ORDO_JWT_SECRET, or remove the file (everybody then has to log in again).',
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

function makeSecret(path: string, fresh: string): string {
  try {
    writeFileSync(fresh, randomBytes(48).toString('base64url'), { flag: 'wx', mode: 0o600, flush: true });
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
