/** Checks an email and a password, and takes as long for an email that nobody has. */
import { TerminalError } from '../platform/errors.ts';
import type { User, UserRepository } from '../ports/users.ts';
import type { Passwords } from './passwords.ts';

/**
 * The user of those credentials; the email in lower case.
 * @throws TerminalError `bad-credentials`; RetryableError when too many log in at once.
 */
export type Login = (email: string, password: string) => Promise<User>;

/** Makes the login that the API and the admin pages share. */
export function createLogin(users: UserRepository, passwords: Passwords): Login {
  return async function login(email, password) {
    const user = await users.findByEmail(email);
    const right = await passwords.matches(user?.passwordHash, password);
    if (!user || !right) throw new TerminalError('bad-credentials', '');
    return user;
  };
}
