/** The Bull queue of tries, on connections of its own: what happens here is nothing to the orders' queues. */
import type Bull from 'bull';
import { createBullConnections } from '../platform/bull-connections.ts';
import type { Logger } from '../platform/logger.ts';
import type { DeliveryRef } from '../ports/webhooks.ts';
import type { DeliveryQueue } from './outbox.ts';
import { CLAIM_MS } from './poster.ts';

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
  const connections = createBullConnections(redisUrl);
  const bull = connections.open<DeliveryRef>('webhooks', {
    prefix: namespace,
    settings: { lockDuration: CLAIM_MS, stalledInterval: CLAIM_MS / 4, maxStalledCount: PATIENCE },
    // What counts is kept in MongoDB. A job that is over is gone, so that its id can be used for the next try.
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  });
  bull.on('error', (error) => logger.warn({ err: error, queue: bull.name }, 'queue: connection failed'));
  return {
    bull,
    ready: () => connections.ready(),
    async add(refs) {
      if (refs.length === 0) return;
      await bull.addBulk(
        refs.map(({ endpointId, eventId }) => ({
          data: { endpointId, eventId },
          opts: { jobId: keyOf({ endpointId, eventId }) },
        })),
      );
    },
    close: () => connections.close(),
  };
}
