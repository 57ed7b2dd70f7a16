/** Sessions: a login begins one, and whatever takes the right away ends it, on every instance. */

/** One login: the family of its refresh tokens. */
export interface Session {
  id: string;
  userId: string;
  /** The user's `sessionEpoch` when it began. */
  epoch: number;
  createdAt: Date;
  /** When it ends unless it is refreshed before. */
  expiresAt: Date;
}

/** What became of a refresh token that was shown. */
export type Rotation =
  | { outcome: 'rotated'; session: Session }
  /** It had been exchanged before: two hold it, so that the session is ended now. */
  | { outcome: 'reused'; session: Session };

/** Where sessions are kept; tokens are known there by their hashes alone. `src/store` implements it. */
export interface SessionStore {
  insert(session: Session & { tokenHash: string }): Promise<void>;
  /** Exchanges a session's token for the next one, in one step; undefined when no session has or had it. */
  rotate(
    tokenHash: string,
    next: { tokenHash: string; expiresAt: Date },
    now: Date,
  ): Promise<Rotation | undefined>;
  /** The session of that token, used or not. */
  findByToken(tokenHash: string): Promise<Session | undefined>;
  /** Ends it; one that has ended stays so. */
  end(sessionId: string, now: Date): Promise<void>;
  /** The users of those that count now: not ended, not expired, of the user's epoch or kept over the last one. */
  liveAmong(sessionIds: string[], now: Date): Promise<Map<string, string>>;
}

/** Sessions that have ended: that one; or, without one, all of the user but the excepted. */
export interface SessionsEnded {
  userId: string;
  sessionId?: string;
  exceptSessionId?: string;
}

/** Hears of sessions that end, on whichever instance; for connections that live as long as a session. */
export interface SessionEndings {
  /** Returns what ends the subscription. A listener must not throw. */
  onEnded(listener: (ended: SessionsEnded) => void): () => void;
}
