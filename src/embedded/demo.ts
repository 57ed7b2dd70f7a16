/** The demo: a catalogue and three people, sown into an empty database. */
import { randomInt } from 'node:crypto';

import type { Role } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { ProductRepository } from '../ports/products.ts';
import type { UserRepository } from '../ports/users.ts';
import { DEMO_PRODUCTS } from './demo-catalogue.ts';

/** Who can log in to the demo; the password exists here alone, the database has its hash. */
export interface Credentials {
  email: string;
  username: string;
  role: Role;
  password: string;
}

/** What the seed writes to, and with. */
export interface DemoSeed {
  users: UserRepository;
  products: ProductRepository;
  hashPassword: (password: string) => Promise<string>;
  clock: Clock;
  /** For all three; without it each gets one of its own. */
  password?: string;
}

const ROLES: readonly Role[] = ['customer', 'operator', 'admin'];

/** Without the letters and digits that look alike. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

/** One person for each role. */
function demoCredentials(password?: string): Credentials[] {
  return ROLES.map((role) => ({
    email: `${role}@ordo.example`,
    username: role,
    role,
    password: password ?? readablePassword(),
  }));
}

/**
 * Sows the demo into an empty database; the people come last, for where they are, all is.
 * @returns who can log in; undefined when the database has users already
 */
export async function seedDemo(seed: DemoSeed): Promise<Credentials[] | undefined> {
  const { users, products, hashPassword, clock } = seed;
  if ((await users.count()) > 0) return undefined;
  for (const product of DEMO_PRODUCTS) {
    await unlessThere(products.create(product, clock.now()));
  }
  const credentials = demoCredentials(seed.password);
  for (const { email, username, role, password } of credentials) {
    const passwordHash = await hashPassword(password);
    const created = users.create({ email, username, role, passwordHash, createdAt: clock.now() });
    // Another engine that starts on the same database at this moment was faster: its passwords count.
    if (!(await unlessThere(created))) return undefined;
  }
  return credentials;
}

/** Whether it was created; false when it was there. */
async function unlessThere(created: Promise<unknown>): Promise<boolean> {
  try {
    await created;
    return true;
  } catch (error) {
    if (error instanceof TerminalError && error.code === 'conflict') return false;
    throw error;
  }
}

/** Four groups of four: 80 bits. */
function readablePassword(): string {
  const group = () => Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: 4 }, group).join('-');
}
