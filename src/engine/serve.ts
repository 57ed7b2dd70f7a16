/** What the role `api` adds: the HTTP application and the feed on one port, and the sessions behind both. */
import type { Server } from 'node:http';
import type { Redis } from 'ioredis';
import { createApp, type HttpParts } from '../http/app.ts';
import { createVerify } from '../http/authenticate.ts';
import { createSessionWatch } from '../http/session-watch.ts';
import { createSessions } from '../http/sessions.ts';
import { httpConfigOf } from '../http/settings.ts';
import { createTokens } from '../http/tokens.ts';
import type { Queues } from '../jobs/queues.ts';
import { createRedisChannel } from '../platform/redis-channel.ts';
import { describeFeed } from '../realtime/asyncapi.ts';
import { createLiveFeed, type LiveFeed } from '../realtime/live-orders.ts';
import type { RedisFeed } from '../realtime/redis-feed.ts';
import { createRealtime } from '../realtime/server.ts';
import type { EngineOptions } from './options.ts';
import type { OpenStore } from './store.ts';
import type { OpenWebhooks } from './webhooks.ts';

/** The sessions of this instance, and the channel by which it hears of those that end elsewhere. */
export function watchSessions(options: EngineOptions, store: OpenStore, redis: Redis) {
  const { redisUrl, environment, clock, newId, logger } = options;
  const name = `${store.namespace}:sessions`;
  const channel = createRedisChannel({ redisUrl, name, publisher: redis, clock, logger });
  const watch = createSessionWatch({ store: store.sessions, channel, clock, logger });
  const { users } = store;
  const ttlS = environment.ORDO_REFRESH_TTL_S;
  const sessions = createSessions({ store: store.sessions, watch, users, clock, newId, ttlS, logger });
  return { sessions, close: async () => watch.close() };
}

/** What serving stands on. */
export interface ServeParts extends Pick<HttpParts, 'orders' | 'waiting' | 'readers' | 'checks'> {
  options: EngineOptions;
  store: OpenStore;
  redis: Redis;
  feed: RedisFeed;
  sessions: ReturnType<typeof watchSessions>['sessions'];
  queues: Queues;
  webhooks: OpenWebhooks;
}

/** The orders as they move, for everybody who watches on this instance. */
export function openLive({ options, store, feed, orders, sessions }: ServeParts): LiveFeed {
  const { environment, clock, logger } = options;
  const connectionsPerUser = environment.ORDO_FEED_CONNECTIONS_PER_USER;
  const { changes } = store;
  const live = createLiveFeed({ feed, read: orders.read, changes, connectionsPerUser, clock, logger });
  sessions.onEnded(({ userId }) => live.recheck(userId));
  return live;
}

/** The HTTP application of an engine. */
export function createServing(
  { options, store, redis, sessions, queues, webhooks, ...parts }: ServeParts,
  live: LiveFeed,
) {
  const { environment, jwtSecret } = options;
  const { namespace, products, users, analytics, orders: queries } = store;
  return createApp({
    ...options,
    ...parts,
    config: httpConfigOf(environment, jwtSecret),
    queues: () => [...queues.all, webhooks.queue.bull],
    webhooks: webhooks.desk,
    feedDocument: describeFeed(options.version),
    ...{ live, queries, analytics, products, users, sessions, redis, namespace },
  });
}

/** Puts the feed on the server. */
export function serveFeed(server: Server, { options, store, sessions, queues }: ServeParts, live: LiveFeed) {
  const { environment, jwtSecret, clock, logger } = options;
  const { jwtSecrets, tokenTtlS, allowedOrigins } = httpConfigOf(environment, jwtSecret);
  const tokens = createTokens({ secrets: jwtSecrets, ttlS: tokenTtlS, clock });
  return createRealtime({
    httpServer: server,
    live,
    queries: store.orders,
    countQueues: () => queues.counts(),
    connectionsPerUser: environment.ORDO_FEED_CONNECTIONS_PER_USER,
    verify: createVerify(tokens, sessions),
    clock,
    logger,
    ...(allowedOrigins && { allowedOrigins: [...allowedOrigins] }),
  });
}
