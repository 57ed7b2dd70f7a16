/** What users say about how they are reached, over real HTTP. */
import test from 'ava';
import { createBrowser } from '../providers/browser.ts';
import { assertRefused, invalid } from './support/refusal.ts';
import { startApp } from './support/running-app.ts';

const ENDPOINT = 'https://push.example/send/abc?x=1';
const PATH = '/api/v1/auth/me/push-subscriptions';
const subscribed = (endpoint = ENDPOINT) => createBrowser(endpoint).subscription;

const start = (t: Parameters<typeof startApp>[0], allowPrivate = false) =>
  startApp(t, {
    config: { push: { publicKey: 'the-public-key', allowPrivate } },
  });

test('a user says language and phone, and takes the phone back', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const said = await app.call('PATCH', '/api/v1/auth/me', {
    token,
    body: { language: 'vi', phone: '+84912345678' },
  });
  t.is(said.status, 200, said.text);
  t.like(said.json.user, { language: 'vi', phone: '+84912345678' });
  t.deepEqual((await app.call('GET', '/api/v1/auth/me', { token })).json.user, said.json.user);
  const taken = await app.call('PATCH', '/api/auth/me', { token, body: { phone: null } });
  t.deepEqual(Object.keys(taken.json.user), ['id', 'email', 'username', 'role', 'createdAt', 'language']);
});

for (const [body, ...faults] of [
  [{}, ' nothing_to_change'],
  [{ language: 'fr' }, '/language not_allowed'],
  [{ phone: '0912345678' }, '/phone phone_invalid'],
  [{ phone: '+84 912 345 678' }, '/phone phone_invalid'],
  [{ phone: '+0123456789' }, '/phone phone_invalid'],
  [{ role: 'admin' }, '/role unknown_key', ' nothing_to_change'],
] as const)
  test(`a change of oneself is refused: ${JSON.stringify(body)}`, (t) =>
    assertRefused(t, {
      ...invalid,
      name: faults[0],
      method: 'PATCH',
      path: '/api/v1/auth/me',
      body,
      faults: [...faults],
    }));

test('a browser subscribes with what its Push API gives, and unsubscribes, as often as it likes', async (t) => {
  const app = await start(t);
  const { token, user } = await app.person('customer');
  const subscription = subscribed();
  for (const expirationTime of [null, 1_800_000_000_000]) {
    const answer = await app.call('POST', PATH, { token, body: { ...subscription, expirationTime } });
    t.is(answer.status, 204, answer.text);
  }
  t.deepEqual((await app.users.findById(user.id))?.pushSubscriptions, [subscription]);
  for (const _ of [1, 2]) {
    const path = `${PATH}?endpoint=${encodeURIComponent(ENDPOINT)}`;
    t.is((await app.call('DELETE', path, { token })).status, 204);
  }
  t.deepEqual((await app.users.findById(user.id))?.pushSubscriptions, []);
});

test('everybody may read the public key; where there is none, nobody subscribes', async (t) => {
  const app = await start(t);
  t.deepEqual((await app.call('GET', '/api/v1/push/vapid-public-key')).json as unknown, {
    publicKey: 'the-public-key',
  });
  const without = await startApp(t);
  const { token } = await without.person('customer');
  t.is((await without.call('GET', '/api/v1/push/vapid-public-key')).status, 404);
  t.is((await without.call('POST', PATH, { token, body: subscribed() })).status, 404);
});

test('nobody changes anything without a token', async (t) => {
  const app = await start(t);
  t.is((await app.call('PATCH', '/api/v1/auth/me', { body: { language: 'vi' } })).status, 401);
  t.is((await app.call('POST', PATH, { body: subscribed() })).status, 401);
  t.is((await app.call('DELETE', `${PATH}?endpoint=${encodeURIComponent(ENDPOINT)}`)).status, 401);
});

for (const endpoint of [
  'http://push.example/',
  'https://127.1/',
  'https://[::1]/',
  'https://localhost/',
  'https://u@push.example/',
  'file:///etc/passwd',
  'push',
])
  test(`the endpoint ${endpoint} is refused, in both languages`, async (t) => {
    const app = await start(t);
    const { token } = await app.person('customer');
    const body = { ...subscribed(), endpoint };
    const answer = await app.call('POST', PATH, { token, body });
    t.is(answer.status, 400);
    t.like(answer.json.errors[0], { pointer: '/endpoint', code: 'endpoint_refused' });
    const headers = { 'accept-language': 'vi' };
    const vi = await app.call('POST', PATH, { token, body, headers });
    t.regex(vi.json.errors[0]?.detail ?? '', /trình duyệt/);
  });

test('for tests, an endpoint may be private', async (t) => {
  const app = await start(t, true);
  const { token } = await app.person('customer');
  const body = subscribed('http://127.0.0.1:8080/push');
  t.is((await app.call('POST', PATH, { token, body })).status, 204);
});

for (const [name, keys] of Object.entries({
  'a key that is no point of the curve': { p256dh: `B${'A'.repeat(86)}` },
  'a key that is too short': { p256dh: 'AAAA' },
  'a secret that is too long': { auth: 'A'.repeat(30) },
}))
  test(`${name} is refused`, async (t) => {
    const app = await start(t);
    const { token } = await app.person('customer');
    const subscription = subscribed();
    const body = { ...subscription, keys: { ...subscription.keys, ...keys } };
    const answer = await app.call('POST', PATH, { token, body });
    t.is(answer.status, 400, answer.text);
    t.deepEqual(
      answer.json.errors.map(({ pointer, code }) => `${pointer} ${code}`),
      [`/keys/${Object.keys(keys)[0]} push_key_invalid`],
    );
  });
