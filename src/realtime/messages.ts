/** What travels between the server and its clients. */
import { z } from 'zod';
import type { Role } from '../machines/order-types.ts';
import type { OrderView, TransitionView } from '../machines/order-view.ts';
import type { ErrorCode } from '../platform/errors.ts';
import { cursorText } from './cursor.ts';

const orderId = z.string().min(1).max(100);
const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected letters, digits, - and _');

/** The payload of `order.subscribe`; `afterSeq` is the last seq that the client has seen. */
export const subscribeSchema = z.strictObject({
  orderId,
  afterSeq: z.int().min(0).default(0),
});

/** The payload of `order.unsubscribe`. */
export const unsubscribeSchema = z.strictObject({ orderId });

const filter = z
  .strictObject({
    customerId: id.exactOptional(),
    state: z
      .string()
      .regex(/^[A-Za-z][A-Za-z.+]{0,63}$/, 'expected the name of a state')
      .exactOptional(),
  })
  .default({});

/** The payload of `orders.subscribe`; `id` is the client's own word for it, repeated in `orders.missed`. */
export const listSubscribeSchema = z.strictObject({ id, filter, cursor: cursorText.exactOptional() });

/** The payload of `orders.unsubscribe`. */
export const listUnsubscribeSchema = z.strictObject({ filter });

/** The payload of `auth.renew`. */
export const renewSchema = z.strictObject({ token: z.string().min(1) });

/** The payload of an event that needs none. */
export const nothingSchema = z.strictObject({}).default({});

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

/** A refusal with that code. */
export const refuse = (code: ErrorCode, detail: string): Refusal => ({ ok: false, error: { code, detail } });

/** An answer: yes, with what was asked for; or no, with why. */
export type Reply<T> = ({ ok: true } & T) | Refusal;

/** The answer to `order.subscribe`: the view, what it was told by, and every transition after `afterSeq`. */
export type SubscribeReply = Reply<{
  order: OrderView;
  /** The version of the machine that this order runs on. */
  machineVersion: string;
  /** The viewer's. */
  role: Role;
  transitions: TransitionView[];
}>;

/** The answer to `orders.subscribe`: the cursor, and without one asked for, the newest orders as they stand. */
export type ListSubscribeReply = Reply<{ cursor: string; orders?: OrderView[] }>;

/** The jobs of each queue, by their state. */
export type QueueCounts = Record<string, Record<string, number>>;

/** A transition as lists tell it. */
export interface ListTransition extends TransitionView {
  customerId: string;
}

type Received = (...received: unknown[]) => void;

/** What clients may send; whatever they do send arrives unchecked. */
export interface ClientEvents {
  'order.subscribe': Received;
  'order.unsubscribe': Received;
  'orders.subscribe': Received;
  'orders.unsubscribe': Received;
  'queues.subscribe': Received;
  'queues.unsubscribe': Received;
  'auth.renew': Received;
}

/** What the server sends; after `feed.error` it mostly hangs up. */
export interface ServerEvents {
  'order.transition': (transition: TransitionView) => void;
  /** What a list's subscriber missed, before the answer to that subscription. */
  'orders.missed': (missed: { id: string; transitions: ListTransition[]; cursor: string }) => void;
  /** Once a socket, however many of its lists it belongs to. */
  'orders.transition': (transition: ListTransition) => void;
  /** Where to resume the lists; what came until then is behind it. */
  'orders.cursor': (cursor: string) => void;
  'queues.counts': (queues: QueueCounts) => void;
  'auth.expiring': (ending: { expiresAt: string }) => void;
  'feed.error': (error: FeedError) => void;
}
