/** Limits that processes share over a real Redis, and that hold without it. */
import test, { type ExecutionContext } from 'ava';
import { addressKey } from '../../src/http/client-address.ts';
import { createLoginGuard } from '../../src/http/login-guard.ts';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import { createRedisClient } from '../../src/platform/redis-client.ts';
import { eventually } from '../support/engine.ts';
import { makeTestDir, startRedis, type Teardown } from '../support/services.ts';
import { type AppChanges, createLogBook, startApp } from './support/running-app.ts';

/** A Redis of the test's own, and connections to it. */
async function setUp(t: ExecutionContext) {
  const endings: (() => Promise<void> | void)[] = [];
  t.teardown(async () => {
    for (const end of endings.reverse()) await end();
  });
  const own: Teardown = { teardown: (end) => endings.push(end) };
  const { redisUrl, redis: service } = await startRedis(own, await makeTestDir(own));
  const connect = async () => {
    const redis = createRedisClient(redisUrl, createLogBook().logger);
    endings.push(() => redis.disconnect());
    await eventually(
      async () => redis.status,
      (status) => status === 'ready',
    );
    return redis;
  };
  return { service, connect };
}

const rates = (changes: Partial<Record<'reads' | 'writes' | 'auth', number>>): AppChanges => ({
  config: { rates: { reads: 0, writes: 0, auth: 0, ...changes } },
});
const PRODUCTS = '/api/v1/products';

test('the answers tell what is left, until there is nothing, and when there is more', async (t) => {
  const app = await startApp(t, rates({ reads: 3 }));
  const { token } = await app.person('customer');
  const seen: (string | null)[][] = [];
  for (let i = 0; i < 4; i += 1) {
    const { headers, status } = await app.call('GET', PRODUCTS, { token });
    seen.push([String(status), headers.get('ratelimit-policy'), headers.get('ratelimit')]);
  }
  t.deepEqual(
    seen.map(([status, policy]) => [status, policy]),
    [...Array(3).fill(['200', '"reads";q=3;w=60']), ['429', '"reads";q=3;w=60']],
  );
  t.deepEqual(
    seen.map(([, , left]) => left?.replace(/t=\d+$/, 't=…')),
    ['"reads";r=2;t=…', '"reads";r=1;t=…', '"reads";r=0;t=…', '"reads";r=0;t=…'],
  );
  const refused = await app.call('GET', PRODUCTS, { token, headers: { 'accept-language': 'vi' } });
  t.like(refused.json, { code: 'too-many-requests', title: 'Quá nhiều yêu cầu' });
  const waitS = Number(refused.headers.get('retry-after'));
  t.true(waitS > 0 && waitS <= 60);
  app.clock.advance(waitS * 1000);
  t.is((await app.call('GET', PRODUCTS, { token })).status, 200);
});

test('one user does not use up the share of another, nor one kind of request that of another', async (t) => {
  const app = await startApp(t, rates({ reads: 1, writes: 1 }));
  const [ada, bob] = [await app.person('customer'), await app.person('customer')];
  t.is((await app.call('GET', PRODUCTS, { token: ada.token })).status, 200);
  t.is((await app.call('GET', PRODUCTS, { token: ada.token })).status, 429);
  t.is((await app.call('GET', PRODUCTS, { token: bob.token })).status, 200);
  t.is((await app.call('GET', PRODUCTS)).status, 200, 'nobody is another one again, by the address');
  t.is((await app.call('POST', '/api/v1/orders', { token: ada.token })).status, 400);
  t.is((await app.call('POST', '/api/v1/orders', { token: ada.token })).status, 429);
  t.is((await app.call('GET', '/health')).status, 200);
});

test('processes count together, over Redis', async (t) => {
  const { connect } = await setUp(t);
  const first = await startApp(t, { ...rates({ reads: 10 }), redis: await connect() });
  const second = await startApp(t, { ...rates({ reads: 10 }), redis: await connect() });
  for (let i = 0; i < 6; i += 1) t.is((await first.call('GET', PRODUCTS)).status, 200);
  // What the other one counted comes with the answer to what this one counts.
  await eventually(
    async () => (await second.call('GET', PRODUCTS)).status,
    (status) => status === 429,
  );
  await eventually(
    async () => (await first.call('GET', PRODUCTS)).status,
    (status) => status === 429,
  );
  t.pass();
});

test('with Redis killed every process limits by itself, and no request fails or waits for it', async (t) => {
  const { service, connect } = await setUp(t);
  const redis = await connect();
  const app = await startApp(t, { ...rates({ reads: 20 }), redis });
  t.is((await app.call('GET', PRODUCTS)).status, 200);
  await service.kill();
  await eventually(
    async () => redis.status,
    (status) => status !== 'ready',
  );
  const statuses = [];
  for (let i = 0; i < 25; i += 1) statuses.push((await app.call('GET', PRODUCTS)).status);
  t.deepEqual([...new Set(statuses)].sort(), [200, 429]);
  t.true(statuses.filter((status) => status === 200).length >= 19);
});

test('64 requests at once from one user are no attack', async (t) => {
  const { connect } = await setUp(t);
  const redis = await connect();
  const app = await startApp(t, { ...rates({ reads: 600_000, writes: 60_000, auth: 1_200 }), redis });
  const { token } = await app.person('customer');
  const answers = await Promise.all(Array.from({ length: 64 }, () => app.call('GET', PRODUCTS, { token })));
  t.true(answers.every(({ status }) => status === 200));
  // They are told to Redis together, not one by one, and all of them.
  await eventually(
    async () => Number((await redis.keys('test:rate:reads:*')).length),
    (count) => count === 1,
  );
  const [key = ''] = await redis.keys('test:rate:reads:*');
  await eventually(
    () => redis.get(key),
    (count) => count === '64',
  );
  t.pass();
});

const wrong = () => Promise.reject(new TerminalError('bad-credentials', ''));
const right = async () => 'in';

test('wrong passwords are counted by account and address, by account, and by address, on every process', async (t) => {
  const { connect } = await setUp(t);
  const options = { namespace: 'test', failures: 3, windowS: 60 };
  const [one, two] = [
    createLoginGuard({ redis: await connect(), ...options }),
    createLoginGuard({ redis: await connect(), ...options }),
  ];
  const fails = (account: string, address: string) => t.throwsAsync(one.attempt(account, address, wrong));
  for (let i = 0; i < 3; i += 1) t.like(await fails('ada', '1.1.1.1'), { code: 'bad-credentials' });
  const refused = await t.throwsAsync(two.attempt('ada', '1.1.1.1', right), { instanceOf: RetryableError });
  t.like(refused, { code: 'too-many-requests' });
  t.is(await two.attempt('ada', '2.2.2.2', right), 'in', 'whoever guesses does not shut the owner out');
  t.is(await two.attempt('bob', '1.1.1.1', right), 'in', 'nor others at the same address');
  // Ten times as many from many addresses.
  for (let i = 0; i < 40; i += 1) await fails('eve', `9.9.${i}.1`);
  t.like(await t.throwsAsync(two.attempt('eve', '3.3.3.3', right)), { code: 'too-many-requests' });
  for (let i = 0; i < 40; i += 1) await fails(`guess-${i}`, '7.7.7.7');
  t.like(await t.throwsAsync(two.attempt('zoe', '7.7.7.7', right)), { code: 'too-many-requests' });
});

test('a thousand guesses at once are a thousand; a right password and our own failures count for nothing', async (t) => {
  const guard = createLoginGuard({ redis: undefined, namespace: 'test', failures: 3, windowS: 60 });
  const guesses = await Promise.allSettled(
    Array.from({ length: 1_000 }, () => guard.attempt('ada', '::1', wrong)),
  );
  const checked = guesses.filter(
    ({ reason }: { reason?: Error } & object) => reason instanceof TerminalError,
  );
  t.is(checked.length, 3);
  for (let i = 0; i < 50; i += 1) t.is(await guard.attempt('bob', '1.1.1.1', right), 'in');
  const busy = () => Promise.reject(new RetryableError('Too many logins at once.'));
  for (let i = 0; i < 50; i += 1)
    await t.throwsAsync(guard.attempt('bob', '1.1.1.1', busy), { message: /at once/ });
  t.is(await guard.attempt('bob', '1.1.1.1', right), 'in');
});

test('with Redis killed wrong passwords are counted all the same', async (t) => {
  const { service, connect } = await setUp(t);
  const redis = await connect();
  const guard = createLoginGuard({ redis, namespace: 'test', failures: 3, windowS: 60 });
  await service.kill();
  await eventually(
    async () => redis.status,
    (status) => status !== 'ready',
  );
  for (let i = 0; i < 3; i += 1) await t.throwsAsync(guard.attempt('ada', '1.1.1.1', wrong));
  t.like(await t.throwsAsync(guard.attempt('ada', '1.1.1.1', right)), { code: 'too-many-requests' });
});

test('an address is a customer of a provider: a whole network of IPv6, and IPv4 in any spelling', (t) => {
  t.is(addressKey('::ffff:10.0.0.7'), addressKey('10.0.0.7'));
  t.is(addressKey('2001:db8:1:2:aaaa::1'), addressKey('2001:db8:1:2:bbbb::2'));
  t.not(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'));
  t.is(addressKey(''), addressKey('nonsense'));
});

test('behind one proxy its word counts for the address, and not what came before it', async (t) => {
  const app = await startApp(t, { config: { ...rates({ reads: 1 }).config, trustedProxies: 1 } });
  const from = async (list: string) =>
    (await app.call('GET', PRODUCTS, { headers: { 'x-forwarded-for': list } })).status;
  t.is(await from('1.1.1.1'), 200);
  t.is(await from('2.2.2.2'), 200);
  t.is(await from('8.8.8.8, 1.1.1.1'), 429, 'the first entry is what the client says of itself');
});

test('pages of the listed origins may call, and read what they need', async (t) => {
  const app = await startApp(t, { config: { allowedOrigins: ['https://shop.example'] } });
  const origin = 'https://shop.example';
  const asked = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };
  const preflight = await app.call('OPTIONS', '/api/v1/orders', { headers: asked });
  t.is(preflight.status, 204);
  t.is(preflight.headers.get('access-control-allow-origin'), origin);
  t.is(preflight.headers.get('access-control-allow-headers'), 'authorization');
  for (const path of [PRODUCTS, '/api/v1/orders']) {
    const { headers } = await app.call('GET', path, { headers: { origin } });
    t.is(headers.get('access-control-allow-origin'), origin, 'a refusal can be read too');
    t.regex(String(headers.get('access-control-expose-headers')), /RateLimit/);
    t.is(headers.get('access-control-allow-credentials'), null);
  }
  t.is((await app.call('GET', PRODUCTS, { headers: { origin: app.url } })).status, 200, 'our own pages');
  t.is((await app.call('GET', PRODUCTS)).status, 200, 'programs');
});
