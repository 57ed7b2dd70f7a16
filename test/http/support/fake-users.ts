/** The people in memory. */
import { TerminalError } from '../../../src/platform/errors.ts';
import type { User, UserRepository } from '../../../src/ports/users.ts';

const others = ({ pushSubscriptions = [] }: User, { endpoint }: { endpoint: string }) =>
  pushSubscriptions.filter((known) => known.endpoint !== endpoint);

/** Nobody yet. */
export function createFakeUsers(newId: () => string): UserRepository {
  const users = new Map<string, User & { passwordHash: string }>();
  const find = (matches: (user: User) => boolean) => [...users.values()].find(matches);
  return {
    async create(user) {
      const email = user.email.toLowerCase();
      if (find((other) => other.email === email || other.username === user.username)) {
        throw new TerminalError('conflict', 'The email or the username is taken.');
      }
      const id = newId();
      users.set(id, { ...user, id, email });
      const { passwordHash: _, ...shown } = user;
      return { ...shown, id, email };
    },
    async findById(id) {
      return users.get(id);
    },
    async findByEmail(email) {
      return users.get(find((user) => user.email === email.toLowerCase())?.id ?? '');
    },
    async count() {
      return users.size;
    },
    async update(id, { phone, ...change }) {
      const user = users.get(id);
      if (!user) return undefined;
      const { phone: known, ...rest } = user;
      const now = phone === undefined ? known : phone;
      const changed = { ...rest, ...change, ...(now != null && { phone: now }) };
      users.set(id, changed);
      return changed;
    },
    async addPushSubscription(id, subscription) {
      const user = users.get(id);
      if (user) users.set(id, { ...user, pushSubscriptions: [...others(user, subscription), subscription] });
      return user !== undefined;
    },
    async removePushSubscription(id, endpoint) {
      const user = users.get(id);
      if (user) users.set(id, { ...user, pushSubscriptions: others(user, { endpoint }) });
    },
  };
}
