import test from 'ava';
import { createSessionWatch } from '../../src/http/session-watch.ts';
import type { SessionsEnded } from '../../src/ports/sessions.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeNetwork } from './support/fake-channel.ts';
import { createLogBook, REFRESH_TTL_S, type RunningApp, startApp, TTL_S } from './support/running-app.ts';

const ADA = { email: 'ada@example.com', username: 'Ada', password: 'correct horse battery' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const post = (app: RunningApp, path: string, body?: unknown, token?: string) =>
  app.call('POST', `/api/v1/auth/${path}`, {
    ...(body !== undefined && { body }),
    ...(token !== undefined && { token }),
  });
const form = (app: RunningApp, path: string, fields: Record<string, string>) =>
  app.call('POST', `/api/v1/auth/${path}`, {
    body: new URLSearchParams(fields).toString(),
    headers: FORM,
  });
const me = async (app: RunningApp, token: string) =>
  (await app.call('GET', '/api/v1/auth/me', { token })).status;
const register = async (app: RunningApp) => (await post(app, 'register', ADA)).json;
const { username, email, password } = ADA;

test('a form logs in as OAuth 2.0 has it, by the email or the username', async (t) => {
  const app = await startApp(t);
  await register(app);
  for (const name of [username, email, email.toUpperCase()]) {
    const { status, json, text } = await form(app, 'login', {
      grant_type: 'password',
      username: name,
      password,
      scope: '',
    });
    t.is(status, 200, text);
    t.like(json, { token_type: 'Bearer', expires_in: TTL_S });
    t.is(await me(app, json.access_token), 200);
    t.regex(json.refresh_token, /^[\w-]{43}$/);
  }
});

test('a refresh token is good for once, and its successor for the same session', async (t) => {
  const app = await startApp(t);
  let { refresh_token: token } = await register(app);
  const seen = new Set([token]);
  for (let i = 0; i < 3; i += 1) {
    const { status, json, text } = await form(app, 'refresh', {
      grant_type: 'refresh_token',
      refresh_token: token,
    });
    t.is(status, 200, text);
    t.is(await me(app, json.access_token), 200);
    token = json.refresh_token;
    t.false(seen.has(token));
    seen.add(token);
  }
});

test('a refresh token that comes twice ends its session: tokens, and whoever listens', async (t) => {
  const app = await startApp(t);
  const { refresh_token: stolen, user } = await register(app);
  const other = (await post(app, 'login', { email, password })).json;
  const ended: SessionsEnded[] = [];
  app.sessions.onEnded((one) => ended.push(one));
  const next = (await post(app, 'refresh', { refresh_token: stolen })).json;
  t.is(await me(app, next.access_token), 200);

  const again = await post(app, 'refresh', { refreshToken: stolen });
  t.is(again.status, 401);
  t.is(again.json.code, 'unauthenticated');
  t.is(await me(app, next.access_token), 401, 'the family is revoked');
  t.is((await post(app, 'refresh', { refresh_token: next.refresh_token })).status, 401);
  t.is(await me(app, other.access_token), 200, 'another login of the same user is not touched');
  t.true(ended.some(({ userId, sessionId }) => userId === user.id && sessionId !== undefined));
});

test('of twenty refreshes at once with one token, one succeeds, and the session is over', async (t) => {
  const app = await startApp(t);
  const { refresh_token } = await register(app);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post(app, 'refresh', { refresh_token })),
  );
  const [first, ...others] = answers.filter(({ status }) => status === 200);
  t.is(others.length, 0);
  t.is(await me(app, String(first?.json.access_token)), 401);
});

test('a session that is not refreshed in time is over', async (t) => {
  const app = await startApp(t);
  const { refresh_token } = await register(app);
  app.clock.advance(REFRESH_TTL_S * 1000 - 1);
  const { status, json } = await post(app, 'refresh', { refresh_token });
  t.is(status, 200);
  app.clock.advance(REFRESH_TTL_S * 1000);
  t.is((await post(app, 'refresh', { refresh_token: json.refresh_token })).status, 401);
});

test('a logout ends the session of the token, or of the refresh token, and no other', async (t) => {
  const app = await startApp(t);
  const first = await register(app);
  const [second, third] = [
    (await post(app, 'login', { email, password })).json,
    (await post(app, 'login', { email, password })).json,
  ];
  t.is((await post(app, 'logout', undefined, first.access_token)).status, 204);
  t.is((await post(app, 'logout', { refresh_token: second.refresh_token })).status, 204);
  t.is((await post(app, 'logout', { refresh_token: 'unknown' })).status, 204);
  t.is((await post(app, 'logout')).status, 401);
  t.deepEqual(
    await Promise.all([first, second, third].map(({ access_token }) => me(app, access_token))),
    [401, 401, 200],
  );
  t.is((await post(app, 'refresh', { refresh_token: first.refresh_token })).status, 401);
});

test('a token is told active with its claims, and anything else inactive without a word', async (t) => {
  const app = await startApp(t);
  const { access_token, refresh_token, user } = await register(app);
  const { status, json } = await form(app, 'validate-token', { token: access_token });
  const nowS = app.clock.now().getTime() / 1000;
  t.is(status, 200);
  t.like(json, { active: true, sub: user.id, username, role: 'customer', iat: nowS, exp: nowS + TTL_S });
  t.true((await post(app, 'validate-token', undefined, access_token)).json.active);
  for (const token of [refresh_token, 'x', `${access_token}x`])
    t.deepEqual((await post(app, 'validate-token', { token })).json, { active: false });
  await post(app, 'logout', undefined, access_token);
  t.deepEqual((await post(app, 'validate-token', { token: access_token })).json, { active: false });
  t.is((await post(app, 'validate-token')).status, 400);
});

test('a changed password ends the other sessions, and keeps this one', async (t) => {
  const app = await startApp(t);
  const here = await register(app);
  const there = (await post(app, 'login', { email, password })).json;
  const newPassword = 'another long one';
  const wrong = await post(
    app,
    'change-password',
    { currentPassword: 'not it', newPassword },
    here.access_token,
  );
  t.is(wrong.status, 400);
  t.like(wrong.json.errors[0], { pointer: '/currentPassword', code: 'wrong_password' });

  const change = { currentPassword: password, newPassword };
  t.is((await post(app, 'change-password', change, here.access_token)).status, 204);
  t.is(await me(app, here.access_token), 200);
  t.is(await me(app, there.access_token), 401);
  t.is((await post(app, 'refresh', { refresh_token: here.refresh_token })).status, 200);
  t.is((await post(app, 'refresh', { refresh_token: there.refresh_token })).status, 401);
  t.is((await post(app, 'login', { email, password })).status, 401);
  t.is((await post(app, 'login', { email, password: newPassword })).status, 200);
});

test('a disabled user is out at once, and in again when enabled, by a new login', async (t) => {
  const app = await startApp(t);
  const { access_token, refresh_token, user } = await register(app);
  const { token } = await app.person('admin');
  const ended: SessionsEnded[] = [];
  app.sessions.onEnded((one) => ended.push(one));
  const disabled = await app.call('POST', `/api/v1/users/${user.id}/disable`, { token });
  t.is(disabled.json.user.username, username);
  t.deepEqual(ended[0], { userId: user.id });
  t.is(await me(app, access_token), 401);
  t.is((await post(app, 'refresh', { refresh_token })).status, 401);
  t.is((await post(app, 'login', { email, password })).status, 403, 'the right password is told why');
  t.is((await post(app, 'login', { email, password: 'wrong' })).status, 401, 'a wrong one is not');
  await app.call('POST', `/api/v1/users/${user.id}/enable`, { token });
  t.is(await me(app, access_token), 401, 'what has ended stays so');
  t.is((await post(app, 'login', { email, password })).status, 200);
});

test('another role counts with the next login, and the old tokens do no more', async (t) => {
  const app = await startApp(t);
  const { access_token, user } = await register(app);
  const { token, user: admin } = await app.person('admin');
  const roleOf = (id: string, role: string) =>
    app.call('PUT', `/api/v1/users/${id}/role`, { token, body: { role } });
  t.is((await roleOf(user.id, 'operator')).status, 200);
  t.is(await me(app, access_token), 401);
  t.is((await post(app, 'login', { email, password })).json.user.role, 'operator');
  t.is((await roleOf('nobody', 'operator')).status, 404);
  t.is((await roleOf(admin.id, 'customer')).status, 409, 'nobody steps down without another there');
});

test('the users are listed, newest first, a page at a time', async (t) => {
  const app = await startApp(t);
  for (let i = 0; i < 4; i += 1) await app.person('customer', `c${i}`);
  const { token } = await app.person('admin', 'boss');
  const first = await app.call('GET', '/api/v1/users?limit=3', { token });
  const second = await app.call('GET', `/api/v1/users?limit=3&after=${first.json.next}`, { token });
  const names = [...first.json.items, ...second.json.items].map(({ username: name }) => name);
  t.deepEqual(names, ['boss', 'c3', 'c2', 'c1', 'c0']);
  t.is(second.json.next, null);
  t.notRegex(first.text, /hash|epoch/i);
});

test('a login for tests takes a name alone, of a user who exists', async (t) => {
  const app = await startApp(t, { config: { loginTest: true } });
  await register(app);
  const { json } = await post(app, 'login-test', { username });
  t.is(await me(app, json.access_token), 200);
});

/** Two instances that share sessions and a network; `live` are those that count, `asked` how often the store was. */
function twoInstances() {
  const network = createFakeNetwork();
  const clock = createFakeClock(new Date('2026-01-01T00:00:00Z'));
  const { logger } = createLogBook();
  const live = new Map([
    ['s1', 'ada'],
    ['s2', 'ada'],
    ['s3', 'bob'],
  ]);
  let asked = 0;
  const store = {
    async liveAmong(ids: string[]) {
      asked += 1;
      return new Map(ids.flatMap((id) => (live.has(id) ? [[id, String(live.get(id))] as const] : [])));
    },
  };
  const instance = () => {
    const ended: SessionsEnded[] = [];
    const watch = createSessionWatch({ store, channel: network.join(), clock, logger });
    watch.onEnded((one) => ended.push(one));
    return { watch, ended };
  };
  return { network, clock, live, here: instance(), there: instance(), asked: () => asked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a session is asked about once in a while, and counts no more as soon as another instance ends it', async (t) => {
  const { live, here, there, asked, clock } = twoInstances();
  for (let i = 0; i < 100; i += 1) t.true(await here.watch.isLive('s1'));
  t.is(asked(), 1);
  live.delete('s1');
  t.true(await here.watch.isLive('s1'), 'this test has to begin from a remembered answer');
  there.watch.announce({ userId: 'ada', sessionId: 's1' });
  t.false(await here.watch.isLive('s1'));
  t.deepEqual(here.ended[0], { userId: 'ada', sessionId: 's1' });

  live.set('s4', 'ada').set('s5', 'ada');
  for (const id of ['s2', 's3', 's4', 's5']) t.true(await here.watch.isLive(id));
  for (const id of ['s2', 's4', 's5']) live.delete(id);
  there.watch.announce({ userId: 'ada' });
  for (const id of ['s2', 's4', 's5']) t.false(await here.watch.isLive(id));
  t.true(await here.watch.isLive('s3'));
  live.delete('s3');
  clock.advance(10_000);
  t.false(await here.watch.isLive('s3'), 'an announcement that was lost costs ten seconds at most');
});

test('with Redis away nothing is remembered, and connections find out within seconds', async (t) => {
  const { network, live, here, clock } = twoInstances();
  t.true(await here.watch.isLive('s1'));
  t.true(await here.watch.isLive('s3'));
  network.cut();
  live.delete('s1');
  t.false(await here.watch.isLive('s1'));
  live.delete('s3');
  clock.advance(5_000);
  await settled();
  t.true(here.ended.some(({ sessionId }) => sessionId === 's3'));
});

test('what ended while the channel was not heard is told when it is heard again', async (t) => {
  const { network, live, here, there } = twoInstances();
  t.true(await here.watch.isLive('s1'));
  network.cut();
  live.delete('s1');
  there.watch.announce({ userId: 'ada', sessionId: 's1' });
  t.deepEqual(here.ended, []);
  network.mend();
  await settled();
  t.deepEqual(here.ended, [{ userId: 'ada', sessionId: 's1' }]);
});
