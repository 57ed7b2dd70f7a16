/** Passwords: argon2id, a few at once and a short line behind them, so that logins cannot starve the rest. */
import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { RetryableError } from '../platform/errors.ts';

/** Hashes and checks passwords. Both throw RetryableError when too many are waiting already. */
export interface Passwords {
  /** The encoded argon2id hash. */
  hash(password: string): Promise<string>;
  /** Whether it is the one; takes as long, and says false, where there is no hash to compare with. */
  matches(encoded: string | undefined, password: string): Promise<boolean>;
}

/** OWASP's parameters for argon2id, which is the library's default algorithm: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const RETRY_AFTER_MS = 1_000;

/** Makes the passwords of one process: `atOnce` hashes run, `waiting` stand in line, the next is refused. */
export function createPasswords({ atOnce = 2, waiting = 64 } = {}): Passwords {
  const inTurn = createTurns(atOnce, waiting);
  const nobodys = encode(randomBytes(16), randomBytes(32));
  return {
    hash: (password) => inTurn(() => hash(password, PARAMETERS)),
    matches: (encoded, password) => inTurn(() => verify(encoded ?? nobodys, password)),
  };
}

/** A well-formed hash that no password has. */
function encode(salt: Buffer, digest: Buffer): string {
  const [saltText, digestText] = [salt, digest].map((bytes) => bytes.toString('base64').replaceAll('=', ''));
  const { memoryCost, timeCost, parallelism } = PARAMETERS;
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${saltText}$${digestText}`;
}

function createTurns(atOnce: number, waiting: number) {
  const line: (() => void)[] = [];
  let running = 0;
  return async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running < atOnce) running += 1;
    else if (line.length < waiting) await new Promise<void>((resolve) => line.push(resolve));
    else throw new RetryableError('Too many logins at once.', { retryAfterMs: RETRY_AFTER_MS });
    try {
      return await work();
    } finally {
      // The turn passes straight to the next in line, so that nobody can slip in between.
      const next = line.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
