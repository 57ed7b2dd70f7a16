/** Access tokens: JWTs of one algorithm, one type, one issuer and one audience, that always expire. */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
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
  /** The session that the token belongs to: it counts no longer than that. */
  sessionId: string;
  role: Role;
  username: string;
  issuedAt: Date;
  expiresAt: Date;
}

/** Issues and verifies the tokens of one audience. */
export interface Tokens {
  /** A signed token of that session, that lives as long as `ttlS` says. */
  issue(user: { id: string; role: Role; username: string }, sessionId: string): string;
  /**
   * Who it speaks for; whether its session still counts is another question.
   * @throws TerminalError `unauthenticated` when it is forged, expired, or meant for somebody else.
   */
  verify(token: string): Viewer;
}

export const ISSUER = 'ordo';
const ALGORITHM = 'HS256';
/** RFC 9068; a token of another kind can never stand in for one of these. */
const TYPE = 'at+jwt';
const SECRET_BYTES_MIN = 32;

const claimsSchema = z.object({
  sub: z.string().min(1),
  sid: z.string().min(1),
  role: z.enum(['customer', 'operator', 'admin']),
  username: z.string(),
  iat: z.int(),
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
  const { sub, sid, role, username, iat, exp } = parsed.data;
  const [issuedAt, expiresAt] = [new Date(iat * 1000), new Date(exp * 1000)];
  return { userId: sub, sessionId: sid, role, username, issuedAt, expiresAt };
}

/** The keys by their ids: the first signs, all verify. */
export interface KeyRing {
  signing: { kid: string; key: KeyObject };
  /** The key that a token's header names. @throws TerminalError `unauthenticated` for any other header */
  keyOf(header: { kid?: string | undefined; typ?: string | undefined }): KeyObject;
}

/**
 * Makes the keys of those secrets; from a string, jsonwebtoken would make one anew at every verification.
 * @throws RangeError when one has fewer than 32 bytes: jsonwebtoken itself would take it.
 */
export function createKeyRing(secrets: readonly string[]): KeyRing {
  const keys = new Map(secrets.map((secret) => [keyIdOf(secret), secretKeyOf(secret)]));
  const [signing] = [...keys].map(([kid, key]) => ({ kid, key }));
  if (signing === undefined) throw new RangeError('Expected a token secret, got none.');
  return {
    signing,
    keyOf({ kid, typ }) {
      const key = typ === TYPE ? keys.get(kid ?? '') : undefined;
      if (!key) throw new TerminalError('unauthenticated', 'The token is not one of ours; log in again.');
      return key;
    },
  };
}

/** Tells the secrets apart without telling them. */
function keyIdOf(secret: string): string {
  return createHash('sha256').update(`ordo-kid:${secret}`).digest('base64url').slice(0, 8);
}

function secretKeyOf(secret: string): KeyObject {
  const bytes = Buffer.from(secret);
  if (bytes.length < SECRET_BYTES_MIN)
    throw new RangeError(
      `Expected a token secret of at least ${SECRET_BYTES_MIN} bytes, got ${bytes.length}.`,
    );
  return createSecretKey(bytes);
}

/**
 * Makes the tokens of one audience. Each secret has at least 32 bytes, the first signs; `ttlS` is in seconds.
 * @throws RangeError on a shorter secret
 */
export function createTokens(options: {
  secrets: readonly string[];
  ttlS: number;
  clock: Clock;
  audience?: Audience;
}): Tokens {
  const { ttlS, clock, audience = 'ordo-api' } = options;
  const { signing, keyOf } = createKeyRing(options.secrets);
  const verification = verificationOf(audience, clock);
  return {
    issue({ id, role, username }, sessionId) {
      const iat = verification.clockTimestamp;
      return jwt.sign({ sub: id, sid: sessionId, role, username, iat, exp: iat + ttlS }, signing.key, {
        header: { alg: ALGORITHM, typ: TYPE, kid: signing.kid },
        issuer: ISSUER,
        audience,
      });
    },
    verify(token) {
      const viewer = viewerOf(claimsOf(token, keyOf, verification));
      if (!viewer) throw new TerminalError('unauthenticated', 'The token lacks a claim that it must have.');
      return viewer;
    },
  };
}

function claimsOf(token: string, keyOf: KeyRing['keyOf'], verification: jwt.VerifyOptions): unknown {
  try {
    const decoded = jwt.decode(token, { complete: true });
    return jwt.verify(token, keyOf(decoded?.header ?? {}), verification);
  } catch (cause) {
    throw new TerminalError('unauthenticated', 'The token is not valid, or no longer; log in again.', {
      cause,
    });
  }
}
