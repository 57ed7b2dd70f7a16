/** What travels: on the bus between instances, and between the server and its clients. */
import { z } from 'zod';
import type { OrderView, TransitionView } from '../machines/order-view.ts';
import type { ErrorCode } from '../platform/errors.ts';

const reasonSchema = z.object({
  code: z.string(),
  detail: z.string(),
  lines: z.array(z.object({ sku: z.string(), detail: z.string() })).exactOptional(),
});

const transitionSchema = z.object({
  orderId: z.string(),
  seq: z.int().min(1),
  at: z.iso.datetime(),
  type: z.string(),
  from: z.string(),
  to: z.string(),
  final: z.boolean(),
  by: z.string(),
  reason: reasonSchema.exactOptional(),
});

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: 'custom', message: 'expected JSON' });
    return z.NEVER;
  }
});

/** A message on the bus, as JSON text: which instance sent it, and its transitions. */
export const feedMessageSchema = json.pipe(
  z.object({
    from: z.string(),
    entries: z.array(z.object({ customerId: z.string(), transition: transitionSchema })),
  }),
);

const orderId = z.string().min(1).max(100);

/** The payload of `order.subscribe`; `afterSeq` is the last seq that the client has seen. */
export const subscribeSchema = z.strictObject({
  orderId,
  afterSeq: z.int().min(0).default(0),
});

/** The payload of `order.unsubscribe`. */
export const unsubscribeSchema = z.strictObject({ orderId });

/** An error as clients see it. */
export interface FeedError {
  code: ErrorCode;
  detail: string;
}

/** The answer to a refused event. */
export interface Refusal {
  ok: false;
  error: FeedError;
}

/** The answer to `order.subscribe`: the view, and every transition after `afterSeq`. */
export type SubscribeReply = { ok: true; order: OrderView; transitions: TransitionView[] } | Refusal;

/** The answer to `order.unsubscribe`. */
export type UnsubscribeReply = { ok: true } | Refusal;

/** What clients may send; whatever they do send arrives unchecked. */
export interface ClientEvents {
  'order.subscribe': (...received: unknown[]) => void;
  'order.unsubscribe': (...received: unknown[]) => void;
}

/** What the server sends; after `feed.error` it mostly hangs up. */
export interface ServerEvents {
  'order.transition': (transition: TransitionView) => void;
  'feed.error': (error: FeedError) => void;
}
