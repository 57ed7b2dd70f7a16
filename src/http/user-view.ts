/** A user as people may see it. */
import type { User } from '../ports/users.ts';

/** The fields of a user that leave the engine; times are ISO 8601 in UTC. */
export function viewUser({ id, email, username, role, createdAt, disabledAt, language, phone }: User) {
  return {
    id,
    email,
    username,
    role,
    createdAt: createdAt.toISOString(),
    ...(language !== undefined && { language }),
    ...(phone !== undefined && { phone }),
    ...(disabledAt && { disabledAt: disabledAt.toISOString() }),
  };
}
