/** What requests about webhook endpoints may hold, and what they are answered. A message here is the code of the fault. */
import { z } from 'zod';
import { isPublicUrl } from '../platform/public-address.ts';
import type { WebhookDelivery, WebhookEndpoint } from '../ports/webhooks.ts';
import { counted, id, text } from './schemas.ts';

const URL_MAX = 2_048;
const FILTERS_MAX = 50;

/** Credentials would stand in answers; what the address leads to is checked again whenever it is called. */
function isAllowed(url: URL, allowPrivate: boolean): boolean {
  if (url.hash !== '' || url.username !== '' || url.password !== '') return false;
  return allowPrivate ? /^https?:$/.test(url.protocol) : isPublicUrl(url);
}

/** One way of writing it, so that what is checked is what is called. */
const address = (allowPrivate: boolean) =>
  z
    .string()
    .min(1)
    .max(URL_MAX)
    .refine((given) => URL.canParse(given) && isAllowed(new URL(given), allowPrivate), 'endpoint_refused')
    .transform((given) => new URL(given).href);

const event = z
  .string()
  .max(64)
  .regex(/^(\*|[a-zA-Z]+(\.[a-zA-Z]+)*(\.\*)?)$/, 'invalid')
  .meta({
    description: 'A type of transitions, `payment.captured`; those that begin so, `payment.*`; or all, `*`.',
  });
const events = z.array(event).min(1).max(FILTERS_MAX);
const states = z
  .array(z.string().regex(/^[a-zA-Z.+]{1,64}$/, 'invalid'))
  .max(FILTERS_MAX)
  .meta({ description: 'Only transitions into one of these states; into any when empty.' });
const description = text(200);

/** The body of a new endpoint. @param allowPrivate for tests: takes any address by HTTP */
export const endpointBody = (allowPrivate: boolean) =>
  z
    .strictObject({
      url: address(allowPrivate),
      description: description.exactOptional(),
      events: events.default(['*']),
      states: states.default([]),
    })
    .meta({ id: 'NewWebhookEndpoint' });

/** The body of a change. @param allowPrivate for tests: takes any address by HTTP */
export const endpointChangeBody = (allowPrivate: boolean) =>
  z
    .strictObject({
      url: address(allowPrivate).exactOptional(),
      description: description.nullable().exactOptional(),
      events: events.exactOptional(),
      states: states.exactOptional(),
      enabled: z.boolean().exactOptional(),
    })
    .refine((change) => Object.keys(change).length > 0, 'nothing_to_change');

const eventId = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[A-Za-z0-9_.-]+$/, 'invalid');

export const deliveryParams = z.strictObject({ id, eventId });

const status = z.enum(['pending', 'delivered', 'failed']);

export const deliveriesQuery = z.strictObject({
  limit: counted(1, 100, 50),
  after: eventId.exactOptional(),
  status: status.exactOptional(),
});

const time = z.iso.datetime();

const endpointView = z
  .strictObject({
    id: z.string(),
    url: z.string(),
    description: z.string().exactOptional(),
    events: z.array(z.string()),
    states: z.array(z.string()),
    enabled: z.boolean(),
    disabled: z
      .strictObject({ at: time, reason: z.enum(['gone', 'failing', 'operator']) })
      .exactOptional()
      .meta({ description: '`gone`: it answered 410; `failing`: for five days it took nothing.' }),
    failingSince: time.exactOptional(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'WebhookEndpoint' });

export const endpointAnswer = z.strictObject({ endpoint: endpointView });
export const endpointsAnswer = z.strictObject({ items: z.array(endpointView) });

/** The only answer that holds a secret. */
export const secretAnswer = z.strictObject({
  endpoint: endpointView,
  secret: z.string().meta({ description: 'Signs what it is sent; shown this once.' }),
});

const deliveryView = z
  .strictObject({
    eventId: z.string().meta({ description: "The CloudEvent's id, and the header `webhook-id`." }),
    type: z.string(),
    orderId: z.string().exactOptional(),
    seq: z.int().exactOptional(),
    status,
    attempts: z.int(),
    dueAt: time.exactOptional().meta({ description: 'When it is tried next.' }),
    log: z.array(
      z.strictObject({
        at: time,
        durationMs: z.number(),
        status: z.int().exactOptional(),
        error: z.string().exactOptional(),
      }),
    ),
    createdAt: time,
    expiresAt: time,
  })
  .meta({ id: 'WebhookDelivery' });

export const deliveryAnswer = z.strictObject({ delivery: deliveryView });
export const deliveriesAnswer = z.strictObject({
  items: z.array(deliveryView),
  next: z.string().nullable().meta({ description: 'The `after` of the next page; null on the last one.' }),
});

/** An endpoint without its secrets. */
export function viewEndpoint(endpoint: WebhookEndpoint): z.output<typeof endpointView> {
  const { id, url, description, events, states, disabled, failingSince, createdAt, updatedAt } = endpoint;
  return {
    id,
    url,
    ...(description !== undefined && { description }),
    events,
    states,
    enabled: disabled === undefined,
    ...(disabled && { disabled: { at: disabled.at.toISOString(), reason: disabled.reason } }),
    ...(failingSince && { failingSince: failingSince.toISOString() }),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** A delivery as its endpoint's log tells it. */
export function viewDelivery(delivery: WebhookDelivery): z.output<typeof deliveryView> {
  const { eventId, type, transition, status, attempts, dueAt, log, createdAt, expiresAt } = delivery;
  return {
    eventId,
    type,
    ...transition,
    status,
    attempts,
    ...(dueAt && { dueAt: dueAt.toISOString() }),
    log: log.map(({ at, ...attempt }) => ({ at: at.toISOString(), ...attempt })),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}
