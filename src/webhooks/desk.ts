/** The desk at which operators look after endpoints and deliveries. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { EndpointChange, WebhookDesk, WebhookEndpoint, WebhookStore } from '../ports/webhooks.ts';
import { PING_TYPE } from './cloud-event.ts';
import type { EndpointBook } from './endpoint-book.ts';
import { createRecording, type DeliveryQueue, enqueue, expiryOf, newDelivery } from './outbox.ts';
import { makeSecret, rotated } from './signature.ts';

/** So many endpoints may be registered: each costs a little at every transition. */
const ENDPOINTS_MAX = 50;

/** What the desk stands on. */
export interface DeskParts {
  store: WebhookStore;
  book: Pick<EndpointBook, 'changed'>;
  queue: DeliveryQueue;
  clock: Clock;
  newId: () => string;
  /** So many bytes that nobody can guess. */
  randomBytes: (count: number) => Buffer;
  logger: Logger;
}

/** The desk over those parts. */
export const createWebhookDesk = (parts: DeskParts): WebhookDesk => ({
  ...endpointDesk(parts),
  ...deliveryDesk(parts),
});

/** @throws TerminalError `not-found` */
function existing<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new TerminalError('not-found', `There is no such ${what}.`);
  return found;
}

const findIn = async (store: WebhookStore, id: string): Promise<WebhookEndpoint> =>
  existing(
    (await store.listEndpoints()).find((endpoint) => endpoint.id === id),
    'webhook endpoint',
  );

function endpointDesk({
  store,
  book,
  clock,
  newId,
  randomBytes,
}: DeskParts): Omit<WebhookDesk, 'ping' | 'deliveries' | 'redeliver'> {
  async function write(id: string, change: EndpointChange): Promise<WebhookEndpoint> {
    const updatedAt = clock.now();
    const endpoint = existing(await store.changeEndpoint(id, { ...change, updatedAt }), 'webhook endpoint');
    await book.changed();
    return endpoint;
  }

  return {
    list: () => store.listEndpoints(),
    find: (id) => findIn(store, id),

    async create(facts) {
      const { length } = await store.listEndpoints();
      if (length >= ENDPOINTS_MAX)
        throw new TerminalError(
          'conflict',
          `There are ${length} endpoints, and no more may be; remove one first.`,
        );
      const now = clock.now();
      const secret = makeSecret(randomBytes);
      const secrets = [{ value: secret }];
      const endpoint = { id: newId(), ...facts, secrets, createdAt: now, updatedAt: now };
      await store.insertEndpoint(endpoint);
      await book.changed();
      return { endpoint, secret };
    },

    change(id, { enabled, ...change }) {
      const disabled = { at: clock.now(), reason: 'operator' } as const;
      if (enabled === undefined) return write(id, change);
      return write(id, { ...change, ...(enabled ? { disabled: null, failingSince: null } : { disabled }) });
    },

    async remove(id) {
      if (!(await store.removeEndpoint(id))) existing(undefined, 'webhook endpoint');
      await book.changed();
    },

    async rotateSecret(id) {
      const { secrets } = await findIn(store, id);
      const secret = makeSecret(randomBytes);
      return { endpoint: await write(id, { secrets: rotated(secrets, secret, clock.now()) }), secret };
    },
  };
}

function deliveryDesk(parts: DeskParts): Pick<WebhookDesk, 'ping' | 'deliveries' | 'redeliver'> {
  const { store, queue, clock, newId, logger } = parts;
  const record = createRecording(parts);

  async function enabledEndpoint(id: string): Promise<void> {
    if ((await findIn(store, id)).disabled)
      throw new TerminalError('conflict', 'The endpoint is disabled; enable it first.');
  }

  return {
    async ping(id) {
      await enabledEndpoint(id);
      const ref = { endpointId: id, eventId: `ping.${newId()}` };
      const delivery = newDelivery({ ...ref, type: PING_TYPE }, clock.now());
      await record([delivery]);
      return delivery;
    },

    async deliveries(id, page) {
      await findIn(store, id);
      return store.listDeliveries(id, page);
    },

    async redeliver(ref) {
      await enabledEndpoint(ref.endpointId);
      const now = clock.now();
      const delivery = existing(await store.renew(ref, now, expiryOf(now)), 'delivery');
      await enqueue(queue, [delivery], logger);
      return delivery;
    },
  };
}
