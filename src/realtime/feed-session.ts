/** One connected socket: its subscriptions, its limits, its end. */
import type { z } from 'zod';
import { type OrderRecord, viewOrder } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Viewer, ViewerSocket } from './authenticate.ts';
import { createRateLimit, limitsFor, MAX_BACKLOG_PACKETS } from './limits.ts';
import {
  type FeedError,
  type Refusal,
  type SubscribeReply,
  subscribeSchema,
  type UnsubscribeReply,
  unsubscribeSchema,
} from './messages.ts';
import { type Subscription, transitionsAfter } from './subscription.ts';
import type { SubscriptionHub } from './subscription-hub.ts';

/** The longest delay that a timer takes: about 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What a session needs. */
export interface FeedSessionOptions {
  hub: SubscriptionHub;
  /** The order as committed; undefined when there is none. */
  read: (orderId: string) => Promise<OrderRecord | undefined>;
  clock: Clock;
  logger: Logger;
}

const refuse = (code: FeedError['code'], detail: string): Refusal => ({ ok: false, error: { code, detail } });

function mayWatch(viewer: Viewer, record: OrderRecord): boolean {
  return viewer.role !== 'customer' || record.input.customerId === viewer.userId;
}

function parse<T>(schema: z.ZodType<T>, payload: unknown): { value: T } | Refusal {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return { value: parsed.data };
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`);
  return refuse('invalid-request', faults.join('; '));
}

/** Sends for as long as the client reads; hangs up on one that does not: nobody's memory is without end. */
function createDelivery(socket: ViewerSocket, logger: Logger): (send: () => void) => void {
  let backlog = 0;
  socket.conn.on('drain', () => {
    backlog = 0;
  });
  return (send) => {
    backlog++;
    if (backlog <= MAX_BACKLOG_PACKETS) return send();
    if (!socket.connected) return;
    logger.warn({ userId: socket.data.viewer.userId, backlog }, 'a client reads too slowly; hanging up');
    socket.conn.close(true);
  };
}

/** Ends the socket when its token does; returns what cancels that. */
function endWithToken(socket: ViewerSocket, clock: Clock): () => void {
  const leftMs = socket.data.viewer.expiresAt.getTime() - clock.now().getTime();
  return clock.after(Math.min(leftMs, MAX_TIMER_MS), () => {
    const detail = 'The access token has expired; log in again and resume with afterSeq.';
    socket.emit('feed.error', { code: 'unauthenticated', detail });
    socket.disconnect(true);
  });
}

/** Serves that socket until it disconnects. */
export function startFeedSession(
  socket: ViewerSocket,
  { hub, read, clock, logger }: FeedSessionOptions,
): void {
  const { viewer } = socket.data;
  const limits = limitsFor(viewer.role);
  const mayCome = createRateLimit(clock, limits.eventsPerSecond);
  const subscriptions = new Map<string, Subscription>();
  const deliver = createDelivery(socket, logger);
  const cancelExpiry = endWithToken(socket, clock);

  /** Registers first, reads then: no transition falls between. A subscription there is already is replaced. */
  function register(orderId: string): Subscription {
    subscriptions.get(orderId)?.close();
    const subscription = hub.add(orderId, {
      send: (transition) => deliver(() => socket.emit('order.transition', transition)),
      ended: () => subscriptions.get(orderId) === subscription && subscriptions.delete(orderId),
    });
    subscriptions.set(orderId, subscription);
    return subscription;
  }

  async function subscribe(payload: unknown, reply: (answer: SubscribeReply) => void): Promise<void> {
    const parsed = parse(subscribeSchema, payload);
    if ('ok' in parsed) return reply(parsed);
    const { orderId, afterSeq } = parsed.value;
    if (subscriptions.size >= limits.subscriptionsPerSocket && !subscriptions.has(orderId)) {
      const detail = `At most ${limits.subscriptionsPerSocket} subscriptions a socket; unsubscribe from some first.`;
      return reply(refuse('too-many-requests', detail));
    }
    const subscription = register(orderId);
    try {
      const record = await read(orderId);
      if (!record || !mayWatch(viewer, record)) {
        subscription.close();
        return reply(refuse('not-found', `There is no order ${orderId}.`));
      }
      const transitions = transitionsAfter(record, afterSeq);
      reply({ ok: true, order: viewOrder(record, viewer.role), transitions });
      if (record.status === 'done') subscription.close();
      else subscription.start(Math.max(record.seq, afterSeq));
    } catch (error) {
      logger.warn({ orderId, error: messageOf(error) }, 'a subscription failed');
      subscription.close();
      reply(refuse('unavailable', 'The order cannot be read at the moment; subscribe again in a while.'));
    }
  }

  function unsubscribe(payload: unknown, reply: (answer: UnsubscribeReply) => void): void {
    const parsed = parse(unsubscribeSchema, payload);
    if ('value' in parsed) subscriptions.get(parsed.value.orderId)?.close();
    reply('value' in parsed ? { ok: true } : parsed);
  }

  /** Takes the event apart: a payload, and the callback that acknowledges it. */
  function handle<TReply>(serve: (payload: unknown, reply: (answer: TReply | Refusal) => void) => void) {
    return (...received: unknown[]): void => {
      const isAllowed = mayCome();
      const acknowledge = received.at(-1);
      if (typeof acknowledge !== 'function') {
        const detail = 'Expected an acknowledgement callback as the last argument.';
        if (isAllowed) deliver(() => socket.emit('feed.error', { code: 'invalid-request', detail }));
        return;
      }
      const reply = (answer: TReply | Refusal) => deliver(() => acknowledge(answer));
      const detail = `At most ${limits.eventsPerSecond} events a second; slow down.`;
      if (isAllowed) serve(received[0], reply);
      else reply(refuse('too-many-requests', detail));
    };
  }

  socket.on('order.subscribe', handle<SubscribeReply>(subscribe));
  socket.on('order.unsubscribe', handle<UnsubscribeReply>(unsubscribe));
  socket.on('disconnect', () => {
    cancelExpiry();
    for (const subscription of [...subscriptions.values()]) subscription.close();
  });
}
