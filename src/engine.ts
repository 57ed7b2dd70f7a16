/** Composition root: starts the parts in order, stops them in reverse. The one file that knows every room. */
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Connection } from 'mongoose';
import { defineActor, queueOf } from './actors/definition.ts';
import { createOrders } from './actors/orders.ts';
import { Registry } from './actors/registry.ts';
import { Relay, TIMER_QUEUE } from './actors/relay.ts';
import { Sweep } from './actors/sweep.ts';
import { createApp, createHealthApp } from './http/app.ts';
import { createTokens } from './http/tokens.ts';
import { createOrphanedHoldsRound } from './jobs/orphaned-holds.ts';
import { createLateUndos, createProcessors } from './jobs/processors.ts';
import { Queues } from './jobs/queues.ts';
import { startWorkers } from './jobs/workers.ts';
import { orderMachine } from './machines/order-machine.ts';
import type { Clock } from './platform/clock.ts';
import type { Environment } from './platform/config.ts';
import type { Logger } from './platform/logger.ts';
import { createSandboxCarrier } from './providers/carrier-sandbox.ts';
import { createFileMailer } from './providers/mailer-files.ts';
import { createSandboxGateway } from './providers/payment-sandbox.ts';
import { createLiveFeed } from './realtime/live-orders.ts';
import { createRedisFeed } from './realtime/redis-feed.ts';
import { createRealtime } from './realtime/server.ts';
import { connectStore } from './store/connect.ts';
import { withRetryableFailures } from './store/failures.ts';
import { createOrderChanges } from './store/order-changes.ts';
import { orderModel } from './store/order-model.ts';
import { createOrderStore } from './store/order-store.ts';
import { productModel } from './store/product-model.ts';
import { createProductStore } from './store/product-store.ts';
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

async function openStore(uri: string, newId: () => string) {
  const connection = await connectStore(uri);
  const models = {
    orders: orderModel(connection),
    products: productModel(connection),
    users: userModel(connection),
  };
  await Promise.all(Object.values(models).map((model) => model.createIndexes()));
  return {
    connection,
    orders: withRetryableFailures(createOrderStore(models.orders)),
    changes: withRetryableFailures(createOrderChanges(models.orders)),
    products: withRetryableFailures(createProductStore(models.products)),
    stock: withRetryableFailures(createStockLedger(models.products)),
    users: withRetryableFailures(createUserStore(models.users, newId)),
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
    const store = await openStore(options.mongodbUri, newId);
    started.push(() => store.connection.close());
    // By the database, so that engines with different ones can share a Redis without taking each other's jobs.
    const namespace = `ordo:${store.connection.name}`;
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
    const server = createServer();
    const connectionsPerUser = environment.ORDO_FEED_CONNECTIONS_PER_USER;
    const read = orders.read;
    const live = createLiveFeed({ feed, read, changes: store.changes, connectionsPerUser, clock, logger });
    if (!serves) {
      server.on('request', createHealthApp({ checks, clock, logger, version }).callback());
    } else {
      const config = { jwtSecret: options.jwtSecret, tokenTtlS: environment.ORDO_TOKEN_TTL_S };
      const app = createApp({
        config: { ...config, secureCookies: environment.ORDO_TLS === 'true' },
        orders,
        queries: store.orders,
        live,
        products: store.products,
        users: store.users,
        queues: () => queues.all,
        checks,
        clock,
        newId,
        logger,
        version,
      });
      server.on('request', app.callback());
    }
    const url = await listen(server, environment.ORDO_HOST, environment.ORDO_PORT);
    started.push(() => closeServer(server));
    if (serves) {
      const { verify } = createTokens({
        secret: options.jwtSecret,
        ttlS: environment.ORDO_TOKEN_TTL_S,
        clock,
      });
      const realtime = createRealtime({
        httpServer: server,
        live,
        queries: store.orders,
        countQueues: () => queues.counts(),
        verify,
        connectionsPerUser,
        clock,
        logger,
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
