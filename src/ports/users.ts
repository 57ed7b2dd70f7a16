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
}

/** What people change about themselves; null takes the phone away. */
export interface UserChange {
  language?: Language;
  phone?: string | null;
}

export interface UserRepository {
  /** The email is stored in lower case. @throws TerminalError `conflict` when the email or the username is taken. */
  create(user: Omit<User, 'id'> & { passwordHash: string }): Promise<User>;
  findById(id: string): Promise<User | undefined>;
  findByEmail(email: string): Promise<(User & { passwordHash: string }) | undefined>;
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
