/** Makes one try of one delivery, and decides what comes of it for the delivery and for its endpoint. */
import type { Clock } from '../platform/clock.ts';
import { messageOf, RetryableError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import type {
  DeliveryRef,
  DisabledReason,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookStore,
} from '../ports/webhooks.ts';
import { CLOUD_EVENT_TYPE, type CloudEvent, pingEvent, transitionEvent } from './cloud-event.ts';
import type { EndpointBook } from './endpoint-book.ts';
import { type DeliveryQueue, enqueue } from './outbox.ts';
import { createPlaces } from './places.ts';
import { CLAIM_MS, type Poster } from './poster.ts';
import { type Answer, isGivenUp, isGone, isSuccess, settlementOf } from './retries.ts';
import { signatureHeaders } from './signature.ts';

/** An endpoint that fails now and then is noted no more often, for every process reads the note. */
const NOTE_INTERVAL_MS = 60_000;

const UNREADABLE: Answer = { error: 'The order cannot be read.' };

/** What delivering stands on. */
export interface DelivererParts {
  book: EndpointBook;
  store: WebhookStore;
  orders: Pick<OrderActors, 'readAt'>;
  queue: DeliveryQueue;
  poster: Pick<Poster, 'post'>;
  clock: Clock;
  /** From 0 up to 1. */
  random: () => number;
  logger: Logger;
  /** What receivers are told of the sender. */
  userAgent: string;
  /** Tries at once, of all endpoints together. */
  concurrency: number;
}

/** How a job ended; `postponed` when the endpoint has all that it may have at once, `stale` when nothing was to do. */
export type DeliveryResult = WebhookDelivery['status'] | 'postponed' | 'stale';

/** Delivers by jobs. */
export interface Deliverer {
  /** One try. @throws when the database fails: the delivery is then due again after a while */
  deliver(ref: DeliveryRef): Promise<DeliveryResult>;
  /** Hands what is due to the queue, a share of each endpoint; how many those are. */
  sweep(): Promise<number>;
}

/** Delivering over those parts. */
export function createDeliverer(parts: DelivererParts): Deliverer {
  const { book, store, queue, clock, logger, concurrency } = parts;
  const places = createPlaces(concurrency, () => book.enabled().length);
  const tryOnce = createTrying(parts);

  async function handOver(endpointId: string): Promise<number> {
    const limit = places.share();
    const refs = await store.due(endpointId, clock.now(), limit);
    if (refs.length < limit) places.caughtUp(endpointId);
    await enqueue(queue, refs, logger);
    return refs.length;
  }

  return {
    async deliver(ref) {
      const endpoint = book.find(ref.endpointId);
      // It rests in the log, and is sent when the endpoint is enabled again; the sweep knows more than a stale book.
      if (endpoint === undefined || endpoint.disabled) return 'stale';
      if (!places.take(endpoint.id)) return 'postponed';
      try {
        return await tryOnce(endpoint, ref);
      } finally {
        if (places.leave(endpoint.id)) await handOver(endpoint.id);
      }
    },

    async sweep() {
      const counts = await Promise.all(book.enabled().map(({ id }) => handOver(id)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

function createTrying(parts: DelivererParts) {
  const { store, poster, clock, random, userAgent } = parts;
  const noteHealth = createHealth(parts);

  /** Undefined when the order cannot be read. @throws RetryableError when the database is away */
  async function eventOf(delivery: WebhookDelivery): Promise<CloudEvent | undefined> {
    if (delivery.transition === undefined) return pingEvent(delivery);
    const { orderId, seq } = delivery.transition;
    try {
      // By its history the order is as it was then, whenever it is sent: a repetition says the same.
      const record = await parts.orders.readAt(orderId, seq);
      return record && transitionEvent(record);
    } catch (error) {
      if (error instanceof RetryableError) throw error;
      parts.logger.warn({ error: messageOf(error), orderId, seq }, 'a webhook cannot be told of its order');
      return undefined;
    }
  }

  async function send({ url, secrets }: WebhookEndpoint, event: CloudEvent): Promise<Answer> {
    const body = JSON.stringify(event);
    const headers = {
      'content-type': CLOUD_EVENT_TYPE,
      'user-agent': userAgent,
      ...signatureHeaders(secrets, { id: event.id, body, now: clock.now() }),
    };
    return poster.post(url, headers, body);
  }

  return async (endpoint: WebhookEndpoint, ref: DeliveryRef): Promise<DeliveryResult> => {
    const at = clock.now();
    const claimed = await store.claim(ref, at, new Date(at.getTime() + CLAIM_MS));
    if (claimed === undefined) return 'stale';
    const event = await eventOf(claimed);
    const answer = event ? await send(endpoint, event) : UNREADABLE;
    const now = clock.now();
    const once = claimed.transition === undefined;
    const settlement = settlementOf(answer, claimed.attempts, { now, random: random(), once });
    const durationMs = now.getTime() - at.getTime();
    const outcome = 'status' in answer ? { status: answer.status } : { error: answer.error };
    await store.settle(claimed, { at, durationMs, ...outcome }, settlement);
    // What we cannot read is not the endpoint's fault.
    if (event) await noteHealth(endpoint, answer, now);
    return settlement.status;
  };
}

/** Keeps in mind since when an endpoint fails, and disables it when that is for good. */
function createHealth({ book, store, logger }: Pick<DelivererParts, 'book' | 'store' | 'logger'>) {
  const notedAt = new Map<string, Date>();

  async function disable({ id }: WebhookEndpoint, reason: DisabledReason, at: Date): Promise<void> {
    await store.changeEndpoint(id, { disabled: { at, reason }, updatedAt: at });
    logger.warn({ endpointId: id, reason }, 'a webhook endpoint is disabled');
    await book.changed();
  }

  function isNotedOfLate(id: string, now: Date): boolean {
    return now.getTime() - (notedAt.get(id)?.getTime() ?? 0) < NOTE_INTERVAL_MS;
  }

  return async (endpoint: WebhookEndpoint, answer: Answer, now: Date): Promise<void> => {
    const { id } = endpoint;
    // What became known while it was called counts.
    const { failingSince } = book.find(id) ?? endpoint;
    if (isGone(answer)) return disable(endpoint, 'gone', now);
    if (isSuccess(answer)) {
      if (failingSince === undefined) return;
      await store.changeEndpoint(id, { failingSince: null });
    } else {
      if (isGivenUp(failingSince, now)) return disable(endpoint, 'failing', now);
      if (failingSince !== undefined || isNotedOfLate(id, now)) return;
      notedAt.set(id, now);
      await store.changeEndpoint(id, { failingSince: now });
    }
    await book.changed();
  };
}
