/** Reads the sandbox's webhooks: Standard Webhooks signatures, and events made facts about orders. */
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { z } from 'zod';
import type { OrderFact } from '../machines/order-types.ts';
import { messageOf, TerminalError } from '../platform/errors.ts';
import type { WebhookReader } from '../ports/provider-events.ts';

const payment = { orderId: z.string(), chargeKey: z.string() };
const parcel = z.object({ orderId: z.string(), trackingNumber: z.string() });
const event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('payment.settled'),
    data: z.object({ ...payment, paymentId: z.string(), amountMinor: z.number().int().positive() }),
  }),
  z.object({
    type: z.literal('payment.failed'),
    data: z.object({ ...payment, reason: z.object({ code: z.string(), detail: z.string() }) }),
  }),
  z.object({ type: z.literal('parcel.pickedUp'), data: parcel }),
  z.object({ type: z.literal('parcel.inTransit'), data: parcel }),
  z.object({ type: z.literal('parcel.delivered'), data: parcel }),
  z.object({ type: z.literal('parcel.lost'), data: parcel }),
]);

type SandboxEvent = z.output<typeof event>;

const KNOWN: ReadonlySet<unknown> = new Set(event.options.map(({ shape }) => shape.type.value));

const STATUSES = {
  'parcel.pickedUp': 'pickedUp',
  'parcel.inTransit': 'inTransit',
  'parcel.delivered': 'delivered',
  'parcel.lost': 'lost',
} as const;

function factOf({ type, data }: SandboxEvent): OrderFact {
  if (type === 'payment.settled') {
    const { chargeKey, paymentId, amountMinor } = data;
    return { type, chargeKey, paymentId, amountMinor };
  }
  if (type === 'payment.failed') return { type, chargeKey: data.chargeKey, reason: data.reason };
  return { type: 'shipment.tracked', trackingNumber: data.trackingNumber, status: STATUSES[type] };
}

/**
 * The reader for that secret, `whsec_` and base64. Signatures are good for five minutes by this machine's clock:
 * the library of Standard Webhooks takes no other.
 */
export function createSandboxWebhookReader(secret: string): WebhookReader {
  const webhook = new Webhook(secret);

  function verified(headers: Readonly<Record<string, string | undefined>>, rawBody: Buffer): unknown {
    const given = Object.entries(headers).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    try {
      return webhook.verify(rawBody, Object.fromEntries(given));
    } catch (cause) {
      if (cause instanceof WebhookVerificationError)
        throw new TerminalError('unauthenticated', `The webhook was not taken: ${cause.message}.`, { cause });
      throw new TerminalError('invalid-request', `Expected a JSON object: ${messageOf(cause)}`, { cause });
    }
  }

  return {
    read(headers, rawBody) {
      const payload = verified(headers, rawBody);
      const isKnown =
        typeof payload === 'object' && payload !== null && 'type' in payload && KNOWN.has(payload.type);
      if (!isKnown) return [];
      const parsed = event.safeParse(payload);
      if (!parsed.success)
        throw new TerminalError(
          'invalid-request',
          `Expected an event of the sandbox: ${parsed.error.message}`,
        );
      const eventId = headers['webhook-id'] ?? '';
      return [{ eventId, orderId: parsed.data.data.orderId, fact: factOf(parsed.data) }];
    },
  };
}
