/** Composition root: starts the parts in order, stops them in reverse. With `src/engine/`, it alone knows every room. */
import { createServer } from 'node:http';
import { queueOf } from './actors/definition.ts';
import { TIMER_QUEUE } from './actors/relay.ts';
import { createVersions } from './actors/versions.ts';
import { closeServer, listen } from './engine/listening.ts';
import type { EngineOptions } from './engine/options.ts';
import { startRuntime, startWork } from './engine/runtime.ts';
import { createServing, openLive, serveFeed, watchSessions } from './engine/serve.ts';
import { openStore } from './engine/store.ts';
import { openWebhooks, startWebhooks } from './engine/webhooks.ts';
import { createHealthApp } from './http/app.ts';
import { serverOptionsOf } from './http/settings.ts';
import { createWaiting } from './http/waiting.ts';
import type { HandOn } from './jobs/hand-on.ts';
import { Queues } from './jobs/queues.ts';
import { orderMachines, orderMigrations } from './machines/order-versions.ts';
import { createRedisClient } from './platform/redis-client.ts';
import type { Feed } from './ports/order-actors.ts';
import type { ProductRepository } from './ports/products.ts';
import type { UserRepository } from './ports/users.ts';
import { openProviders } from './providers/providers.ts';
import { createRedisFeed } from './realtime/redis-feed.ts';
import { withWebhooks } from './webhooks/outbox.ts';

/** A running engine. */
export interface Engine {
  /** Where HTTP and the feed are served. */
  url: string;
  users: UserRepository;
  products: ProductRepository;
  /** Hears every transition of every order; returns what ends that. The listener must not throw. */
  onTransition: Feed['onTransition'];
  /** Takes no more work, lets what runs end, closes everything. */
  stop(): Promise<void>;
}

/** What must be undone at the end, in the order of its beginning. */
type Started = (() => Promise<void>)[];

/** The parts that every role has. */
async function startCommon(options: EngineOptions, started: Started) {
  const { environment, redisUrl, clock, logger } = options;
  const redis = createRedisClient(redisUrl, logger);
  started.push(async () => redis.disconnect());
  const store = await openStore(options, redis);
  started.push(() => store.connection.close());
  const versions = createVersions(orderMachines, orderMigrations);
  const names = new Set([...[...versions.sources].map(queueOf), TIMER_QUEUE]);
  const queues = new Queues(redisUrl, store.namespace, names, {
    backoffMs: environment.ORDO_BACKOFF_MS,
    leaseMs: environment.ORDO_LEASE_MS,
  });
  started.push(() => queues.close());
  await queues.ready();
  const feed = createRedisFeed({ redisUrl, namespace: store.namespace, clock, logger });
  started.push(() => feed.close());
  const webhooks = await openWebhooks(options, store, redis);
  started.push(() => webhooks.close());
  const stages: { handOn?: HandOn } = {};
  const runtime = startRuntime(
    options,
    store,
    versions,
    queues,
    withWebhooks(feed, { ...webhooks, clock, logger }),
    (dispatch) => stages.handOn?.take(dispatch) ?? false,
  );
  started.push(() => runtime.relay.drain());
  const providers = options.providers ?? openProviders(options, { ...options, ...store });
  started.push(async () => providers.close());
  return { redis, store, queues, feed, webhooks, stages, runtime, providers };
}

/** The parts that work. */
function startWorking(
  options: EngineOptions,
  { store, queues, runtime, providers, stages, webhooks }: Awaited<ReturnType<typeof startCommon>>,
  started: Started,
): void {
  const handOn = startWork(options, store, queues, runtime.registry, providers);
  stages.handOn = handOn;
  started.push(async () => void (await Promise.all([queues.quiesce(), handOn.close()])));
  runtime.sweep.start();
  started.push(() => runtime.sweep.stop());
  started.push(startWebhooks(options, webhooks, runtime.orders));
}

/**
 * Starts the parts that the role asks for.
 * @throws what the first part that cannot start says; what had started is stopped again.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { environment, clock, logger, version } = options;
  const started: Started = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  try {
    const common = await startCommon(options, started);
    const { redis, store, queues, feed, webhooks, runtime, providers } = common;
    const checks = {
      mongodb: async () => void (await store.connection.db?.admin().ping()),
      redis: () => queues.ping(),
    };
    const server = createServer(serverOptionsOf(environment));
    const address = () => listen(server, environment.ORDO_HOST, environment.ORDO_PORT);
    let url: string;
    if (environment.ORDO_ROLE === 'worker') {
      server.on('request', createHealthApp({ checks, clock, logger, version }).callback());
      url = await address();
      started.push(() => closeServer(server));
    } else {
      const { sessions, close } = watchSessions(options, store, redis);
      started.push(close);
      const { orders } = runtime;
      const { readers } = providers;
      const waiting = createWaiting(feed, orders, clock);
      const parts = {
        options,
        store,
        redis,
        feed,
        sessions,
        orders,
        waiting,
        readers,
        checks,
        queues,
        webhooks,
      };
      const live = openLive(parts);
      server.on('request', createServing(parts, live).callback());
      url = await address();
      started.push(() => closeServer(server));
      // Before the server closes, which answers what is asked first.
      started.push(async () => waiting.close());
      const realtime = serveFeed(server, parts, live);
      started.push(() => realtime.close());
    }
    if (environment.ORDO_ROLE !== 'api') startWorking(options, common, started);
    return { url, users: store.users, products: store.products, onTransition: feed.onTransition, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
