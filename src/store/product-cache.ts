/**
 * Products kept in Redis: read through it, one read of the database at a time for each, and dropped by every write.
 * A write leaves a tombstone for a few seconds, so that a read which began before it cannot bring the old back.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Product, ProductRepository } from '../ports/products.ts';
import type { StockLedger } from '../ports/stock.ts';
import { groupWrites } from './group-writes.ts';

/** Remembers products. */
export interface ProductCache {
  /** The product as remembered, or as `load` finds it. Never fails for Redis' sake. */
  read(sku: string, load: () => Promise<Product | undefined>): Promise<Product | undefined>;
  /**
   * Forgets them before and after a write, so that even a crash between the two leaves nothing old behind. Does not
   * wait for a Redis that is away: they are forgotten when it is back.
   */
  forgetAround<T>(skus: string[], write: () => Promise<T>): Promise<T>;
  /**
   * Forgets them while the write is on its way, which then waits for nothing. For what is done again after a crash,
   * and forgets them then.
   */
  forgetDuring<T>(skus: string[], write: () => Promise<T>): Promise<T>;
}

/** What the cache stands on. */
export interface ProductCacheParts {
  redis: Redis;
  /** What the keys begin with. */
  namespace: string;
  ttlMs: number;
  clock: Clock;
  logger: Logger;
}

/** Longer than a read that may fill the cache can have taken. */
const TOMBSTONE_MS = 4_000;
const FILL_WITHIN_MS = 2_000;
/** After a failure Redis is left alone for so long, so that one that hangs does not slow every request. */
const AVOID_MS = 1_000;

/** Movements whose products are forgotten together. */
const FORGOTTEN_AT_ONCE = 200;

const TOMBSTONE = '';
const BURY = `for _, key in ipairs(KEYS) do redis.call('SET', key, '${TOMBSTONE}', 'PX', ARGV[1]) end`;

/** A cache over that connection. */
export function createProductCache({
  redis,
  namespace,
  ttlMs,
  clock,
  logger,
}: ProductCacheParts): ProductCache {
  const reading = new Map<string, Promise<Product | undefined>>();
  /** What a Redis that was away still has to forget. */
  const unforgotten = new Set<string>();
  let avoidUntilMs = 0;
  const keyOf = (sku: string) => `${namespace}:product:1:${sku}`;
  const failed = (error: unknown) => {
    avoidUntilMs = clock.now().getTime() + AVOID_MS;
    logger.debug({ reason: messageOf(error) }, 'the product cache does without Redis');
    return undefined;
  };
  const usable = () => redis.status === 'ready' && clock.now().getTime() >= avoidUntilMs;

  const bury = async (skus: string[]) => {
    try {
      await redis.eval(BURY, skus.length, ...skus.map(keyOf), TOMBSTONE_MS);
      for (const sku of skus) unforgotten.delete(sku);
    } catch (error) {
      if (unforgotten.size === 0) clock.after(AVOID_MS, buryRest);
      for (const sku of skus) unforgotten.add(sku);
      failed(error);
    }
  };
  const buryRest = async () => {
    if (unforgotten.size === 0) return;
    await bury([...unforgotten]);
    if (unforgotten.size > 0) clock.after(AVOID_MS, buryRest);
  };
  redis.on('ready', () => {
    if (unforgotten.size > 0) void bury([...unforgotten]);
  });

  const readThrough = async (sku: string, load: () => Promise<Product | undefined>) => {
    const text = usable() ? await redis.get(keyOf(sku)).catch(failed) : undefined;
    if (text) return revive(text);
    const startedMs = clock.now().getTime();
    const product = await load();
    const isFresh = clock.now().getTime() - startedMs < FILL_WITHIN_MS;
    if (product && text === null && isFresh)
      void redis.set(keyOf(sku), JSON.stringify(product), 'PX', ttlMs, 'NX').catch(failed);
    return product;
  };

  const buryTogether = groupWrites(async (movements: string[][]) => {
    await bury([...new Set(movements.flat())]);
    return movements.map(() => undefined);
  }, FORGOTTEN_AT_ONCE);
  /** A read that is on its way is nothing for those who come now. */
  const readAnew = (skus: string[]) => {
    for (const sku of skus) reading.delete(sku);
  };
  const forget = async (skus: string[]) => {
    if (skus.length === 0) return;
    readAnew(skus);
    await bury(skus);
  };

  return {
    read(sku, load) {
      const running = reading.get(sku);
      if (running) return running;
      const started = readThrough(sku, load).finally(() => {
        if (reading.get(sku) === started) reading.delete(sku);
      });
      reading.set(sku, started);
      return started;
    },
    async forgetDuring(skus, write) {
      if (skus.length === 0) return write();
      const startedMs = clock.now().getTime();
      const [result] = await Promise.all([write(), buryTogether(skus)]);
      readAnew(skus);
      // The tombstone bars a read that began before the write: only while it stands.
      if (clock.now().getTime() - startedMs >= TOMBSTONE_MS - FILL_WITHIN_MS) await bury(skus);
      return result;
    },
    async forgetAround(skus, write) {
      await forget(skus);
      try {
        return await write();
      } finally {
        await forget(skus);
      }
    },
  };
}

function revive(text: string): Product {
  const product: Product = JSON.parse(text);
  return { ...product, createdAt: new Date(product.createdAt), updatedAt: new Date(product.updatedAt) };
}

/** The same catalogue, its details read through the cache. */
export function cacheProducts(products: ProductRepository, cache: ProductCache): ProductRepository {
  return {
    ...products,
    find: (sku) => cache.read(sku, () => products.find(sku)),
    update: (sku, change, now) => cache.forgetAround([sku], () => products.update(sku, change, now)),
    adjustStock: (sku, delta, now) => cache.forgetAround([sku], () => products.adjustStock(sku, delta, now)),
    remove: (sku) => cache.forgetAround([sku], () => products.remove(sku)),
    importAll: (given, now) =>
      cache.forgetAround(
        given.map(({ sku }) => sku),
        () => products.importAll(given, now),
      ),
  };
}

/** The same ledger, whose movements drop what the cache has of their products. */
export function forgetMovedStock(
  ledger: StockLedger,
  { forgetDuring }: Pick<ProductCache, 'forgetDuring'>,
): StockLedger {
  const skusOf = (units: { sku: string }[]) => units.map(({ sku }) => sku);
  return {
    ...ledger,
    hold: (orderId, claims, now, token) =>
      forgetDuring(skusOf(claims), () => ledger.hold(orderId, claims, now, token)),
    release: (orderId, skus) => forgetDuring(skus, () => ledger.release(orderId, skus)),
    sell: (orderId, units) => forgetDuring(skusOf(units), () => ledger.sell(orderId, units)),
    keep: (orderId, units) => forgetDuring(skusOf(units), () => ledger.keep(orderId, units)),
    restock: (movement, now) => forgetDuring(skusOf(movement.units), () => ledger.restock(movement, now)),
  };
}
