/** Composition root: starts the parts in order, stops them in reverse. The one file that knows every room. */
import { createServer, type Server } from 'node:http';
import { queueOf } from './actors/definition.ts';
import { createOrders } from './actors/orders.ts';
import type { Dispatch } from './actors/ports.ts';
import { Registry } from './actors/registry.ts';
import { Relay, TIMER_QUEUE } from './actors/relay.ts';
import { Sweep } from './actors/sweep.ts';
import { createVersions } from './actors/versions.ts';
import { createApp, createHealthApp } from './http/app.ts';
import { createTokens } from './http/tokens.ts';
import { HandOn } from './jobs/hand-on.ts';
import { createOrphanedHoldsRound } from './jobs/orphaned-holds.ts';
import { createLateUndos, createProcessors } from './jobs/processors.ts';
import { Queues } from './jobs/queues.ts';
import { startWorkers } from './jobs/workers.ts';
import { orderMachines, orderMigrations } from './machines/order-versions.ts';
import type { Clock } from './platform/clock.ts';
import type { Environment } from './platform/config.ts';
import type { Logger } from './platform/logger.ts';
import type { Feed } from './ports/order-actors.ts';
import { openProviders, type ProviderAddresses, type Providers } from './providers/providers.ts';
import { createRedisFeed } from './realtime/redis-feed.ts';
import { createRealtime } from './realtime/server.ts';
import { chargeModel, createChargeBook } from './store/charge-book.ts';
import { connectStore } from './store/connect.ts';
import { createDeliveryBook, deliveryModel } from './store/delivery-book.ts';
import { withRetryableFailures } from './store/failures.ts';
import { orderModel } from './store/order-model.ts';
import { createOrderStore } from './store/order-store.ts';
import { productModel } from './store/product-model.ts';
import { createProductStore } from './store/product-store.ts';
import { createStockLedger } from './store/stock-ledger.ts';
import { movementModel } from './store/stock-movements.ts';
import { createUserStore, userModel } from './store/user-store.ts';

export type { Providers } from './providers/providers.ts';

export interface EngineOptions extends ProviderAddresses {
  environment: Environment;
  mongodbUri: string;
  redisUrl: string;
  jwtSecret: string;
  version: string;
  clock: Clock;
  /** Time-ordered unique ids. */
  newId: () => string;
  logger: Logger;
  /** In place of those at the addresses: for tests and benchmarks. */
  providers?: Providers;
}

/** A running engine. */
export interface Engine {
  /** Where HTTP and the feed are served. */
  url: string;
  users: ReturnType<typeof createUserStore>;
  products: ReturnType<typeof createProductStore>;
  /** Hears every transition of every order; returns what ends that. The listener must not throw. */
  onTransition: Feed['onTransition'];
  /** Takes no more work, lets what runs end, closes everything. */
  stop(): Promise<void>;
}

async function openStore(uri: string, newId: () => string) {
  const connection = await connectStore(uri);
  const models = {
    orders: orderModel(connection),
    movements: movementModel(connection),
    products: productModel(connection),
    users: userModel(connection),
    deliveries: deliveryModel(connection),
    charges: chargeModel(connection),
  };
  await Promise.all(Object.values(models).map((model) => model.createIndexes()));
  return {
    connection,
    charges: withRetryableFailures(createChargeBook(models.charges)),
    deliveries: withRetryableFailures(createDeliveryBook(models.deliveries)),
    orders: withRetryableFailures(createOrderStore(models.orders)),
    products: withRetryableFailures(createProductStore(models.products, models.movements)),
    stock: withRetryableFailures(createStockLedger(models.products, models.movements)),
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
  handOn: (dispatch: Dispatch) => boolean,
) {
  const versions = createVersions(orderMachines, orderMigrations);
  const leases = { leaseMs: environment.ORDO_LEASE_MS };
  const relay: Relay = new Relay({
    store: store.orders,
    queues,
    feed,
    clock,
    leases,
    logger,
    handOn,
    onPublished: (actorId, seq) => registry.published(actorId, seq),
  });
  const registry = new Registry(
    {
      store: store.orders,
      versions,
      clock,
      leases,
      publish: (record) => relay.publish(record),
    },
    environment.ORDO_ACTIVATIONS,
  );
  const orders = createOrders({
    store: store.orders,
    registry,
    versions,
    clock,
    newId,
    leases,
    policy: {
      paymentOverdueMs: environment.ORDO_PAYMENT_OVERDUE_MS,
      shippingOverdueMs: environment.ORDO_SHIPPING_OVERDUE_MS,
      unpaidExpiryMs: environment.ORDO_UNPAID_EXPIRY_MS,
      parcelUnits: environment.ORDO_PARCEL_UNITS,
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

/** Starts the workers. Half of a queue's places are for its jobs, half for stages that are handed straight on. */
function startWork(
  options: EngineOptions,
  store: OpenStore,
  queues: Queues,
  registry: Registry,
  { gateway, carrier, notifier }: Providers,
): HandOn {
  const { environment, clock, logger } = options;
  const { ORDO_CONCURRENCY: concurrency, ORDO_HAND_ON } = environment;
  const slots = ORDO_HAND_ON === 'true' ? Math.floor(concurrency / 2) : 0;
  const parts = {
    registry,
    processors: createProcessors({
      stock: store.stock,
      gateway,
      carrier,
      notifier,
      users: store.users,
      clock,
    }),
    lateUndos: createLateUndos({ stock: store.stock }),
    concurrency: concurrency - slots,
    attempts: environment.ORDO_ATTEMPTS,
    logger,
  };
  startWorkers({ ...parts, queues: queues.all });
  return new HandOn({ ...parts, queues, slots, backoffMs: environment.ORDO_BACKOFF_MS });
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
    const { sources } = createVersions(orderMachines, orderMigrations);
    const queues = new Queues(redisUrl, namespace, new Set([...[...sources].map(queueOf), TIMER_QUEUE]), {
      backoffMs: environment.ORDO_BACKOFF_MS,
      leaseMs: environment.ORDO_LEASE_MS,
    });
    started.push(() => queues.close());
    await queues.ready();
    const feed = createRedisFeed({ redisUrl, namespace, clock, logger });
    started.push(() => feed.close());
    let handOn: HandOn | undefined;
    const { orders, registry, relay, sweep } = startRuntime(
      options,
      store,
      queues,
      feed,
      (dispatch) => handOn?.take(dispatch) ?? false,
    );
    started.push(() => relay.drain());
    const providers = options.providers ?? openProviders(options, { ...options, ...store });
    started.push(async () => providers.close());
    const checks = {
      mongodb: async () => void (await store.connection.db?.admin().ping()),
      redis: () => queues.ping(),
    };
    const serves = environment.ORDO_ROLE !== 'worker';
    const works = environment.ORDO_ROLE !== 'api';
    const server = createServer();
    if (!serves) {
      server.on('request', createHealthApp({ checks, clock, logger, version }).callback());
    } else {
      const config = { jwtSecret: options.jwtSecret, tokenTtlS: environment.ORDO_TOKEN_TTL_S };
      const app = createApp({
        config: {
          ...config,
          secureCookies: environment.ORDO_TLS === 'true',
          ...(environment.VAPID_PUBLIC_KEY !== undefined && {
            push: {
              publicKey: environment.VAPID_PUBLIC_KEY,
              allowPrivate: environment.ORDO_PRIVATE_ENDPOINTS === 'true',
            },
          }),
        },
        orders,
        queries: store.orders,
        products: store.products,
        users: store.users,
        readers: providers.readers,
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
      const realtime = createRealtime({ httpServer: server, feed, orders, verify, clock, logger });
      started.push(() => realtime.close());
    }
    if (works) {
      const stages = startWork(options, store, queues, registry, providers);
      handOn = stages;
      started.push(() => Promise.all([queues.quiesce(), stages.close()]).then(() => undefined));
      sweep.start();
      started.push(() => sweep.stop());
    }
    return { url, users: store.users, products: store.products, onTransition: feed.onTransition, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
