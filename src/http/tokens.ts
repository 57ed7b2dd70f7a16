/** Access tokens: JWTs of one algorithm, one issuer and one audience, that always expire. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Role } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';

/** Whom a token is for: the API and the feed, or the cookie of the admin pages. */
export type Audience = 'ordo-api' | 'ordo-admin';

/** Who a valid token says is asking. */
export interface Viewer {
  userId: string;
  role: Role;
  username: string;
  expiresAt: Date;
}

/** Issues and verifies the tokens of one audience. */
export interface Tokens {
  /** A signed token that lives as long as `ttlS` says. */
  issue(user: { id: string; role: Role; username: string }): string;
  /** @throws TerminalError `unauthenticated` when it is forged, expired, or meant for somebody else. */
  verify(token: string): Viewer;
}

const ISSUER = 'ordo';
const ALGORITHM = 'HS256';
const SECRET_BYTES_MIN = 32;

const claimsSchema = z.object({
  sub: z.string().min(1),
  role: z.enum(['customer', 'operator', 'admin']),
  username: z.string(),
  exp: z.int(),
});

/** What must hold for a token of that audience, as jsonwebtoken and koa-jwt take it. */
export function verificationOf(audience: Audience, clock: Clock) {
  return {
    algorithms: [ALGORITHM] satisfies jwt.Algorithm[],
    issuer: ISSUER,
    audience,
    /** Read anew at every verification, for the options are made once. */
    get clockTimestamp() {
      return Math.floor(clock.now().getTime() / 1000);
    },
  };
}

/** The viewer of verified claims; undefined when one is missing, the expiry among them. */
export function viewerOf(claims: unknown): Viewer | undefined {
  const parsed = claimsSchema.safeParse(claims);
  if (!parsed.success) return undefined;
  const { sub, role, username, exp } = parsed.data;
  return { userId: sub, role, username, expiresAt: new Date(exp * 1000) };
}

/**
 * The secret as a key; from a string, jsonwebtoken would make it anew at every verification.
 * @throws RangeError when it has fewer than 32 bytes: jsonwebtoken itself would take it.
 */
export function secretKeyOf(secret: string): KeyObject {
  const bytes = Buffer.from(secret);
  if (bytes.length < SECRET_BYTES_MIN)
    throw new RangeError(
      `Expected a token secret of at least ${SECRET_BYTES_MIN} bytes, got ${bytes.length}.`,
    );
  return createSecretKey(bytes);
}

/**
 * Makes the tokens of one audience. `secret` has at least 32 bytes, `ttlS` is in seconds.
 * @throws RangeError on a shorter secret
 */
export function createTokens(options: {
  secret: string;
  ttlS: number;
  clock: Clock;
  audience?: Audience;
}): Tokens {
  const { ttlS, clock, audience = 'ordo-api' } = options;
  const secret = secretKeyOf(options.secret);
  const verification = verificationOf(audience, clock);
  return {
    issue({ id, role, username }) {
      const iat = verification.clockTimestamp;
      return jwt.sign({ sub: id, role, username, iat, exp: iat + ttlS }, secret, {
        algorithm: ALGORITHM,
        issuer: ISSUER,
        audience,
      });
    },
    verify(token) {
      const viewer = viewerOf(claimsOf(token, secret, verification));
      if (!viewer) throw new TerminalError('unauthenticated', 'The token lacks a claim that it must have.');
      return viewer;
    },
  };
}

function claimsOf(token: string, secret: KeyObject, verification: jwt.VerifyOptions): unknown {
  try {
    return jwt.verify(token, secret, verification);
  } catch (cause) {
    throw new TerminalError('unauthenticated', 'The token is not valid, or no longer; log in again.', {
      cause,
    });
  }
}
