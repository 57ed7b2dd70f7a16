/** Webhooks over real services, with a clock that stands until it is moved, and orders that a test makes up. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { viewTransition } from '../../src/machines/order-view.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createRedisChannel } from '../../src/platform/redis-channel.ts';
import { createRedisClient } from '../../src/platform/redis-client.ts';
import type { Feed, FeedTransition } from '../../src/ports/order-actors.ts';
import type { NewEndpoint } from '../../src/ports/webhooks.ts';
import { connectStore } from '../../src/store/connect.ts';
import { createMigrator } from '../../src/store/migrate.ts';
import { webhookModels } from '../../src/store/webhook-models.ts';
import { createWebhookStore } from '../../src/store/webhook-store.ts';
import { createDeliverer } from '../../src/webhooks/deliverer.ts';
import { createWebhookDesk } from '../../src/webhooks/desk.ts';
import { openEndpointBook } from '../../src/webhooks/endpoint-book.ts';
import { withWebhooks } from '../../src/webhooks/outbox.ts';
import { createPoster } from '../../src/webhooks/poster.ts';
import { createWebhookQueue } from '../../src/webhooks/queue.ts';
import { startWebhookWorker } from '../../src/webhooks/worker.ts';
import { eventually } from '../support/engine.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { placedOrder } from '../support/orders.ts';
import type { TestServices } from '../support/services.ts';

const SILENT = pino({ level: 'silent' });
const SWEEP_MS = 1_000;
/** A slow receiver is let go by its test, not by the time that this machine happens to take. */
const PATIENCE_MS = 120_000;

/** The feed, which here nobody watches. */
const quietFeed: Feed = { publish: async () => {}, onTransition: () => () => {} };

let databases = 0;

/** Starts them on a database and a prefix of the test's own; they end with the test. */
export async function startRig(t: ExecutionContext, services: TestServices, concurrency = 8) {
  databases += 1;
  const namespace = `webhooks${databases}`;
  const connection = await connectStore(services.mongodbUri.replace('/ordo?', `/${namespace}?`));
  // The receivers verify by the machine's clock.
  const clock = createFakeClock(new Date());
  const parts = { clock, newId: randomUUID, logger: SILENT };
  await createMigrator(connection, { ...parts, clock: systemClock }).up();
  const { redisUrl } = services;
  const redis = createRedisClient(redisUrl, SILENT);
  const store = createWebhookStore(webhookModels(connection));
  const channel = createRedisChannel({ redisUrl, name: namespace, publisher: redis, ...parts });
  const book = await openEndpointBook({ store, channel, ...parts });
  const queue = createWebhookQueue({ redisUrl, namespace, logger: SILENT });
  await queue.ready();
  const desk = createWebhookDesk({ store, book, queue, randomBytes, ...parts });
  const records = new Map<string, OrderRecord>();
  const unreadable = new Set<string>();
  const poster = createPoster({ allowPrivate: true, timeoutMs: PATIENCE_MS });
  const deliverer = createDeliverer({
    book,
    store,
    orders: {
      async readAt(orderId) {
        if (unreadable.has(orderId)) throw new Error('No machine of its version is loaded.');
        return records.get(orderId);
      },
    },
    queue,
    poster,
    clock,
    random: () => 0,
    logger: SILENT,
    userAgent: 'Ordo/test',
    concurrency,
  });
  const stopWorker = startWebhookWorker({
    ...parts,
    queue,
    deliverer,
    poster,
    concurrency,
    intervalMs: SWEEP_MS,
  });
  t.teardown(async () => {
    await stopWorker();
    book.close();
    await queue.close();
    redis.disconnect();
    await connection.close();
  });
  const feedOver = (deliveries: Pick<typeof store, 'insertDeliveries'>) =>
    withWebhooks(quietFeed, { book, store: deliveries, queue, ...parts });
  const feed = feedOver(store);

  /** Places an order that is told to the feed; returns the event's id. */
  async function place(orderId: string = randomUUID()): Promise<string> {
    const record = placedOrder(orderId);
    records.set(orderId, record);
    await feed.publish(entriesOf(record));
    return `${orderId}.1`;
  }

  return {
    ...{ clock, connection, store, book, queue, desk, deliverer, feed, feedOver, place, unreadable },
    register: (url: string, changes: Partial<NewEndpoint> = {}) =>
      desk.create({ url, events: ['*'], states: [], ...changes }),
    /** Waits until the log of the endpoint says so. */
    logged: (id: string, holds: (log: Awaited<ReturnType<typeof desk.deliveries>>) => boolean) =>
      eventually(() => desk.deliveries(id, { limit: 1_000 }), holds),
    /** Moves the time on by that, and on and on by the sweep's pause, until the condition holds. */
    async pass(ms: number, holds: () => boolean | Promise<boolean>): Promise<void> {
      clock.advance(ms);
      await eventually(
        async () => {
          clock.advance(SWEEP_MS);
          return holds();
        },
        (held) => held,
      );
    },
  };
}

/** A record's transitions as the feed gets them. */
export const entriesOf = (record: OrderRecord): FeedTransition[] =>
  record.history.map((entry) => ({
    customerId: record.input.customerId,
    transition: viewTransition(record._id, entry),
  }));
