/** Sessions: opened by a login, carried on by refresh tokens that are good for once, ended on every instance. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { SessionEndings, SessionStore } from '../ports/sessions.ts';
import type { Account, UserRepository } from '../ports/users.ts';
import type { SessionWatch } from './session-watch.ts';

/** What a login or a refresh gives. */
export interface OpenSession {
  sessionId: string;
  /** Opaque: 32 random bytes, base64url. */
  refreshToken: string;
}

/** The sessions of this engine, as one instance sees and changes them. */
export interface Sessions extends SessionEndings {
  /**
   * Begins one for that account, as it was when its password was checked; `ttlS` seconds, or as configured.
   * @throws TerminalError `forbidden` when the account is disabled; `unauthenticated` when it changed meanwhile
   */
  open(account: Pick<Account, 'id' | 'sessionEpoch' | 'disabledAt'>, ttlS?: number): Promise<OpenSession>;
  /**
   * Exchanges a refresh token for the next. One that was exchanged before ends its session: two people hold it.
   * @throws TerminalError `unauthenticated` when it is not, or no longer, good for anything
   */
  refresh(refreshToken: string): Promise<OpenSession & { account: Account }>;
  end(session: { sessionId: string; userId: string }): Promise<void>;
  /** Ends the session of that refresh token; nothing when there is none. */
  endByToken(refreshToken: string): Promise<void>;
  /** Tells everybody that the user's sessions have ended, but the one: call it after the write that ended them. */
  announceEnd(userId: string, exceptSessionId?: string): void;
  isLive(sessionId: string): Promise<boolean>;
}

/** What the sessions stand on. */
export interface SessionParts {
  store: SessionStore;
  watch: SessionWatch;
  users: Pick<UserRepository, 'findAccount'>;
  clock: Clock;
  newId: () => string;
  /** How long a session lives without a refresh, in seconds. */
  ttlS: number;
  logger: Logger;
}

const TOKEN_BYTES = 32;

/** Makes the sessions of one instance. */
export function createSessions(parts: SessionParts): Sessions {
  const { store, watch, users, clock, newId, ttlS, logger } = parts;
  const end = async (session: { sessionId: string; userId: string }) => {
    await store.end(session.sessionId, clock.now());
    watch.announce({ userId: session.userId, sessionId: session.sessionId });
  };
  const expiry = (now: Date, lifeS: number) => new Date(now.getTime() + lifeS * 1000);

  return {
    async open({ id: userId, sessionEpoch, disabledAt }, lifeS = ttlS) {
      if (disabledAt) throw disabled();
      const createdAt = clock.now();
      const { token: refreshToken, tokenHash } = newToken();
      const sessionId = newId();
      const session = { id: sessionId, userId, epoch: sessionEpoch, createdAt };
      await store.insert({ ...session, tokenHash, expiresAt: expiry(createdAt, lifeS) });
      // Whoever disabled the account meanwhile raised its epoch, before this looks or after it inserted.
      if (!(await watch.ask(sessionId))) throw spent('The account has changed meanwhile; log in again.');
      return { sessionId, refreshToken };
    },

    async refresh(refreshToken) {
      const now = clock.now();
      const next = newToken();
      const rotation = await store.rotate(
        hashOf(refreshToken),
        { tokenHash: next.tokenHash, expiresAt: expiry(now, ttlS) },
        now,
      );
      if (rotation === undefined) throw spent('The refresh token is not valid, or no longer; log in again.');
      const { id: sessionId, userId } = rotation.session;
      if (rotation.outcome === 'reused') {
        watch.announce({ userId, sessionId });
        logger.warn({ userId, sessionId }, 'a refresh token came twice; its session is ended');
        throw spent('The refresh token was used before; its session is ended, log in again.');
      }
      const account = await users.findAccount(userId);
      if (!account || !(await watch.ask(sessionId))) throw spent('The session has ended; log in again.');
      return { sessionId, refreshToken: next.token, account };
    },

    end,

    async endByToken(refreshToken) {
      const session = await store.findByToken(hashOf(refreshToken));
      if (session) await end({ sessionId: session.id, userId: session.userId });
    },

    announceEnd: (userId, exceptSessionId) =>
      watch.announce({ userId, ...(exceptSessionId !== undefined && { exceptSessionId }) }),
    isLive: watch.isLive,
    onEnded: watch.onEnded,
  };
}

function newToken(): { token: string; tokenHash: string } {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, tokenHash: hashOf(token) };
}

/** Tokens are random enough for a plain hash: nobody can guess one to compare. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function spent(detail: string): TerminalError {
  return new TerminalError('unauthenticated', detail);
}

function disabled(): TerminalError {
  return new TerminalError('forbidden', 'This account is disabled; ask an administrator.');
}
