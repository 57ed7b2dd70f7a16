/** AsyncAPI 3 of the live feed, from the very schemas that validate. Pure. */
import { z } from 'zod';
import { createSchemaBook, type JsonSchema } from '../platform/json-schema.ts';
import { orderView, transitionView } from '../ports/order-views.ts';
import {
  type ClientEvents,
  listSubscribeSchema,
  listUnsubscribeSchema,
  nothingSchema,
  renewSchema,
  type ServerEvents,
  subscribeSchema,
  unsubscribeSchema,
} from './messages.ts';

const DESCRIPTION = `Orders as they move, by Socket.IO under \`/socket.io\`. The handshake shows an access token as \
\`auth: { token }\`. Every event has one argument, the payload; those of clients are acknowledged with the reply.

Each order's transitions carry \`seq\` 1..n without a gap: whoever subscribes with the last \`seq\` seen misses none.`;

const feedError = z.strictObject({ code: z.string(), detail: z.string() }).meta({ id: 'FeedError' });

const refusal = z.strictObject({ ok: z.literal(false), error: feedError }).meta({ id: 'Refusal' });

const done = z.strictObject({ ok: z.literal(true) });

/** By queue, then by state. */
const queueCounts = z.record(z.string(), z.record(z.string(), z.int()));

const listTransition = transitionView.extend({ customerId: z.string() }).meta({ id: 'ListTransition' });

/** What an event of a client's takes, and what it is acknowledged with when it is not refused. */
interface ClientEvent {
  summary: string;
  payload: z.ZodType;
  reply: z.ZodType;
}

const CLIENT_EVENTS: Readonly<Record<keyof ClientEvents, ClientEvent>> = {
  'order.subscribe': {
    summary: 'Watch an order; `afterSeq` is the last seq that was seen.',
    payload: subscribeSchema,
    reply: z.strictObject({
      ok: z.literal(true),
      order: orderView,
      machineVersion: z.string(),
      role: z.enum(['customer', 'operator', 'admin']),
      transitions: z.array(transitionView),
    }),
  },
  'order.unsubscribe': {
    summary: 'Watch an order no longer.',
    payload: unsubscribeSchema,
    reply: done,
  },
  'orders.subscribe': {
    summary: "Watch one's own orders, or for operators everybody's; a cursor resumes.",
    payload: listSubscribeSchema,
    reply: z.strictObject({
      ok: z.literal(true),
      cursor: z.string(),
      orders: z.array(orderView).exactOptional(),
    }),
  },
  'orders.unsubscribe': {
    summary: 'Watch those orders no longer.',
    payload: listUnsubscribeSchema,
    reply: done,
  },
  'queues.subscribe': {
    summary: "Operators: watch the queues' counters.",
    payload: nothingSchema,
    reply: z.strictObject({ ok: z.literal(true), queues: queueCounts }),
  },
  'queues.unsubscribe': { summary: 'Watch the queues no longer.', payload: nothingSchema, reply: done },
  'auth.renew': {
    summary: 'Show a new token of the same user, before the old one expires.',
    payload: renewSchema,
    reply: z.strictObject({ ok: z.literal(true), expiresAt: z.iso.datetime() }),
  },
};

const SERVER_EVENTS: Readonly<Record<keyof ServerEvents, { summary: string; payload: z.ZodType }>> = {
  'order.transition': { summary: 'An order that is watched has moved.', payload: transitionView },
  'orders.missed': {
    summary: "What a list's subscriber missed, before the answer to that subscription.",
    payload: z.strictObject({
      id: z.string(),
      transitions: z.array(listTransition),
      cursor: z.string(),
    }),
  },
  'orders.transition': { summary: 'An order of a list that is watched has moved.', payload: listTransition },
  'orders.cursor': {
    summary: 'Where to resume the lists: what came until then is behind it.',
    payload: z.string(),
  },
  'queues.counts': {
    summary: 'The jobs of each queue, by their state.',
    payload: queueCounts,
  },
  'auth.expiring': {
    summary: 'The token ends then, unless it is renewed.',
    payload: z.strictObject({ expiresAt: z.iso.datetime() }),
  },
  'feed.error': { summary: 'What went wrong; mostly the server then hangs up.', payload: feedError },
};

const channel = { $ref: '#/channels/feed' };
const messageOf = (name: string) => ({ $ref: `#/channels/feed/messages/${name}` });
/** Names in the document may hold no dots. */
const keyOf = (event: string) => event.replaceAll('.', '-');

/** The document. */
export function describeFeed(version: string): JsonSchema {
  const book = createSchemaBook();
  const messages: Record<string, JsonSchema> = {};
  const operations: Record<string, JsonSchema> = {};
  for (const [name, { summary, payload, reply }] of Object.entries(CLIENT_EVENTS)) {
    const key = keyOf(name);
    messages[key] = { name, summary, payload: book.write(payload, 'input') };
    messages[`${key}-reply`] = {
      name: `${name}, acknowledged`,
      payload: book.write(z.union([reply, refusal]), 'output'),
    };
    operations[key] = {
      action: 'receive',
      channel,
      summary,
      messages: [messageOf(key)],
      reply: { channel, messages: [messageOf(`${key}-reply`)] },
    };
  }
  for (const [name, { summary, payload }] of Object.entries(SERVER_EVENTS)) {
    const key = keyOf(name);
    messages[key] = { name, summary, payload: book.write(payload, 'output') };
    operations[key] = { action: 'send', channel, summary, messages: [messageOf(key)] };
  }
  return {
    asyncapi: '3.0.0',
    info: { title: 'Ordo: the live feed', version, description: DESCRIPTION, license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    channels: { feed: { address: '/socket.io', messages } },
    operations,
    components: { schemas: book.named },
  };
}
