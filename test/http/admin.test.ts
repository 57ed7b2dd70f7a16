import test from 'ava';
import Bull from 'bull';
import { Redis } from 'ioredis';
import { createPasswords } from '../../src/http/passwords.ts';
import { createTokens } from '../../src/http/tokens.ts';
import type { Role } from '../../src/machines/order-types.ts';
import { redisAddress } from '../../src/platform/redis.ts';
import { makeTestDir, startRedis, type Teardown } from '../support/services.ts';
import { type RunningApp, SECRET, startApp, TTL_S } from './support/running-app.ts';

const PASSWORD = 'a long password';
const passwordHash = await createPasswords().hash(PASSWORD);
const PAGE = { accept: 'text/html,application/xhtml+xml' };

/** A real queue on a real Redis, with one job waiting. */
async function startQueue(t: Teardown): Promise<Bull.Queue> {
  const endings: (() => Promise<unknown> | unknown)[] = [];
  t.teardown(async () => {
    for (const end of endings.reverse()) await end();
  });
  const own: Teardown = { teardown: (end) => endings.push(end) };
  const { redisUrl } = await startRedis(own, await makeTestDir(own));
  const clients: Redis[] = [];
  const createClient = () => {
    const client = new Redis({
      ...redisAddress(redisUrl),
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
    });
    clients.push(client);
    return client;
  };
  const queue = new Bull('validation', { createClient });
  // Bull leaves clients that are not its own connected.
  endings.push(() => clients.forEach((client) => void client.disconnect()));
  endings.push(() => queue.close());
  await queue.add({ orderId: 'order-1' }, { jobId: 'job-1' });
  return queue;
}

async function register(app: RunningApp, role: Role): Promise<string> {
  const email = `${role}@example.com`;
  await app.users.create({ email, username: role, role, createdAt: app.clock.now(), passwordHash });
  return email;
}

function logIn(app: RunningApp, email: string, password: string, headers: Record<string, string> = {}) {
  const body = new URLSearchParams({ email, password }).toString();
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  return app.call('POST', '/admin/login', { body, headers: { ...PAGE, ...type, ...headers } });
}

const cookieOf = (headers: Headers) => String(headers.get('set-cookie')).split(';')[0] ?? '';

test('an operator logs in, sees a real queue and its job, and logs out', async (t) => {
  const queue = await startQueue(t);
  const app = await startApp(t, { queues: () => [queue] });
  const email = await register(app, 'operator');

  const turnedAway = await app.call('GET', '/admin/queues', { headers: PAGE });
  t.is(turnedAway.status, 303);
  t.is(turnedAway.headers.get('location'), '/admin/login');

  const loggedIn = await logIn(app, email, PASSWORD);
  t.is(loggedIn.status, 303, loggedIn.text);
  t.is(loggedIn.headers.get('location'), '/admin/queues');
  const attributes = String(loggedIn.headers.get('set-cookie')).toLowerCase().split('; ');
  t.true(['path=/admin', 'samesite=strict', 'httponly'].every((attribute) => attributes.includes(attribute)));
  t.false(attributes.includes('secure'));

  const cookie = cookieOf(loggedIn.headers);
  const page = await app.call('GET', '/admin/queues', { headers: { ...PAGE, cookie } });
  t.is(page.status, 200);
  t.regex(page.text, /<title>Ordo<\/title>/);
  t.notRegex(page.text, /(href|src)="(https?:)?\/\//, 'nothing is asked of a foreign host');
  t.regex(page.text, /<link href="static\/css\/main/);
  const script = page.text.match(/src="(static\/js\/main[^"]+)"/)?.[1];
  t.is((await app.call('GET', `/admin/queues/${script}`, { headers: { cookie } })).status, 200);
  const shown = await app.call('GET', '/admin/queues/api/queues?activeQueue=validation&status=waiting', {
    headers: { cookie },
  });
  t.is(shown.status, 200, shown.text);
  t.regex(shown.text, /"validation"/);
  t.regex(shown.text, /job-1/);
  const paused = await app.call('PUT', '/admin/queues/api/queues/validation/pause', { headers: { cookie } });
  t.is(paused.status, 200, paused.text);
  t.true(await queue.isPaused());

  const whoAmI = await app.call('GET', '/admin/login', { headers: { ...PAGE, cookie } });
  t.regex(whoAmI.text, /operator[\s\S]*action="\/admin\/logout"/);
  const loggedOut = await app.call('POST', '/admin/logout', { headers: { ...PAGE, cookie } });
  t.is(loggedOut.status, 303);
  t.regex(String(loggedOut.headers.get('set-cookie')), /^ordo_admin=;.*expires=Thu, 01 Jan 1970/i);
});

test('a job that orders share says how many they are', async (t) => {
  const queue = await startQueue(t);
  await queue.add({ actorId: 'o1', companions: [{ jobId: 'o2' }, { jobId: 'o3' }] }, { jobId: 'shared' });
  const app = await startApp(t, { queues: () => [queue] });
  const cookie = cookieOf((await logIn(app, await register(app, 'operator'), PASSWORD)).headers);
  const path = '/admin/queues/api/queues?activeQueue=validation&status=waiting';
  const { text } = await app.call('GET', path, { headers: { cookie } });
  const { queues } = JSON.parse(text) as { queues: { jobs: { id: string; name: string }[] }[] };
  const names = new Map(queues[0]?.jobs.map(({ id, name }) => [id, name]));
  t.is(names.get('shared'), '3 orders, placed at about the same time');
  t.is(names.get('job-1'), '__default__');
});

test('the queues are closed to everybody without a session, its data and commands too', async (t) => {
  const queue = await startQueue(t);
  const app = await startApp(t, { queues: () => [queue] });
  const operator = await app.person('operator');
  const ofAdmin = createTokens({
    secrets: [SECRET],
    ttlS: TTL_S,
    clock: app.clock,
    audience: 'ordo-admin',
  });
  const { user: customer } = await app.person('customer');
  const { sessionId } = await app.sessions.open({ ...customer, sessionEpoch: 0 });
  const customers = ofAdmin.issue(customer, sessionId);
  const asked: [string, string, Record<string, string>][] = [
    ['GET', '/admin/queues/api/queues', {}],
    ['GET', '/admin/queues/static/js/main.js', {}],
    ['PUT', '/admin/queues/api/queues/validation/pause', {}],
    ['GET', '/admin/queues/api/queues', { authorization: `Bearer ${operator.token}` }],
    ['GET', '/admin/queues/api/queues', { cookie: `ordo_admin=${operator.token}` }],
    ['GET', '/admin/queues/api/queues', { cookie: `ordo_admin=${customers}` }],
    ['GET', '/admin/queues/api/queues', { cookie: 'ordo_admin=nonsense' }],
  ];
  for (const [method, path, headers] of asked) {
    const answer = await app.call(method, path, { headers });
    t.is(answer.status, 401, `${method} ${path}`);
    t.is(answer.json.code, 'unauthenticated');
  }
  t.false(await queue.isPaused());
});

test('the session ends when its time is over, and is none for the API', async (t) => {
  const app = await startApp(t);
  const cookie = cookieOf((await logIn(app, await register(app, 'admin'), PASSWORD)).headers);
  t.is((await app.call('GET', '/admin/queues', { headers: { ...PAGE, cookie } })).status, 200);
  t.is((await app.call('GET', '/api/v1/orders', { headers: { cookie } })).status, 401);
  t.is((await app.call('GET', '/api/v1/orders', { token: cookie.replace('ordo_admin=', '') })).status, 401);
  app.clock.advance(TTL_S * 1000);
  t.is((await app.call('GET', '/admin/queues', { headers: { ...PAGE, cookie } })).status, 303);
});

test('the session of the pages ends when its user is disabled', async (t) => {
  const app = await startApp(t);
  const cookie = cookieOf((await logIn(app, await register(app, 'operator'), PASSWORD)).headers);
  t.is((await app.call('GET', '/admin/queues', { headers: { ...PAGE, cookie } })).status, 200);
  const account = await app.users.findByEmail('operator@example.com');
  const { token } = await app.person('admin');
  t.is((await app.call('POST', `/api/v1/users/${account?.id}/disable`, { token })).status, 200);
  t.is((await app.call('GET', '/admin/queues', { headers: { ...PAGE, cookie } })).status, 303);
  t.is((await logIn(app, 'operator@example.com', PASSWORD)).status, 403);
});

test('a wrong password says so, and keeps the email', async (t) => {
  const app = await startApp(t);
  const email = await register(app, 'operator');
  for (const [who, password] of [
    [email, 'wrong'],
    ['nobody@example.com', PASSWORD],
    ['', ''],
  ] as const) {
    const refused = await logIn(app, who, password);
    t.is(refused.status, 401);
    t.regex(refused.text, /role="alert">The email or the password is wrong\./);
    t.is(refused.headers.get('set-cookie'), null);
    t.true(refused.text.includes(`value="${who}"`));
  }
});

test('a customer is refused, in Vietnamese where that is preferred', async (t) => {
  const app = await startApp(t);
  const refused = await logIn(app, await register(app, 'customer'), PASSWORD, { 'accept-language': 'vi' });
  t.is(refused.status, 403);
  t.regex(refused.text, /<html lang="vi">[\s\S]*Tài khoản này không được xem hàng đợi/);
  t.is(refused.headers.get('set-cookie'), null);
});

test('what is typed into the form is shown as text, never as HTML', async (t) => {
  const app = await startApp(t);
  const { text } = await logIn(app, '"><script>alert(1)</script>@example.com', 'x');
  t.notRegex(text, /<script/);
  t.regex((await logIn(app, "o'brien@example.com", 'x')).text, /value="o&#39;brien@example\.com"/);
});

test('another page on this machine can neither log in, log out, nor command the queues', async (t) => {
  const queue = await startQueue(t);
  const app = await startApp(t, { queues: () => [queue] });
  const email = await register(app, 'operator');
  const cookie = cookieOf((await logIn(app, email, PASSWORD)).headers);
  const elsewhere = { 'sec-fetch-site': 'same-site', cookie };
  t.is((await logIn(app, email, PASSWORD, elsewhere)).status, 403);
  t.is((await app.call('POST', '/admin/logout', { headers: elsewhere })).status, 403);
  const path = '/admin/queues/api/queues/validation/pause';
  t.is((await app.call('PUT', path, { headers: elsewhere })).status, 403);
  t.false(await queue.isPaused());
  t.is((await app.call('PUT', path, { headers: { 'sec-fetch-site': 'same-origin', cookie } })).status, 200);
});

test('where all comes over TLS, the cookie is Secure and the headers say so', async (t) => {
  const app = await startApp(t, { config: { secureCookies: true } });
  const { status, headers } = await logIn(app, await register(app, 'operator'), PASSWORD);
  t.is(status, 303);
  t.regex(String(headers.get('set-cookie')), /; secure/i);
  t.regex(String(headers.get('strict-transport-security')), /max-age/);
});

test('our pages run no script; the board runs its own alone', async (t) => {
  const app = await startApp(t);
  const cookie = cookieOf((await logIn(app, await register(app, 'operator'), PASSWORD)).headers);
  const policyOf = async (path: string) =>
    String(
      (await app.call('GET', path, { headers: { ...PAGE, cookie } })).headers.get('content-security-policy'),
    );
  for (const path of ['/', '/admin/login', '/api/v1/products']) {
    t.regex(await policyOf(path), /default-src 'none'/, path);
    t.notRegex(await policyOf(path), /script-src|unsafe/, path);
  }
  t.regex(await policyOf('/admin/queues'), /script-src 'self';/);
  const home = await app.call('GET', '/', { headers: PAGE });
  t.regex(home.text, /Ordo[\s\S]*href="\/admin\/queues"[\s\S]*href="\/health"/);
  t.notRegex(home.text, /<script|style=/);
});

test('a queue that appears later is shown, one that goes is not', async (t) => {
  const queue = await startQueue(t);
  let queues: Bull.Queue[] = [];
  const app = await startApp(t, { queues: () => queues });
  const cookie = cookieOf((await logIn(app, await register(app, 'operator'), PASSWORD)).headers);
  const shown = async () => (await app.call('GET', '/admin/queues/api/queues', { headers: { cookie } })).text;
  t.notRegex(await shown(), /"validation"/);
  queues = [queue];
  t.regex(await shown(), /"validation"/);
  queues = [];
  t.notRegex(await shown(), /"validation"/);
});
