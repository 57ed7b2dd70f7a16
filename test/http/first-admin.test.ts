import test from 'ava';
import { ensureFirstAdmin } from '../../src/http/first-admin.ts';
import { createPasswords } from '../../src/http/passwords.ts';
import type { Account, UserRepository } from '../../src/ports/users.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { START } from '../support/orders.ts';

function setUp(...known: Account[]) {
  const stored = [...known];
  const users: Pick<UserRepository, 'findByEmail' | 'create'> = {
    findByEmail: async (email) => stored.find((user) => user.email === email),
    async create(user) {
      stored.push({ id: 'new', sessionEpoch: 0, ...user });
      return { id: 'new', ...user };
    },
  };
  const parts = {
    users: users as UserRepository,
    passwords: createPasswords(),
    clock: createFakeClock(START),
  };
  return { stored, parts };
}

const admin = { email: 'boss@shop.example', password: 'a long password' };
const somebody = {
  id: 'u',
  email: admin.email,
  username: 'u',
  createdAt: START,
  passwordHash: 'as it was',
  sessionEpoch: 0,
};

test('the first administrator is created with a hashed password, once', async (t) => {
  const { stored, parts } = setUp();
  t.true(await ensureFirstAdmin(parts, admin));
  t.false(await ensureFirstAdmin(parts, admin));
  t.is(stored.length, 1);
  t.is(stored[0]?.role, 'admin');
  t.true(await parts.passwords.matches(stored[0]?.passwordHash, admin.password));
});

test('an administrator who exists keeps the password', async (t) => {
  const { stored, parts } = setUp({ ...somebody, role: 'admin' });
  t.false(await ensureFirstAdmin(parts, admin));
  t.is(stored[0]?.passwordHash, 'as it was');
});

test('nobody is raised to administrator by the configuration', async (t) => {
  const { stored, parts } = setUp({ ...somebody, role: 'customer' });
  await t.throwsAsync(ensureFirstAdmin(parts, admin), { message: /belongs to a customer/ });
  t.is(stored[0]?.role, 'customer');
});
