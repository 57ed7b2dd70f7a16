import test from 'ava';
import { createPasswords } from '../../src/http/passwords.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import { startApp, TTL_S } from './support/running-app.ts';

const ADA = { email: 'Ada@Example.com', username: 'Nguyễn Thị Ada', password: 'mật khẩu rất dài' };

test('whoever registers is a customer, and logs in with the email in any case', async (t) => {
  const app = await startApp(t);
  const registered = await app.call('POST', '/api/v1/auth/register', { body: ADA });
  t.is(registered.status, 201, registered.text);
  t.like(registered.json, { tokenType: 'Bearer', expiresInS: TTL_S });
  t.like(registered.json.user, { email: 'ada@example.com', username: ADA.username, role: 'customer' });
  t.deepEqual(Object.keys(registered.json.user), ['id', 'email', 'username', 'role', 'createdAt']);
  const { email, password } = ADA;
  const loggedIn = await app.call('POST', '/api/auth/login', {
    body: { email: email.toUpperCase(), password },
  });
  t.is(loggedIn.status, 200, loggedIn.text);
  t.deepEqual(loggedIn.json.user, registered.json.user);
  const me = await app.call('GET', '/api/v1/auth/me', { token: loggedIn.json.accessToken });
  t.deepEqual(me.json.user, registered.json.user);
  t.is(me.headers.get('cache-control'), 'no-store');
});

test('a wrong password and an unknown email are refused alike, to the byte', async (t) => {
  const app = await startApp(t);
  await app.call('POST', '/api/v1/auth/register', { body: ADA });
  const wrong = await app.call('POST', '/api/v1/auth/login', {
    body: { email: ADA.email, password: 'not this one' },
  });
  const unknown = await app.call('POST', '/api/v1/auth/login', {
    body: { email: 'no@example.com', password: 'x' },
  });
  t.is(wrong.status, 401);
  t.is(wrong.json.code, 'bad-credentials');
  t.is(wrong.text, unknown.text);
});

test('an email is registered once', async (t) => {
  const app = await startApp(t);
  await app.call('POST', '/api/v1/auth/register', { body: ADA });
  const again = await app.call('POST', '/api/v1/auth/register', { body: { ...ADA, username: 'Another' } });
  t.is(again.status, 409);
  t.is(again.json.code, 'conflict');
});

test('a token of an account that is no more is refused', async (t) => {
  const app = await startApp(t);
  const token = app.tokens.issue({ id: 'gone', role: 'customer', username: 'gone' }, 'gone');
  t.is((await app.call('GET', '/api/v1/auth/me', { token })).status, 401);
});

test('passwords are hashed by argon2id with 19 MiB, two passes, one lane', async (t) => {
  const passwords = createPasswords();
  const encoded = await passwords.hash('correct horse');
  t.regex(encoded, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  t.true(await passwords.matches(encoded, 'correct horse'));
  t.false(await passwords.matches(encoded, 'wrong horse'));
  t.false(await passwords.matches(undefined, 'correct horse'));
});

test('an unknown user costs a whole hash: it waits in the same line', async (t) => {
  const passwords = createPasswords({ atOnce: 1, waiting: 0 });
  const running = passwords.matches(undefined, 'x');
  await t.throwsAsync(passwords.matches(undefined, 'x'), { instanceOf: RetryableError });
  t.false(await running);
});

test('hashes beyond the waiting line are refused with a time to come back', async (t) => {
  const passwords = createPasswords({ atOnce: 2, waiting: 3 });
  const outcomes = await Promise.allSettled(Array.from({ length: 9 }, () => passwords.hash('0123456789')));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  t.is(refused.length, 4);
  for (const { reason } of refused) t.like(reason, { name: 'RetryableError', retryAfterMs: 1000 });
  t.regex(await passwords.hash('0123456789'), /^\$argon2id/, 'the line is free again');
});

test('a storm of logins is answered 503 beyond the line, and never 500', async (t) => {
  const app = await startApp(t);
  const body = { email: 'no@example.com', password: 'x' };
  const answers = await Promise.all(
    Array.from({ length: 120 }, () => app.call('POST', '/api/v1/auth/login', { body })),
  );
  const refused = answers.filter(({ status }) => status === 503);
  t.true(refused.length > 0, 'the line was never full');
  t.is(refused[0]?.headers.get('retry-after'), '1');
  t.is(refused[0]?.json.code, 'unavailable');
  t.deepEqual([...new Set(answers.map(({ status }) => status))].sort(), [401, 503]);
});
