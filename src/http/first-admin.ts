/** The first administrator of a database that has none: by the configuration, for nobody can register as one. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { UserRepository } from '../ports/users.ts';
import type { Passwords } from './passwords.ts';

/** Who that is; an admin may do all that an operator may. */
export interface FirstAdmin {
  email: string;
  password: string;
}

/**
 * Creates the administrator unless the email has a user already; the password of one who exists is not touched.
 * @returns whether one was created
 * @throws TerminalError `conflict` when that user exists and is no administrator
 */
export async function ensureFirstAdmin(
  { users, passwords, clock }: { users: UserRepository; passwords: Passwords; clock: Clock },
  { email, password }: FirstAdmin,
): Promise<boolean> {
  const known = await users.findByEmail(email);
  if (known === undefined) {
    const passwordHash = await passwords.hash(password);
    // The username is the email too: it is as unique, and no other user has to give one up for it.
    await users.create({ email, username: email, role: 'admin', createdAt: clock.now(), passwordHash });
    return true;
  }
  if (known.role === 'admin') return false;
  throw new TerminalError(
    'conflict',
    `ORDO_ADMIN_EMAIL=${email} belongs to a ${known.role}; give another one.`,
  );
}
