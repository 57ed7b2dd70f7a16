/** Checks who logs in: an email or a username, and a password; as long for one that nobody has. */
import { TerminalError } from '../platform/errors.ts';
import type { Account, UserRepository } from '../ports/users.ts';
import type { LoginGuard } from './login-guard.ts';
import type { Passwords } from './passwords.ts';

/** What somebody logs in with: the email, in lower case, or the username. */
export type Identity = { email: string } | { username: string };

/** Checks passwords, and counts the wrong ones. */
export interface Login {
  /**
   * The account of those credentials.
   * @throws TerminalError `bad-credentials`; `forbidden` when the password is right and the account disabled;
   * RetryableError when too many log in at once, or too many passwords were wrong.
   */
  logIn(identity: Identity, password: string, address: string): Promise<Account>;
  /** Checks the password of one who is logged in. @throws as `logIn` does */
  confirm(account: Account, password: string, address: string): Promise<void>;
}

/** Makes the login that the API and the admin pages share. */
export function createLogin(
  users: Pick<UserRepository, 'findByEmail' | 'findByUsername'>,
  passwords: Passwords,
  guard: LoginGuard,
): Login {
  const check = async (
    account: Account | undefined,
    named: string,
    password: string,
    address: string,
  ): Promise<Account> => {
    const checked = await guard.attempt(account?.id ?? named, address, async () => {
      const right = await passwords.matches(account?.passwordHash, password);
      if (!account || !right) throw new TerminalError('bad-credentials', '');
      return account;
    });
    if (checked.disabledAt)
      throw new TerminalError('forbidden', 'This account is disabled; ask an administrator.');
    return checked;
  };
  return {
    async logIn(identity, password, address) {
      return check(await findAccount(users, identity), nameOf(identity), password, address);
    },
    async confirm(account, password, address) {
      await check(account, account.id, password, address);
    },
  };
}

/** The account that goes by that email or username. */
export function findAccount(
  users: Pick<UserRepository, 'findByEmail' | 'findByUsername'>,
  identity: Identity,
): Promise<Account | undefined> {
  return 'email' in identity ? users.findByEmail(identity.email) : users.findByUsername(identity.username);
}

function nameOf(identity: Identity): string {
  return 'email' in identity ? identity.email : identity.username;
}
