/** What ends a session ends it on every process, with Redis and without. */
import test from 'ava';
import { DEMO_PASSWORD, eventually, logIn, startEngine } from '../support/engine.ts';
import { startServices } from '../support/services.ts';

test('a disabled user is out at once on every process, also while Redis is away', async (t) => {
  const services = await startServices(t);
  const env = { MONGODB_URI: services.mongodbUri, REDIS_URL: services.redisUrl };
  const first = await startEngine(t, env);
  const second = await startEngine(t, { ...env, ORDO_ROLE: 'api' });
  const admin = await logIn(() => first.url, 'admin@ordo.example');
  const people = await admin.call('GET', '/users');
  const { id } = people.body.items.find(({ username }: { username: string }) => username === 'customer');
  const statusOn = async (client: Awaited<ReturnType<typeof logIn>>) =>
    (await client.call('GET', '/auth/me')).status;

  for (const redisIsAway of [false, true]) {
    if (redisIsAway) {
      await services.redis.kill();
      await eventually(
        async () => (await fetch(`${second.url}/health/ready`)).status,
        (status) => status === 503,
      );
    }
    const customer = await logIn(() => second.url, 'customer@ordo.example');
    for (let i = 0; i < 3; i += 1) t.is(await statusOn(customer), 200);
    t.is((await admin.call('POST', `/users/${id}/disable`)).status, 200);
    // With Redis the announcement is on its way; without it every request asks the database.
    if (redisIsAway) t.is(await statusOn(customer), 401);
    else
      await eventually(
        () => statusOn(customer),
        (status) => status === 401,
        5_000,
      );
    t.is((await admin.call('POST', `/users/${id}/enable`)).status, 200);
    t.is(await statusOn(customer), 401);
  }
  const login = await admin.call('POST', '/auth/login', { username: 'customer', password: DEMO_PASSWORD });
  t.is(login.status, 200);
});
