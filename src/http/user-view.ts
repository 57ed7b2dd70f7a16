/** A user as people may see it. */
import type { User } from '../ports/users.ts';

/** The fields of a user that leave the engine; times are ISO 8601 in UTC. */
export function viewUser({ id, email, username, role, createdAt, disabledAt }: User) {
  return {
    id,
    email,
    username,
    role,
    createdAt: createdAt.toISOString(),
    ...(disabledAt && { disabledAt: disabledAt.toISOString() }),
  };
}
