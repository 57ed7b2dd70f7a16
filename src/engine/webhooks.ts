/** Webhooks out, put together: every process records what is to be sent and serves the desk, workers send it. */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { createRedisChannel } from '../platform/redis-channel.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import { createDeliverer } from '../webhooks/deliverer.ts';
import { createWebhookDesk } from '../webhooks/desk.ts';
import { openEndpointBook } from '../webhooks/endpoint-book.ts';
import { createPoster } from '../webhooks/poster.ts';
import { createWebhookQueue } from '../webhooks/queue.ts';
import { startWebhookWorker } from '../webhooks/worker.ts';
import type { EngineOptions } from './options.ts';
import type { OpenStore } from './store.ts';

/** The parts that every role has. */
export async function openWebhooks(
  { redisUrl, clock, newId, logger }: EngineOptions,
  { webhooks: store, namespace }: OpenStore,
  redis: Redis,
) {
  const name = `${namespace}:webhooks`;
  const channel = createRedisChannel({ redisUrl, name, publisher: redis, clock, logger });
  const queue = createWebhookQueue({ redisUrl, namespace, logger });
  const book = await queue
    .ready()
    .then(() => openEndpointBook({ store, channel, clock, logger }))
    .catch(async (error) => {
      channel.close();
      await queue.close();
      throw error;
    });
  const desk = createWebhookDesk({ store, book, queue, clock, newId, randomBytes, logger });
  return {
    store,
    book,
    queue,
    desk,
    async close() {
      book.close();
      await queue.close();
    },
  };
}

/** Webhooks of a running engine. */
export type OpenWebhooks = Awaited<ReturnType<typeof openWebhooks>>;

/** Sends them; returns what ends that. */
export function startWebhooks(
  { environment, clock, logger, version }: EngineOptions,
  { store, book, queue }: OpenWebhooks,
  orders: OrderActors,
): () => Promise<void> {
  const poster = createPoster({ allowPrivate: environment.ORDO_PRIVATE_ENDPOINTS === 'true' });
  const concurrency = environment.ORDO_WEBHOOK_CONCURRENCY;
  const deliverer = createDeliverer({
    book,
    store,
    orders,
    queue,
    poster,
    clock,
    random: Math.random,
    logger,
    userAgent: `Ordo/${version}`,
    concurrency,
  });
  const intervalMs = environment.ORDO_SWEEP_INTERVAL_MS;
  return startWebhookWorker({ queue, deliverer, poster, clock, logger, concurrency, intervalMs });
}
