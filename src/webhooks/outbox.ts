/** Makes deliveries of transitions, as a part of publishing them: a transition is published when they are recorded. */
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Feed, FeedTransition } from '../ports/order-actors.ts';
import type { DeliveryRef, WebhookDelivery, WebhookStore } from '../ports/webhooks.ts';
import { eventIdOf, eventTypeOf } from './cloud-event.ts';
import type { EndpointBook } from './endpoint-book.ts';
import { isWanted } from './filter.ts';

/** How long a delivery stands in the log. */
const KEPT_MS = 30 * 86_400_000;

/** When a delivery that is recorded now is forgotten. */
export const expiryOf = (now: Date): Date => new Date(now.getTime() + KEPT_MS);

/** The queue of tries. */
export interface DeliveryQueue {
  /** What waits or runs already is not added twice. */
  add(refs: DeliveryRef[]): Promise<void>;
}

/** What the outbox stands on. */
export interface OutboxParts {
  book: Pick<EndpointBook, 'enabled'>;
  store: Pick<WebhookStore, 'insertDeliveries'>;
  queue: DeliveryQueue;
  clock: Clock;
  logger: Logger;
}

/** A delivery that is to be tried at once. */
export function newDelivery(
  { endpointId, eventId, ...about }: DeliveryRef & Pick<WebhookDelivery, 'type' | 'transition'>,
  now: Date,
): WebhookDelivery {
  return {
    endpointId,
    eventId,
    ...about,
    status: 'pending',
    attempts: 0,
    dueAt: now,
    log: [],
    createdAt: now,
    expiresAt: expiryOf(now),
  };
}

/** Records a delivery durably, and then has it tried; the sweep finds what Redis did not take. */
export function createRecording({ store, queue, logger }: Omit<OutboxParts, 'book' | 'clock'>) {
  return async (deliveries: WebhookDelivery[]): Promise<void> => {
    await store.insertDeliveries(deliveries);
    await enqueue(queue, deliveries, logger);
  };
}

/** Hands them to the queue, if it takes them. */
export async function enqueue(queue: DeliveryQueue, refs: DeliveryRef[], logger: Logger): Promise<void> {
  await queue.add(refs).catch((error) => {
    logger.warn({ error: messageOf(error), jobs: refs.length }, 'webhooks not handed over; the sweep will');
  });
}

/**
 * The feed, whose `publish` also records what endpoints are to be told. It rejects when one of both fails, and can
 * then be repeated: the order keeps its publications until it has succeeded, and what is recorded is not doubled.
 */
export function withWebhooks(feed: Feed, parts: OutboxParts): Feed {
  const record = createRecording(parts);

  const deliveriesOf = (entries: FeedTransition[], now: Date): WebhookDelivery[] =>
    parts.book.enabled().flatMap((endpoint) =>
      entries
        .filter(({ transition }) => isWanted(endpoint, transition))
        .map(({ transition }) => {
          const { orderId, seq } = transition;
          const ref = { endpointId: endpoint.id, eventId: eventIdOf(transition) };
          return newDelivery({ ...ref, type: eventTypeOf(transition), transition: { orderId, seq } }, now);
        }),
    );

  return {
    onTransition: feed.onTransition,
    async publish(entries) {
      // Without an endpoint, that is all it costs.
      if (parts.book.enabled().length === 0) return feed.publish(entries);
      const deliveries = deliveriesOf(entries, parts.clock.now());
      if (deliveries.length === 0) return feed.publish(entries);
      await Promise.all([feed.publish(entries), record(deliveries)]);
    },
  };
}
