/** The people of the engine; `src/store` implements it. */
import type { Role } from '../machines/order-types.ts';

export interface User {
  id: string;
  email: string;
  username: string;
  role: Role;
  createdAt: Date;
  /** Since when nobody can log in as this user; absent while it is enabled. */
  disabledAt?: Date;
}

/** A user with what a login is checked against. */
export interface Account extends User {
  passwordHash: string;
  /** Raised by whatever ends the user's sessions: a session counts only with the epoch that it began in. */
  sessionEpoch: number;
}

export interface UserRepository {
  /** The email is stored in lower case. @throws TerminalError `conflict` when the email or the username is taken. */
  create(user: Omit<User, 'id' | 'disabledAt'> & { passwordHash: string }): Promise<User>;
  findById(id: string): Promise<User | undefined>;
  findByEmail(email: string): Promise<Account | undefined>;
  findByUsername(username: string): Promise<Account | undefined>;
  findAccount(id: string): Promise<Account | undefined>;
  /** Newest first; `after` is the id of the last user of the page before. */
  list(page: { limit: number; after?: string }): Promise<User[]>;
  /** Ends the user's sessions. Undefined when there is no such user. */
  setRole(id: string, role: Role): Promise<User | undefined>;
  /** Disables at that time, which ends the user's sessions; undefined enables. Undefined when there is none. */
  setDisabled(id: string, at: Date | undefined): Promise<User | undefined>;
  /** Replaces that very hash, and ends the user's sessions but the one that is kept; false when it is another by now. */
  setPassword(
    id: string,
    change: { from: string; to: string; keptSessionId: string | undefined },
  ): Promise<boolean>;
  count(): Promise<number>;
}
