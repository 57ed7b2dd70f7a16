/** The people of the engine; `src/store` implements it. */
import type { Role } from '../machines/order-types.ts';

export interface User {
  id: string;
  email: string;
  username: string;
  role: Role;
  createdAt: Date;
}

export interface UserRepository {
  /** The email is stored in lower case. @throws TerminalError `conflict` when the email or the username is taken. */
  create(user: Omit<User, 'id'> & { passwordHash: string }): Promise<User>;
  findById(id: string): Promise<User | undefined>;
  findByEmail(email: string): Promise<(User & { passwordHash: string }) | undefined>;
  count(): Promise<number>;
}
