import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { systemClock } from '../../src/platform/clock.ts';
import { redisOptions } from '../../src/platform/redis.ts';
import { createRedisClient } from '../../src/platform/redis-client.ts';
import type { Product, ProductRepository } from '../../src/ports/products.ts';
import type { StockLedger } from '../../src/ports/stock.ts';
import { cacheProducts, createProductCache, forgetMovedStock } from '../../src/store/product-cache.ts';
import { eventually } from '../support/engine.ts';
import { START } from '../support/orders.ts';
import { makeTestDir, startRedis, type Teardown } from '../support/services.ts';

const logger = pino({ level: 'silent' });
const NEW = { name: 'Cup', description: '', kind: 'goods', priceMinor: 500, currency: 'EUR' } as const;

/** One product behind a cache; the reads of the database are counted, and can be held up. */
async function setUp(t: ExecutionContext) {
  const endings: (() => Promise<void> | void)[] = [];
  t.teardown(async () => {
    for (const end of endings.reverse()) await end();
  });
  const own: Teardown = { teardown: (end) => endings.push(end) };
  const { redisUrl, redis: service } = await startRedis(own, await makeTestDir(own));
  let product: Product = {
    sku: 'A',
    ...NEW,
    stock: { received: 5, available: 5, held: 0, sold: 0 },
    createdAt: START,
    updatedAt: START,
  };
  let reads = 0;
  let gate = Promise.resolve();
  let movementGate = Promise.resolve();
  let shiftMs = 0;
  const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + shiftMs) };
  const repository = {
    async find(sku: string) {
      reads += 1;
      const found = sku === 'A' ? product : undefined;
      await gate;
      return found;
    },
    async update(_sku: string, change: Partial<Product>) {
      product = { ...product, ...change };
      return product;
    },
  } as unknown as ProductRepository;
  const ledger = {
    async sell() {
      await movementGate;
      product = { ...product, stock: { ...product.stock, available: 4, sold: 1 } };
    },
  } as unknown as StockLedger;
  const instance = async () => {
    const redis = createRedisClient(redisUrl, logger);
    endings.push(() => redis.disconnect());
    await eventually(
      async () => redis.status,
      (status) => status === 'ready',
    );
    const cache = createProductCache({
      redis,
      namespace: 'test',
      ttlMs: 300_000,
      clock,
      logger,
    });
    return { products: cacheProducts(repository, cache), stock: forgetMovedStock(ledger, cache), redis };
  };
  const raw = new Redis(redisOptions(redisUrl));
  raw.on('error', () => {});
  endings.push(() => raw.disconnect());
  return {
    instance,
    service,
    reads: () => reads,
    /** Holds up the reads that begin from now on; returns what lets them go. */
    holdUp() {
      let go = () => {};
      gate = new Promise((resolve) => {
        go = resolve;
      });
      return () => {
        gate = Promise.resolve();
        go();
      };
    },
    /** Holds up the movements that begin from now on; returns what lets them go. */
    holdUpMovements() {
      let go = () => {};
      movementGate = new Promise((resolve) => {
        go = resolve;
      });
      return () => go();
    },
    passMs(ms: number) {
      shiftMs += ms;
    },
    cached: async () => (await raw.get('test:product:1:A')) ?? '',
    ttlMs: () => raw.pttl('test:product:1:A'),
    /** As if the seconds had passed that a write keeps the cache from being filled. */
    expireTombstone: async () => void (await raw.del('test:product:1:A')),
  };
}

test('a product is read once and comes from Redis afterwards, on every instance, as it was', async (t) => {
  const { instance, reads, cached, ttlMs } = await setUp(t);
  const [here, there] = [await instance(), await instance()];
  const first = await here.products.find('A');
  await eventually(cached, (text) => text !== '');
  t.deepEqual(await there.products.find('A'), first);
  t.true((await here.products.find('A'))?.createdAt instanceof Date);
  t.is(reads(), 1);
  const left = await ttlMs();
  t.true(left > 290_000 && left <= 300_000);
});

test('a hundred readers of a product that is not there yet cost one read', async (t) => {
  const { instance, reads, holdUp } = await setUp(t);
  const here = await instance();
  const go = holdUp();
  const asked = Array.from({ length: 100 }, () => here.products.find('A'));
  await eventually(
    async () => reads(),
    (count) => count === 1,
  );
  go();
  t.true((await Promise.all(asked)).every((product) => product?.sku === 'A'));
  t.is(reads(), 1);
});

test('after a write nobody reads the old, neither here nor on another instance', async (t) => {
  const { instance, cached } = await setUp(t);
  const [here, there] = [await instance(), await instance()];
  await there.products.find('A');
  await eventually(cached, (text) => text !== '');
  await here.products.update('A', { priceMinor: 600 }, START);
  t.is((await there.products.find('A'))?.priceMinor, 600);
  t.is((await here.products.find('A'))?.priceMinor, 600);
});

test('a movement of stock is seen at once', async (t) => {
  const { instance, cached } = await setUp(t);
  const [here, there] = [await instance(), await instance()];
  t.is((await there.products.find('A'))?.stock.available, 5);
  await eventually(cached, (text) => text !== '');
  await here.stock.sell('order-1', [{ sku: 'A', quantity: 1 }]);
  t.is((await there.products.find('A'))?.stock.available, 4);
});

test('a movement of no product asks nothing of Redis, one of a product does', async (t) => {
  const { instance } = await setUp(t);
  const { stock, redis } = await instance();
  const scripts = async () => /cmdstat_eval:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1];
  await stock.sell('order-1', []);
  t.is(await scripts(), undefined);
  await stock.sell('order-1', [{ sku: 'A', quantity: 1 }]);
  t.is(await scripts(), '1');
});

test('a read that begins while stock moves is not kept, and nobody joins it afterwards', async (t) => {
  const { instance, holdUp, holdUpMovements, reads, cached, ttlMs } = await setUp(t);
  const here = await instance();
  const move = holdUpMovements();
  const sale = here.stock.sell('order-1', [{ sku: 'A', quantity: 1 }]);
  await eventually(ttlMs, (left) => left > 0);
  const go = holdUp();
  const slow = here.products.find('A');
  await eventually(
    async () => reads(),
    (count) => count === 1,
  );
  move();
  await sale;
  const after = here.products.find('A');
  go();
  t.is((await slow)?.stock.available, 5, 'this test needs a read that began before the movement was made');
  t.is((await after)?.stock.available, 4);
  await here.redis.ping();
  t.is(await cached(), '');
});

test('a movement slower than its tombstone drops what was read meanwhile', async (t) => {
  const { instance, holdUpMovements, cached, ttlMs, expireTombstone, passMs } = await setUp(t);
  const here = await instance();
  const move = holdUpMovements();
  const sale = here.stock.sell('order-1', [{ sku: 'A', quantity: 1 }]);
  await eventually(ttlMs, (left) => left > 0);
  passMs(5_000);
  await expireTombstone();
  await here.products.find('A');
  await eventually(cached, (text) => text.includes('"available":5'));
  move();
  await sale;
  t.is((await here.products.find('A'))?.stock.available, 4);
});

test('a slow read that began before a write cannot bring the old back', async (t) => {
  const { instance, holdUp, reads, cached, expireTombstone } = await setUp(t);
  const [here, there] = [await instance(), await instance()];
  const go = holdUp();
  const slow = there.products.find('A');
  await eventually(
    async () => reads(),
    (count) => count === 1,
  );
  await here.products.update('A', { priceMinor: 600 }, START);
  go();
  t.is((await slow)?.priceMinor, 500, 'this test needs a read that began before the write');
  // Its filling is on its way; a command on the same connection comes back after it.
  await there.redis.ping();
  t.is(await cached(), '');
  await expireTombstone();
  t.is((await there.products.find('A'))?.priceMinor, 600);
});

test('with Redis killed the database answers, and what was written meanwhile counts when Redis is back', async (t) => {
  const { instance, service, reads, cached } = await setUp(t);
  const here = await instance();
  await here.products.find('A');
  await eventually(cached, (text) => text !== '');
  await service.kill();
  await eventually(
    async () => here.redis.status,
    (status) => status !== 'ready',
  );
  t.is((await here.products.find('A'))?.priceMinor, 500);
  await here.products.update('A', { priceMinor: 600 }, START);
  t.is((await here.products.find('A'))?.priceMinor, 600);
  t.true(reads() >= 3);
  await service.start();
  await eventually(
    async () => here.redis.status,
    (status) => status === 'ready',
  );
  t.is((await here.products.find('A'))?.priceMinor, 600);
});

test('what an unreachable Redis still remembers is dropped when it is reached again', async (t) => {
  const { instance, cached } = await setUp(t);
  const [here, there] = [await instance(), await instance()];
  await there.products.find('A');
  await eventually(cached, (text) => text !== '');
  // This instance alone is cut off: Redis lives on, and so does what it remembers.
  here.redis.disconnect();
  await once(here.redis, 'end');
  await here.products.update('A', { priceMinor: 600 }, START);
  t.is((await there.products.find('A'))?.priceMinor, 500, 'this test needs something old in Redis');
  await here.redis.connect();
  await eventually(
    async () => (await there.products.find('A'))?.priceMinor,
    (price) => price === 600,
  );
  t.pass();
});
