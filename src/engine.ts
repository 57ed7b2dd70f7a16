/** Composition root: starts the parts in order, stops them in reverse. The one file that knows every room. */
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { defineActor, queueOf } from './actors/definition.ts';
import { createOrders } from './actors/orders.ts';
import { Registry } from './actors/registry.ts';
import { Relay, TIMER_QUEUE } from './actors/relay.ts';
import { Sweep } from './actors/sweep.ts';
import { createApp, createHealthApp } from './http/app.ts';
import { createVerify } from './http/authenticate.ts';
import { createSessionWatch } from './http/session-watch.ts';
import { createSessions } from './http/sessions.ts';
import { httpConfigOf, serverOptionsOf } from './http/settings.ts';
import { createTokens } from './http/tokens.ts';
import { createOrphanedHoldsRound } from './jobs/orphaned-holds.ts';
import { createLateUndos, createProcessors } from './jobs/processors.ts';
import { Queues } from './jobs/queues.ts';
import { startWorkers } from './jobs/workers.ts';
import { orderMachine } from './machines/order-machine.ts';
import type { Clock } from './platform/clock.ts';
import type { Environment } from './platform/config.ts';
import type { Logger } from './platform/logger.ts';
import { createRedisChannel } from './platform/redis-channel.ts';
import { createRedisClient } from './platform/redis-client.ts';
import { createSandboxCarrier } from './providers/carrier-sandbox.ts';
import { createFileMailer } from './providers/mailer-files.ts';
import { createSandboxGateway } from './providers/payment-sandbox.ts';
import { createRedisFeed } from './realtime/redis-feed.ts';
import { createRealtime } from './realtime/server.ts';
import { connectStore } from './store/connect.ts';
import { withRetryableFailures } from './store/failures.ts';
import { createMigrator } from './store/migrate.ts';
import { orderModel } from './store/order-model.ts';
import { createOrderStore } from './store/order-store.ts';
import { cacheProducts, createProductCache, forgetMovedStock } from './store/product-cache.ts';
import { productModel } from './store/product-model.ts';
import { createProductStore } from './store/product-store.ts';
import { createSessionStore, sessionModel } from './store/session-store.ts';
import { createStockLedger } from './store/stock-ledger.ts';
import { createUserStore, userModel } from './store/user-store.ts';

export interface EngineOptions {
  environment: Environment;
  mongodbUri: string;
  redisUrl: string;
  jwtSecret: string;
  version: string;
  clock: Clock;
  /** Time-ordered unique ids. */
  newId: () => string;
  logger: Logger;
}

/** A running engine. */
export interface Engine {
  /** Where HTTP and the feed are served. */
  url: string;
  users: ReturnType<typeof createUserStore>;
  products: ReturnType<typeof createProductStore>;
  /** Takes no more work, lets what runs end, closes everything. */
  stop(): Promise<void>;
}

async function openStore({ mongodbUri, environment, newId, clock, logger }: EngineOptions, redis: Redis) {
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
    users: userModel(connection),
    sessions: sessionModel(connection),
  };
  const products = withRetryableFailures(createProductStore(models.products));
  const stock = withRetryableFailures(createStockLedger(models.products));
  const ttlMs = environment.ORDO_PRODUCT_CACHE_S * 1000;
  const cache = ttlMs > 0 ? createProductCache({ redis, namespace, ttlMs, clock, logger }) : undefined;
  return {
    connection,
    namespace,
    orders: withRetryableFailures(createOrderStore(models.orders)),
    products: cache ? cacheProducts(products, cache) : products,
    stock: cache ? forgetMovedStock(stock, cache) : stock,
    users: withRetryableFailures(createUserStore(models.users, newId)),
    sessions: withRetryableFailures(createSessionStore(models.sessions, models.users)),
  };
}

type OpenStore = Awaited<ReturnType<typeof openStore>>;

/** The runtime: what makes the order machine durable. */
function startRuntime(
  { environment, clock, newId, logger }: EngineOptions,
  store: OpenStore,
  queues: Queues,
  feed: ReturnType<typeof createRedisFeed>,
) {
  const definition = defineActor(orderMachine);
  const leases = { leaseMs: environment.ORDO_LEASE_MS };
  const relay: Relay = new Relay({
    store: store.orders,
    queues,
    feed,
    clock,
    leases,
    logger,
    onPublished: (actorId, seq) => registry.published(actorId, seq),
  });
  const registry = new Registry(
    {
      store: store.orders,
      definition: ({ id, version }) =>
        id === definition.id && version === definition.version ? definition : undefined,
      clock,
      leases,
      publish: (record) => relay.publish(record),
    },
    environment.ORDO_ACTIVATIONS,
  );
  const orders = createOrders({
    store: store.orders,
    registry,
    definition,
    clock,
    newId,
    leases,
    policy: {
      paymentOverdueMs: environment.ORDO_PAYMENT_OVERDUE_MS,
      shippingOverdueMs: environment.ORDO_SHIPPING_OVERDUE_MS,
    },
    publish: (record) => relay.publish(record),
  });
  const sweep = new Sweep({
    store: store.orders,
    queues,
    feed,
    clock,
    leases,
    logger,
    also: createOrphanedHoldsRound({
      stock: store.stock,
      store: store.orders,
      clock,
      logger,
      minAgeMs: 2 * leases.leaseMs,
    }),
    intervalMs: environment.ORDO_SWEEP_INTERVAL_MS,
  });
  return { orders, registry, relay, sweep };
}

function startWork(options: EngineOptions, store: OpenStore, queues: Queues, registry: Registry): void {
  const { environment, clock, newId, logger } = options;
  // The sandboxes play the outside world, so their ledgers stand apart from the orders.
  const sandbox: Connection = store.connection.useDb(`${store.connection.name}_sandbox`, { useCache: true });
  const processors = createProcessors({
    stock: store.stock,
    gateway: createSandboxGateway({ connection: sandbox, clock, newId }),
    carrier: createSandboxCarrier({ connection: sandbox, clock }),
    mailer: createFileMailer({ directory: join(environment.ORDO_DATA_DIR, 'mail'), clock, newId }),
    users: store.users,
    clock,
  });
  startWorkers({
    queues: queues.all,
    registry,
    processors,
    lateUndos: createLateUndos({ stock: store.stock }),
    concurrency: environment.ORDO_CONCURRENCY,
    attempts: environment.ORDO_ATTEMPTS,
    logger,
  });
}

/** The sessions of this instance, and the channel by which it hears of those that end elsewhere. */
function watchSessions(options: EngineOptions, store: OpenStore, redis: Redis) {
  const { redisUrl, environment, clock, newId, logger } = options;
  const name = `${store.namespace}:sessions`;
  const channel = createRedisChannel({ redisUrl, name, publisher: redis, clock, logger });
  const watch = createSessionWatch({ store: store.sessions, channel, clock, logger });
  const { users } = store;
  const ttlS = environment.ORDO_REFRESH_TTL_S;
  const sessions = createSessions({ store: store.sessions, watch, users, clock, newId, ttlS, logger });
  return { sessions, close: async () => watch.close() };
}

/** @throws what the port says, such as EADDRINUSE */
function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/**
 * Starts the parts that the role asks for.
 * @throws what the first part that cannot start says; what had started is stopped again.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { environment, redisUrl, clock, newId, logger, version } = options;
  const started: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  try {
    const redis = createRedisClient(redisUrl, logger);
    started.push(async () => redis.disconnect());
    const store = await openStore(options, redis);
    started.push(() => store.connection.close());
    const { namespace } = store;
    const sources = [...defineActor(orderMachine).sources];
    const queues = new Queues(redisUrl, namespace, new Set([...sources.map(queueOf), TIMER_QUEUE]), {
      backoffMs: environment.ORDO_BACKOFF_MS,
      leaseMs: environment.ORDO_LEASE_MS,
    });
    started.push(() => queues.close());
    await queues.ready();
    const feed = createRedisFeed({ redisUrl, namespace, clock, logger });
    started.push(() => feed.close());
    const { orders, registry, relay, sweep } = startRuntime(options, store, queues, feed);
    started.push(() => relay.drain());
    const checks = {
      mongodb: async () => void (await store.connection.db?.admin().ping()),
      redis: () => queues.ping(),
    };
    const serves = environment.ORDO_ROLE !== 'worker';
    const works = environment.ORDO_ROLE !== 'api';
    const server = createServer(serverOptionsOf(environment));
    const http = httpConfigOf(environment, options.jwtSecret);
    const watched = serves ? watchSessions(options, store, redis) : undefined;
    if (watched === undefined) {
      server.on('request', createHealthApp({ checks, clock, logger, version }).callback());
    } else {
      started.push(watched.close);
      const { sessions } = watched;
      const { products, users } = store;
      const app = createApp({
        config: http,
        queries: store.orders,
        queues: () => queues.all,
        ...{ orders, products, users, sessions, redis, namespace, checks, clock, newId, logger, version },
      });
      server.on('request', app.callback());
    }
    const url = await listen(server, environment.ORDO_HOST, environment.ORDO_PORT);
    started.push(() => closeServer(server));
    if (watched !== undefined) {
      const tokens = createTokens({ secrets: http.jwtSecrets, ttlS: http.tokenTtlS, clock });
      const verify = createVerify(tokens, watched.sessions);
      const { allowedOrigins } = http;
      const origins = allowedOrigins && { allowedOrigins: [...allowedOrigins] };
      const realtime = createRealtime({
        httpServer: server,
        feed,
        orders,
        verify,
        clock,
        logger,
        ...origins,
      });
      started.push(() => realtime.close());
    }
    if (works) {
      startWork(options, store, queues, registry);
      started.push(() => queues.quiesce());
      sweep.start();
      started.push(() => sweep.stop());
    }
    return { url, users: store.users, products: store.products, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
