/** The desk of webhooks over a store in memory; nothing is ever sent. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/platform/clock.ts';
import type { Logger } from '../../../src/platform/logger.ts';
import type {
  DeliveryRef,
  EndpointChange,
  WebhookDelivery,
  WebhookDesk,
  WebhookEndpoint,
  WebhookStore,
} from '../../../src/ports/webhooks.ts';
import { createWebhookDesk } from '../../../src/webhooks/desk.ts';

const keyOf = ({ endpointId, eventId }: DeliveryRef) => `${endpointId}.${eventId}`;

/** Endpoints as they are changed in memory. */
function changedEndpoint(endpoint: WebhookEndpoint, change: EndpointChange): WebhookEndpoint {
  const entries = Object.entries({ ...endpoint, ...change }).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as unknown as WebhookEndpoint;
}

function createFakeStore(): WebhookStore {
  const endpoints = new Map<string, WebhookEndpoint>();
  const deliveries = new Map<string, WebhookDelivery>();
  const nobody = async () => {
    throw new Error('Nothing is sent here.');
  };
  return {
    listEndpoints: async () => [...endpoints.values()],
    insertEndpoint: async (endpoint) => void endpoints.set(endpoint.id, endpoint),
    async changeEndpoint(id, change) {
      const endpoint = endpoints.get(id);
      if (endpoint) endpoints.set(id, changedEndpoint(endpoint, change));
      return endpoints.get(id);
    },
    removeEndpoint: async (id) => endpoints.delete(id),
    async insertDeliveries(given) {
      for (const delivery of given) deliveries.set(keyOf(delivery), delivery);
    },
    claim: nobody,
    settle: nobody,
    due: nobody,
    async renew(ref, now, expiresAt) {
      const delivery = deliveries.get(keyOf(ref));
      return delivery && { ...delivery, dueAt: now, expiresAt };
    },
    async listDeliveries(endpointId, { limit }) {
      const own = [...deliveries.values()].filter((delivery) => delivery.endpointId === endpointId);
      return own.toReversed().slice(0, limit);
    },
  };
}

/** A desk of its own store. */
export function createFakeWebhooks(parts: {
  clock: Clock;
  newId: () => string;
  logger: Logger;
}): WebhookDesk {
  return createWebhookDesk({
    ...parts,
    store: createFakeStore(),
    book: { changed: async () => {} },
    queue: { add: async () => {} },
    randomBytes,
  });
}
