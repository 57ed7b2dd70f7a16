/** Reads what Stripe posts: signed events of PaymentIntents, made facts about the orders that they were charged for. */
import Stripe from 'stripe';
import { z } from 'zod';
import type { OrderFact, Reason } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { WebhookReader } from '../ports/provider-events.ts';
import { fromStripeAmount } from './stripe-amounts.ts';
import { declineReason } from './stripe-reasons.ts';

/** How old an event may be; Stripe signs each delivery anew, so that only a replayed one gets older. */
const TOLERANCE_S = 300;

const anyEvent = z.object({ id: z.string().min(1), type: z.string() });

/** What this adapter reads of an event; the account's other fields come in the endpoint's own API version. */
const intentEvent = z.object({
  type: z.enum(['payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.canceled']),
  data: z.object({
    object: z.object({
      id: z.string().min(1),
      currency: z.string(),
      amount_received: z.int().nonnegative(),
      metadata: z.record(z.string(), z.string()),
      last_payment_error: z
        .object({
          code: z.string().optional(),
          decline_code: z.string().nullish(),
          message: z.string().optional(),
        })
        .nullish(),
    }),
  }),
});

type IntentEvent = z.output<typeof intentEvent>;

const CANCELLED: Reason = { code: 'payment_canceled', detail: 'The payment was cancelled.' };

function toFact({ type, data: { object: intent } }: IntentEvent, chargeKey: string): OrderFact {
  if (type === 'payment_intent.succeeded') {
    const amountMinor = fromStripeAmount(intent.amount_received, intent.currency);
    return { type: 'payment.settled', chargeKey, paymentId: intent.id, amountMinor };
  }
  const cancelled = type === 'payment_intent.canceled' && !intent.last_payment_error;
  const reason = cancelled ? CANCELLED : declineReason(intent.last_payment_error);
  return { type: 'payment.failed', chargeKey, reason };
}

/** The event, if its signature is Stripe's and new enough. */
function openEvent(rawBody: Buffer, signature: string | undefined, secret: string, clock: Clock): unknown {
  try {
    return Stripe.webhooks.constructEvent(
      rawBody,
      signature ?? '',
      secret,
      TOLERANCE_S,
      undefined,
      clock.now().getTime(),
    );
  } catch (error) {
    // The library's messages quote the body; ours do not.
    if (error instanceof Stripe.errors.StripeSignatureVerificationError)
      throw new TerminalError(
        'unauthenticated',
        `The Stripe-Signature is not Stripe's, or older than ${TOLERANCE_S} s: check STRIPE_WEBHOOK_SECRET.`,
      );
    throw new TerminalError('invalid-request', 'The signed body is not an event of Stripe.');
  }
}

function read<T>(schema: z.ZodType<T>, event: unknown): T {
  const parsed = schema.safeParse(event);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TerminalError(
    'invalid-request',
    `The signed event is not what Stripe documents: ${issue?.path.join('.')}: ${issue?.message}.`,
  );
}

/** The reader of that endpoint's events; `secret` is the endpoint's signing secret (`whsec_...`). */
export function createStripeWebhooks({ secret, clock }: { secret: string; clock: Clock }): WebhookReader {
  const types: readonly string[] = intentEvent.shape.type.options;
  return {
    read(headers, rawBody) {
      const event = openEvent(rawBody, headers['stripe-signature'], secret, clock);
      const { id: eventId, type } = read(anyEvent, event);
      if (!types.includes(type)) return [];
      const intent = read(intentEvent, event);
      const { orderId, chargeKey } = intent.data.object.metadata;
      // Others may use the same Stripe account.
      if (!orderId || !chargeKey) return [];
      return [{ eventId, orderId, fact: toFact(intent, chargeKey) }];
    },
  };
}
