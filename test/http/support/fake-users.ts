/** The people in memory, and their sessions. */
import { TerminalError } from '../../../src/platform/errors.ts';
import type { Session, SessionStore } from '../../../src/ports/sessions.ts';
import type { Account, User, UserRepository } from '../../../src/ports/users.ts';

interface Stored extends Account {
  keptSessionId?: string | undefined;
}

/** People in memory; `counts` says whether a session is of its user's epoch, or kept. */
export interface FakeUsers extends UserRepository {
  counts(session: Session): boolean;
}

const others = ({ pushSubscriptions = [] }: User, { endpoint }: { endpoint: string }) =>
  pushSubscriptions.filter((known) => known.endpoint !== endpoint);

/** Nobody yet. */
export function createFakeUsers(newId: () => string): FakeUsers {
  const users = new Map<string, Stored>();
  const find = (matches: (user: User) => boolean) => [...users.values()].find(matches);
  const shown = (user: Stored | undefined): User | undefined => {
    if (!user) return undefined;
    const { passwordHash: _, sessionEpoch: __, keptSessionId: ___, ...rest } = user;
    return rest;
  };
  const change = (id: string, changes: Partial<Stored>, ending: boolean): User | undefined => {
    const user = users.get(id);
    if (!user) return undefined;
    const sessionEpoch = user.sessionEpoch + (ending ? 1 : 0);
    users.set(id, { ...user, ...changes, sessionEpoch });
    return shown(users.get(id));
  };
  return {
    async create(user) {
      const email = user.email.toLowerCase();
      if (find((other) => other.email === email || other.username === user.username)) {
        throw new TerminalError('conflict', 'The email or the username is taken.');
      }
      const stored = { ...user, id: newId(), email, sessionEpoch: 0 };
      users.set(stored.id, stored);
      return shown(stored) as User;
    },
    findById: async (id) => shown(users.get(id)),
    findByEmail: async (email) => users.get(find((user) => user.email === email.toLowerCase())?.id ?? ''),
    findByUsername: async (username) => users.get(find((user) => user.username === username)?.id ?? ''),
    findAccount: async (id) => users.get(id),
    async list({ limit, after }) {
      const all = [...users.values()].reverse();
      const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      return all.slice(start, start + limit).map((user) => shown(user) as User);
    },
    setRole: async (id, role) => change(id, { role, keptSessionId: undefined }, true),
    async setDisabled(id, at) {
      const user = users.get(id);
      if (user) delete user.disabledAt;
      return at === undefined
        ? change(id, {}, false)
        : change(id, { disabledAt: at, keptSessionId: undefined }, true);
    },
    async setPassword(id, { from, to, keptSessionId }) {
      if (users.get(id)?.passwordHash !== from) return false;
      change(id, { passwordHash: to, keptSessionId }, true);
      return true;
    },
    count: async () => users.size,
    async update(id, { phone, ...changes }) {
      const user = users.get(id);
      if (user && phone === null) delete user.phone;
      return change(id, { ...changes, ...(typeof phone === 'string' && { phone }) }, false);
    },
    async addPushSubscription(id, subscription) {
      const user = users.get(id);
      if (user) user.pushSubscriptions = [...others(user, subscription), subscription];
      return user !== undefined;
    },
    async removePushSubscription(id, endpoint) {
      const user = users.get(id);
      if (user) user.pushSubscriptions = others(user, { endpoint });
    },
    counts({ id, userId, epoch }) {
      const user = users.get(userId);
      return user !== undefined && (user.sessionEpoch === epoch || user.keptSessionId === id);
    },
  };
}

/** Their sessions. */
export function createFakeSessionStore(users: Pick<FakeUsers, 'counts'>): SessionStore {
  type Stored = Session & { tokenHash: string; used: string[]; ended?: true };
  const sessions = new Map<string, Stored>();
  const find = (matches: (session: Stored) => boolean) => [...sessions.values()].find(matches);
  const isOpen = (session: Stored, now: Date) => !session.ended && session.expiresAt > now;
  return {
    async insert(session) {
      sessions.set(session.id, { ...session, used: [] });
    },
    async rotate(tokenHash, next, now) {
      const current = find((session) => session.tokenHash === tokenHash && isOpen(session, now));
      if (current) {
        current.used.push(tokenHash);
        return { outcome: 'rotated', session: Object.assign(current, next) };
      }
      const reused = find(({ used }) => used.includes(tokenHash));
      return reused && { outcome: 'reused', session: Object.assign(reused, { ended: true }) };
    },
    findByToken: async (hash) => find(({ tokenHash, used }) => tokenHash === hash || used.includes(hash)),
    async end(sessionId) {
      const session = sessions.get(sessionId);
      if (session) session.ended = true;
    },
    async liveAmong(ids, now) {
      const found = ids.flatMap((id) => sessions.get(id) ?? []);
      return new Map(
        found
          .filter((session) => isOpen(session, now) && users.counts(session))
          .map(({ id, userId }) => [id, userId]),
      );
    },
  };
}
