/** The Bull queue of tries, on connections of its own: what happens here is nothing to the orders' queues. */
import { once } from 'node:events';
import Bull from 'bull';
import { Redis } from 'ioredis';
import type { Logger } from '../platform/logger.ts';
import { redisAddress, redisOptions } from '../platform/redis.ts';
import type { DeliveryRef } from '../ports/webhooks.ts';
import type { DeliveryQueue } from './outbox.ts';
import { CLAIM_MS } from './poster.ts';

const READY_TIMEOUT_MS = 10_000;
/** As often the job of a process that died runs again: what counts is counted in the delivery. */
const PATIENCE = 1_000;

/** What names a delivery, and its job. */
const keyOf = ({ endpointId, eventId }: DeliveryRef): string => `${endpointId}.${eventId}`;

/** The queue, for those who add, those who work, and Bull Board. */
export interface WebhookQueue extends DeliveryQueue {
  readonly bull: Bull.Queue<DeliveryRef>;
  /** Resolves when it can be used. @throws AbortError when Redis does not answer in time */
  ready(): Promise<void>;
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
      type === 'client'
        ? new Redis(redisOptions(redisUrl))
        : new Redis({ ...redisAddress(redisUrl), maxRetriesPerRequest: null, enableReadyCheck: false });
    // Bull listens for errors too; without a listener of our own a lost connection would end the process.
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };
  const bull = new Bull<DeliveryRef>('webhooks', {
    prefix: namespace,
    createClient: connect,
    settings: { lockDuration: CLAIM_MS, stalledInterval: CLAIM_MS / 4, maxStalledCount: PATIENCE },
    // What counts is kept in MongoDB. A job that is over is gone, so that its id can be used for the next try.
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  });
  bull.on('error', (error) => logger.warn({ err: error, queue: bull.name }, 'queue: connection failed'));
  return {
    bull,
    async ready() {
      const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
      // Bull's own `isReady` looks at its scripts alone, not at the connection.
      await Promise.all(
        clients.map((client) => client.status === 'ready' || once(client, 'ready', { signal })),
      );
      await bull.isReady();
    },
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
