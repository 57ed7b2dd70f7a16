/** The Bull queue of tries, on connections of its own: what happens here is nothing to the orders' queues. */
import Bull from 'bull';
import { Redis } from 'ioredis';
import type { Logger } from '../platform/logger.ts';
import { redisAddress, redisOptions } from '../platform/redis.ts';
import type { DeliveryRef } from '../ports/webhooks.ts';
import type { DeliveryQueue } from './outbox.ts';

/** What names a delivery, and its job. */
export const keyOf = ({ endpointId, eventId }: DeliveryRef): string => `${endpointId}.${eventId}`;

/** The queue, for those who add, those who work, and Bull Board. */
export interface WebhookQueue extends DeliveryQueue {
  readonly bull: Bull.Queue<DeliveryRef>;
  close(): Promise<void>;
}

/** Opens the queue `webhooks` under that prefix. */
export function createWebhookQueue({
  redisUrl,
  namespace,
  logger,
}: {
  redisUrl: string;
  namespace: string;
  logger: Logger;
}): WebhookQueue {
  const clients: Redis[] = [];
  const connect = (type: 'client' | 'subscriber' | 'bclient'): Redis => {
    const client =
      type === 'bclient'
        ? new Redis({ ...redisAddress(redisUrl), maxRetriesPerRequest: null, enableReadyCheck: false })
        : new Redis(redisOptions(redisUrl));
    // Bull listens for errors too; without a listener of our own a lost connection would end the process.
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };
  const bull = new Bull<DeliveryRef>('webhooks', {
    prefix: namespace,
    createClient: connect,
    // What counts is kept in MongoDB. A job that is over is gone, so that its id can be used for the next try.
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  });
  bull.on('error', (error) => logger.warn({ err: error, queue: bull.name }, 'queue: connection failed'));
  return {
    bull,
    async add(refs) {
      if (refs.length === 0) return;
      await bull.addBulk(
        refs.map(({ endpointId, eventId }) => ({
          data: { endpointId, eventId },
          opts: { jobId: keyOf({ endpointId, eventId }) },
        })),
      );
    },
    async close() {
      await bull.close();
      for (const client of clients) client.disconnect();
    },
  };
}
