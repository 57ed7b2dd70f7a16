/** The door for what the outside world tells by itself: signed webhooks of the gateway and the carrier. */
import Router from '@koa/router';
import { TerminalError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import type { ProviderEvent, WebhookReader } from '../ports/provider-events.ts';
import type { Context, RequestState } from './context.ts';

/** What this door stands on. */
export interface WebhookParts {
  orders: Pick<OrderActors, 'report'>;
  /** By the provider's name, as it stands in the path. */
  readers: Readonly<Record<string, WebhookReader>>;
  logger: Logger;
}

const MAX_BODY_BYTES = 65_536;

/**
 * POST /webhooks/:provider under each of the prefixes. 204 when every fact in it is committed, or found to change
 * nothing; anything else makes the provider repeat it.
 */
export function createWebhookRouter(
  { orders, readers, logger }: WebhookParts,
  prefixes: string[],
): Router<RequestState> {
  const router = new Router<RequestState>();
  const paths = prefixes.map((prefix) => `${prefix}/webhooks/:provider`);

  async function report(provider: string, { eventId, orderId, fact }: ProviderEvent): Promise<void> {
    try {
      await orders.report(orderId, fact, { provider, eventId });
    } catch (error) {
      if (!(error instanceof TerminalError) || error.code !== 'not-found') throw error;
      // Repeating would not bring the order into being.
      logger.warn({ provider, eventId, orderId, fact: fact.type }, 'a webhook tells of an unknown order');
    }
  }

  router.post(paths, async (ctx) => {
    const provider: string = ctx.params.provider ?? '';
    const reader = Object.hasOwn(readers, provider) ? readers[provider] : undefined;
    if (reader === undefined)
      throw new TerminalError('not-found', `There is no provider ${JSON.stringify(provider)} here.`);
    const rawBody = await readRaw(ctx);
    for (const event of reader.read(headersOf(ctx), rawBody)) await report(provider, event);
    ctx.status = 204;
  });
  return router;
}

/** Byte for byte: the signature is over what was sent, not over what it means. */
async function readRaw(ctx: Context): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    length += chunk.length;
    // What is too much is let in and forgotten, so that the sender gets to read the answer.
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (length > MAX_BODY_BYTES)
    throw new TerminalError('body-too-large', `Expected at most ${MAX_BODY_BYTES} bytes, got ${length}.`);
  return Buffer.concat(chunks);
}

/** As Node has them: names in lower case; of the few that can repeat, the first. */
function headersOf({ req }: Context): Record<string, string | undefined> {
  const entries = Object.entries(req.headers).map(
    ([name, value]) => [name, Array.isArray(value) ? value[0] : value] as const,
  );
  return Object.fromEntries(entries);
}
