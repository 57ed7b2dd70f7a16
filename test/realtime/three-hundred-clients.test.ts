/** Everything at once, on whole engines: nobody who watches ever misses a step. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { Redis } from 'ioredis';
import {
  connect,
  type OrdoClient,
  type OrdoError,
  type Transition,
} from '../../packages/client/src/index.ts';
import { redisOptions } from '../../src/platform/redis.ts';
import { DEMO_PASSWORD, eventually, logIn, orderBody, startEngine } from '../support/engine.ts';
import { shareServices } from '../support/services.ts';
import { type Balancer, startProxy } from './proxy.ts';

const services = shareServices(test);
const CLIENTS = 300;
const CUTS_EACH = 20;
const ORDERS = 60;
/** Every tenth client watches the list of all its orders; the others five orders each. */
const watchesList = (client: number) => client % 10 === 0;
const follows = (client: number, order: number) => (client + order) % 12 === 0;

/** One client behind a balancer of its own, and what it was told of each order. */
interface Watcher {
  client: OrdoClient;
  proxy: Balancer;
  told: Map<string, number[]>;
  connected: boolean;
  /** Connections that stood, and were cut. */
  cuts: number;
}

async function tokenAt(url: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'customer@ordo.example', password: DEMO_PASSWORD }),
  });
  return ((await response.json()) as { accessToken: string }).accessToken;
}

test('300 clients cut off 20 times each, hopping between two processes, one of them killed, Redis emptied', async (t) => {
  const { mongodbUri, redisUrl, dir } = services();
  const env = {
    MONGODB_URI: mongodbUri,
    REDIS_URL: redisUrl,
    ORDO_DATA_DIR: join(dir, 'data'),
    ORDO_LEASE_MS: '1000',
    ORDO_SWEEP_INTERVAL_MS: '200',
    ORDO_FEED_CONNECTIONS_PER_USER: '1000',
  };
  const worker = await startEngine(t, { ...env, ORDO_ROLE: 'worker' });
  const [stays, dies] = await Promise.all([
    startEngine(t, { ...env, ORDO_ROLE: 'api' }),
    startEngine(t, { ...env, ORDO_ROLE: 'api' }),
  ]);
  const operator = await logIn(() => stays.url);
  const product = { name: 'A cup', priceMinor: 500, currency: 'EUR', stock: 10_000 };
  await operator.call('POST', '/products', { ...product, sku: 'CUP' });
  const customer = await logIn(() => stays.url, 'customer@ordo.example');
  const token = await tokenAt(stays.url);

  const errors: OrdoError[] = [];
  const onError = (error: OrdoError) => errors.push(error);
  const hear = (told: Map<string, number[]>) => (transition: Transition) => {
    const seqs = told.get(transition.orderId);
    if (seqs) seqs.push(transition.seq);
    else told.set(transition.orderId, [transition.seq]);
  };
  const watchers = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, index): Promise<Watcher> => {
      const urls = index % 2 === 0 ? [stays.url, dies.url] : [dies.url, stays.url];
      const proxy = await startProxy(t, urls);
      const onStatus = (status: string) => {
        watcher.connected = status === 'connected';
      };
      const client = connect({ url: proxy.url, token, onStatus });
      t.teardown(() => client.close());
      const told = new Map<string, number[]>();
      const watcher = { client, proxy, told, connected: false, cuts: 0 };
      if (watchesList(index)) {
        const list = client.watchOrders({}, hear(told), { onError });
        await eventually(
          async () => list.cursor,
          (cursor) => cursor !== undefined,
        );
      }
      return watcher;
    }),
  );

  const ids: string[] = [];
  const place = async () => {
    const { id } = await eventually(
      () => customer.place(orderBody(['CUP']), randomUUID()),
      () => true,
    );
    const order = ids.push(id) - 1;
    for (const [index, { client, told }] of watchers.entries())
      if (!watchesList(index) && follows(index, order)) client.watchOrder(id, hear(told), { onError });
  };
  await place();

  const cutsDone = () => watchers.reduce((sum, { cuts }) => sum + cuts, 0);
  const cutting = watchers.map(async (watcher) => {
    while (watcher.cuts < CUTS_EACH) {
      await delay(Math.random() * 400);
      if (!watcher.connected) continue;
      watcher.proxy.cut();
      watcher.cuts++;
      // Not the same one twice.
      while (watcher.connected) await delay(5);
    }
  });
  const after = (share: number) =>
    eventually(
      async () => cutsDone(),
      (cuts) => cuts >= share * CLIENTS * CUTS_EACH,
    );
  const placing = (async () => {
    for (let order = 1; order < ORDERS; order++) {
      await after(order / ORDERS);
      await place();
    }
  })();
  await after(0.3);
  await dies.kill();
  await after(0.4);
  await startEngine(t, { ...env, ORDO_ROLE: 'api', ORDO_PORT: new URL(dies.url).port });
  await after(0.6);
  const redis = new Redis(redisOptions(redisUrl));
  t.teardown(() => redis.disconnect());
  await new Promise((resolve) => redis.once('ready', resolve));
  t.true((await redis.dbsize()) > 0, 'there is something to lose');
  await redis.flushall();
  await Promise.all([...cutting, placing]);

  const lastSeqs = new Map<string, number>();
  for (const id of ids) {
    const order = await eventually(
      () => operator.order(id),
      ({ final }) => final,
    );
    lastSeqs.set(id, order.seq);
  }
  const isWhole = ({ told }: Watcher, index: number) =>
    ids.every((id, order) => {
      const expected = watchesList(index) || follows(index, order) ? (lastSeqs.get(id) ?? 0) : 0;
      return (told.get(id)?.length ?? 0) >= expected;
    });
  await eventually(
    async () => watchers.filter((it, index) => !isWhole(it, index)).length,
    (open) => open === 0,
  );

  t.deepEqual(errors, []);
  t.true(watchers.every(({ proxy }) => proxy.connections > CUTS_EACH));
  for (const [index, { told }] of watchers.entries())
    for (const [order, id] of ids.entries()) {
      if (!watchesList(index) && !follows(index, order)) continue;
      const upToLast = Array.from({ length: lastSeqs.get(id) ?? 0 }, (_, i) => i + 1);
      t.deepEqual(told.get(id), upToLast, `client ${index}, order ${id}`);
    }
  t.is(await worker.stop(), 0);
});
