/** The people of the engine; `src/store` implements it. */
import type { Role } from '../machines/order-types.ts';

/** The languages that we write to people in. */
export type Language = 'en' | 'vi';

/** A browser that takes push messages for its user, as its Push API describes it. */
export interface PushSubscription {
  /** The URL at the browser's push service; it comes from the user, so it is called with care. */
  endpoint: string;
  /** In URL-safe base64: the browser's public key (P-256) and its secret. */
  keys: { p256dh: string; auth: string };
}

export interface User {
  id: string;
  email: string;
  username: string;
  role: Role;
  createdAt: Date;
  /** English where it is absent. */
  language?: Language;
  /** E.164, such as +84912345678. */
  phone?: string;
  pushSubscriptions?: PushSubscription[];
  /** Since when nobody can log in as this user; absent while it is enabled. */
  disabledAt?: Date;
}

/** What people change about themselves; null takes the phone away. */
export interface UserChange {
  language?: Language;
  phone?: string | null;
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
  /** The user as changed; undefined when there is none. */
  update(id: string, change: UserChange): Promise<User | undefined>;
  /**
   * A browser belongs to whoever signed in there last: it is taken from everybody else. A user keeps the ten that
   * came last. False when there is no such user.
   */
  addPushSubscription(id: string, subscription: PushSubscription): Promise<boolean>;
  /** Forgets the browser, if it is known. */
  removePushSubscription(id: string, endpoint: string): Promise<void>;
}
