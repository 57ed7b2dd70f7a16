/** The endpoints as this process knows them: asked at every transition, so they stand in memory. */
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Channel } from '../platform/redis-channel.ts';
import type { WebhookEndpoint, WebhookStore } from '../ports/webhooks.ts';

/** How long a change may go unnoticed when Redis does not tell of it. */
const REFRESH_MS = 5_000;

/** The endpoints, a moment old at most while Redis is there, five seconds without it. */
export interface EndpointBook {
  /** Those that are told of transitions. */
  enabled(): readonly WebhookEndpoint[];
  /** Undefined when there is none, or it is not known yet. */
  find(id: string): WebhookEndpoint | undefined;
  /** Reads them anew here, and has every other process do so. */
  changed(): Promise<void>;
  close(): void;
}

/** Opens the book; resolves when it is read. @throws what reading throws */
export async function openEndpointBook({
  store,
  channel,
  clock,
  logger,
}: {
  store: Pick<WebhookStore, 'listEndpoints'>;
  channel: Channel;
  clock: Clock;
  logger: Logger;
}): Promise<EndpointBook> {
  let known = new Map<string, WebhookEndpoint>();
  let enabled: readonly WebhookEndpoint[] = [];
  let reading: Promise<void> = Promise.resolve();
  let cancel = () => {};
  let closed = false;

  /** One after the other, so that an older answer never replaces a newer one. */
  const read = (): Promise<void> => {
    const result = reading.then(async () => {
      const endpoints = await store.listEndpoints();
      known = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
      enabled = endpoints.filter(({ disabled }) => disabled === undefined);
    });
    reading = result.catch(() => undefined);
    return result;
  };
  const readOrWarn = () =>
    read().catch((error) => logger.warn({ error: messageOf(error) }, 'webhook endpoints cannot be read'));
  const schedule = () => {
    if (closed) return;
    cancel = clock.after(REFRESH_MS, () => void readOrWarn().finally(schedule));
  };

  await read();
  channel.onMessage(() => void readOrWarn());
  channel.onListening(() => void readOrWarn());
  schedule();
  return {
    enabled: () => enabled,
    find: (id) => known.get(id),
    async changed() {
      await read();
      await channel.publish('changed').catch((error) => {
        logger.debug({ error: messageOf(error) }, 'a change of webhook endpoints is told by time alone');
      });
    },
    close() {
      closed = true;
      cancel();
      channel.close();
    },
  };
}
