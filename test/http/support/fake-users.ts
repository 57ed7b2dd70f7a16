/** The people in memory. */
import { TerminalError } from '../../../src/platform/errors.ts';
import type { User, UserRepository } from '../../../src/ports/users.ts';

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
  };
}
