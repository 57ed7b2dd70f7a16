/** Opens the database: brings its stored form up to date, and puts the repositories on it. */
import type { Redis } from 'ioredis';
import { createAnalytics } from '../store/analytics.ts';
import { cacheAnalytics } from '../store/analytics-cache.ts';
import { chargeModel, createChargeBook } from '../store/charge-book.ts';
import { connectStore } from '../store/connect.ts';
import { createDeliveryBook, deliveryModel } from '../store/delivery-book.ts';
import { withRetryableFailures } from '../store/failures.ts';
import { createMigrator } from '../store/migrate.ts';
import { createOrderChanges } from '../store/order-changes.ts';
import { orderModel } from '../store/order-model.ts';
import { createOrderStore } from '../store/order-store.ts';
import { cacheProducts, createProductCache, forgetMovedStock } from '../store/product-cache.ts';
import { productModel } from '../store/product-model.ts';
import { createProductStore } from '../store/product-store.ts';
import { createSessionStore, sessionModel } from '../store/session-store.ts';
import { createStockLedger } from '../store/stock-ledger.ts';
import { movementModel } from '../store/stock-movements.ts';
import { createUserStore, userModel } from '../store/user-store.ts';
import { webhookModels } from '../store/webhook-models.ts';
import { createWebhookStore } from '../store/webhook-store.ts';
import type { EngineOptions } from './options.ts';

const ANALYTICS_TTL_MS = 60_000;

/** The repositories of an engine, and the connection that they share. @param redis keeps what is read often */
export async function openStore(
  { mongodbUri, environment, newId, clock, logger }: EngineOptions,
  redis: Redis,
) {
  const connection = await connectStore(mongodbUri);
  try {
    await createMigrator(connection, { clock, newId, logger }).up();
  } catch (error) {
    await connection.close();
    throw error;
  }
  // By the database, so that engines with different ones can share a Redis without taking each other's jobs.
  const namespace = `ordo:${connection.name}`;
  const models = {
    orders: orderModel(connection),
    products: productModel(connection),
    movements: movementModel(connection),
    users: userModel(connection),
  };
  const products = withRetryableFailures(createProductStore(models.products, models.movements));
  const stock = withRetryableFailures(createStockLedger(models.products, models.movements));
  const ttlMs = environment.ORDO_PRODUCT_CACHE_S * 1000;
  const cache = ttlMs > 0 ? createProductCache({ redis, namespace, ttlMs, clock, logger }) : undefined;
  const analytics = withRetryableFailures(createAnalytics(models.orders));
  return {
    connection,
    namespace,
    orders: withRetryableFailures(createOrderStore(models.orders)),
    changes: withRetryableFailures(createOrderChanges(models.orders)),
    products: cache ? cacheProducts(products, cache) : products,
    stock: cache ? forgetMovedStock(stock, cache) : stock,
    users: withRetryableFailures(createUserStore(models.users, newId)),
    sessions: withRetryableFailures(createSessionStore(sessionModel(connection), models.users)),
    charges: withRetryableFailures(createChargeBook(chargeModel(connection))),
    analytics: cacheAnalytics(analytics, { redis, namespace, ttlMs: ANALYTICS_TTL_MS, logger }),
    deliveries: withRetryableFailures(createDeliveryBook(deliveryModel(connection))),
    webhooks: withRetryableFailures(createWebhookStore(webhookModels(connection))),
  };
}

/** An open database. */
export type OpenStore = Awaited<ReturnType<typeof openStore>>;
