/** Engines killed with SIGKILL in the middle of the work: nothing lost, nothing doubled. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { audit } from '../support/audit.ts';
import { eventually, logIn, orderBody, startEngine, type TestClient } from '../support/engine.ts';
import { shareServices, type TestServices } from '../support/services.ts';

const services = shareServices(test);
const SKUS = ['KILL-1', 'KILL-2', 'KILL-3'];
const TOKENS = [
  'tok_approve',
  'tok_approve',
  'tok_timeout_after_capture',
  'tok_error_twice',
  'tok_decline_lost_card',
];

/** The test's own database and Redis keys. */
function environmentOf({ mongodbUri, redisUrl, dir }: TestServices, database: string) {
  return {
    MONGODB_URI: mongodbUri.replace('/ordo?', `/${database}?`),
    REDIS_URL: redisUrl,
    ORDO_DATA_DIR: join(dir, database),
    ORDO_LEASE_MS: '1000',
    ORDO_SWEEP_INTERVAL_MS: '200',
    ORDO_BACKOFF_MS: '50',
  };
}

async function makeProducts(client: TestClient): Promise<void> {
  for (const sku of SKUS)
    await client.call('POST', '/products', {
      sku,
      name: sku,
      priceMinor: 500,
      currency: 'EUR',
      stock: 100_000,
    });
}

/** Places orders until told to end; what got a 2xx is a promise kept, whatever else fails. */
function placeAlong(client: TestClient, concurrency: number) {
  const accepted: string[] = [];
  let ended = false;
  const placer = async (first: number) => {
    for (let i = first; !ended; i += concurrency) {
      const skus = [SKUS[i % 3] ?? '', SKUS[(i + 1) % 3] ?? ''];
      const body = orderBody(skus, { payment: { token: TOKENS[i % TOKENS.length] } });
      try {
        accepted.push((await client.place(body, randomUUID())).id);
      } catch {
        // The engine is dead: what it did not accept, it does not owe.
      }
    }
  };
  const placers = Array.from({ length: concurrency }, (_, i) => placer(i));
  return {
    accepted,
    async end() {
      ended = true;
      await Promise.all(placers);
    },
  };
}

const openOrders = async (client: TestClient) => {
  const states = ['validating', 'charging', 'shipping', 'confirming', 'refunding', 'releasing', 'recalling'];
  const pages = await Promise.all(
    states.map((state) => client.call('GET', `/orders?limit=1&state=${state}`)),
  );
  return pages.reduce((sum, { body }) => sum + body.items.length, 0);
};

async function allFinal(t: ExecutionContext, client: TestClient, accepted: string[], mongodbUri: string) {
  await eventually(
    () => openOrders(client),
    (open) => open === 0,
    120_000,
  );
  for (const id of accepted) t.true((await client.order(id)).final, `order ${id} was accepted`);
  const { faults, states } = await audit(mongodbUri);
  t.deepEqual(faults, []);
  t.true((states.completed ?? 0) > 0 && (states.declined ?? 0) > 0, JSON.stringify(states));
}

test('an engine killed five times in the middle of the work loses no order and charges none twice', async (t) => {
  const env = environmentOf(services(), 'killed');
  let engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  await makeProducts(client);
  const accepted: string[] = [];
  for (let kill = 0; kill < 5; kill += 1) {
    const placing = placeAlong(client, 8);
    const enough = placing.accepted.length + 40;
    await eventually(
      async () => placing.accepted.length,
      (count) => count >= enough,
    );
    t.true((await openOrders(client)) > 0, 'the kill must come in the middle of the work');
    await engine.kill();
    await placing.end();
    accepted.push(...placing.accepted);
    engine = await startEngine(t, env);
  }
  t.true(accepted.length >= 200);
  await allFinal(t, client, accepted, env.MONGODB_URI);
  t.is(await engine.stop(), 0);
});

test('a whole embedded engine killed with its services: the next start finds everything and goes on', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ordo-embedded-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const env = {
    ORDO_DATA_DIR: dir,
    ORDO_LEASE_MS: '1000',
    ORDO_SWEEP_INTERVAL_MS: '200',
    ORDO_BACKOFF_MS: '50',
  };
  let engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  await makeProducts(client);
  const placing = placeAlong(client, 8);
  await eventually(
    async () => placing.accepted.length,
    (count) => count >= 60,
  );
  t.true((await openOrders(client)) > 0);
  await engine.kill();
  await placing.end();
  engine = await startEngine(t, env);
  await eventually(
    () => openOrders(client),
    (open) => open === 0,
  );
  for (const id of placing.accepted) t.true((await client.order(id)).final, `order ${id} was accepted`);
  t.is(await engine.stop(), 0);
});

test('Redis killed and emptied in the middle of the work: MongoDB alone brings every job back', async (t) => {
  const { redis, ...rest } = services();
  const env = environmentOf({ redis, ...rest }, 'emptied');
  const engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  await makeProducts(client);
  const placing = placeAlong(client, 8);
  await eventually(
    async () => placing.accepted.length,
    (count) => count >= 40,
  );
  await redis.kill();
  const before = placing.accepted.length;
  await eventually(
    async () => placing.accepted.length,
    (count) => count >= before + 20,
  );
  await placing.end();
  // This Redis keeps nothing on disk: it comes back empty.
  await redis.start();
  await allFinal(t, client, placing.accepted, env.MONGODB_URI);
});

test("an api process places, a worker works: neither does the other's part, and a killed worker is replaced", async (t) => {
  const env = environmentOf(services(), 'roles');
  const api = await startEngine(t, { ...env, ORDO_ROLE: 'api' });
  const client = await logIn(() => api.url);
  await makeProducts(client);
  const ids: string[] = [];
  for (let i = 0; i < 30; i += 1) ids.push((await client.place(orderBody([SKUS[i % 3] ?? '']))).id);
  t.is((await client.call('GET', '/orders?limit=100&state=validating')).body.items.length, 30);
  const first = await startEngine(t, { ...env, ORDO_ROLE: 'worker', ORDO_CONCURRENCY: '1' });
  t.is((await fetch(`${first.url}/api/v1/orders`)).status, 404, 'a worker serves no orders');
  await eventually(
    () => client.call('GET', '/orders?limit=100&state=completed'),
    ({ body }) => body.items.length > 0,
  );
  await first.kill();
  t.true((await openOrders(client)) > 0);
  await startEngine(t, { ...env, ORDO_ROLE: 'worker' });
  await startEngine(t, { ...env, ORDO_ROLE: 'all' });
  await eventually(
    () => openOrders(client),
    (open) => open === 0,
    120_000,
  );
  for (const id of ids) t.is((await client.order(id)).state, 'completed');
  t.deepEqual((await audit(env.MONGODB_URI)).faults, []);
});
