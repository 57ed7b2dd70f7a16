/** One connected socket: what it may ask for, how often, and its end. */
import type { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import { type AuthenticationOptions, type ViewerSocket, viewerOf } from './authenticate.ts';
import { createBacklog } from './backlog.ts';
import type { Connection } from './connections.ts';
import { createRateLimit, type Limits, limitsFor } from './limits.ts';
import { LISTS_ROOM, type ListParts, listFor, subscribeToList } from './list-subscriptions.ts';
import type { LiveFeed } from './live-orders.ts';
import {
  type ClientEvents,
  listSubscribeSchema,
  listUnsubscribeSchema,
  nothingSchema,
  type QueueCounts,
  type Refusal,
  type Reply,
  refuse,
  renewSchema,
  subscribeSchema,
  unsubscribeSchema,
} from './messages.ts';
import { roomOf } from './order-lists.ts';
import { orderRoom, subscribeToOrder } from './order-subscriptions.ts';

/** The room of those who watch the queues' counters. */
export const QUEUES_ROOM = 'queues';

/** What a session needs. */
export interface FeedSessionParts extends Omit<ListParts, 'drained'>, Pick<AuthenticationOptions, 'verify'> {
  live: LiveFeed;
  countQueues: () => Promise<QueueCounts>;
  connectionsPerUser: number;
  clock: Clock;
}

type Answer = (answer: Refusal | { ok: true; [field: string]: unknown }) => void;
type Serve<T> = (payload: T, reply: Answer) => Promise<void> | void;

function faultsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`).join('; ');
}

/** Refuses what comes too often, whatever it is, and hangs up on a flood. */
function limitRate(socket: ViewerSocket, clock: Clock, { eventsPerSecond }: Limits): void {
  const mayCome = createRateLimit(clock, eventsPerSecond);
  socket.use((packet, next) => {
    const verdict = mayCome();
    if (verdict === 'serve') return next();
    if (verdict === 'hang-up') return void socket.conn.close(true);
    const refusal = refuse('too-many-requests', `At most ${eventsPerSecond} events a second; slow down.`);
    const acknowledge: unknown = packet.at(-1);
    if (typeof acknowledge === 'function') acknowledge(refusal);
    else socket.emit('feed.error', refusal.error);
  });
}

/** Counts the connection until it ends, and ends it with its token or the user's rights. */
function enter(socket: ViewerSocket, { live, verify, clock }: FeedSessionParts): Connection {
  const connection = live.connections.admit(socket.data.viewer, {
    expiring: (at) => socket.emit('auth.expiring', { expiresAt: at.toISOString() }),
    end(error) {
      socket.emit('feed.error', error);
      socket.disconnect(true);
    },
    async isGood() {
      const viewer = await viewerOf(socket.data.token, { verify, clock });
      return !('code' in viewer) || viewer.code !== 'unauthenticated';
    },
  });
  socket.on('disconnect', connection.leave);
  return connection;
}

/** Takes a new token of the same user and role; what is subscribed goes on. */
async function renew(
  socket: ViewerSocket,
  connection: Connection,
  token: string,
  parts: FeedSessionParts,
): Promise<Reply<{ expiresAt: string }>> {
  const viewer = await viewerOf(token, parts);
  if ('code' in viewer) return { ok: false, error: viewer };
  const { userId, role } = socket.data.viewer;
  if (viewer.userId !== userId || viewer.role !== role)
    return refuse('forbidden', 'The token is of another user or role; connect anew with it.');
  socket.data = { viewer, token };
  connection.renew(viewer.expiresAt);
  return { ok: true, expiresAt: viewer.expiresAt.toISOString() };
}

/** Serves that socket until it disconnects. */
export function startFeedSession(socket: ViewerSocket, parts: FeedSessionParts): void {
  const { live, logger } = parts;
  const limits = limitsFor(socket.data.viewer.role, parts.connectionsPerUser);
  const { drained } = createBacklog(socket, logger);
  limitRate(socket, parts.clock, limits);
  const connection = enter(socket, parts);

  /** Takes the event apart: a payload, and the callback that acknowledges it. */
  function on<T>(event: keyof ClientEvents, schema: z.ZodType<T>, serve: Serve<T>): void {
    socket.on(event, (...received: unknown[]) => {
      const acknowledge = received.at(-1);
      if (typeof acknowledge !== 'function') {
        const detail = 'Expected an acknowledgement callback as the last argument.';
        return void socket.emit('feed.error', { code: 'invalid-request', detail });
      }
      const reply: Answer = (answer) => acknowledge(answer);
      const parsed = schema.safeParse(received.length > 1 ? received[0] : undefined);
      if (!parsed.success) return reply(refuse('invalid-request', faultsOf(parsed.error)));
      Promise.resolve(serve(parsed.data, reply)).catch((error: unknown) => {
        logger.error({ event, error: messageOf(error) }, 'an event of the feed failed');
        reply(refuse('internal', 'Something failed on our side; it has been logged.'));
      });
    });
  }

  /** Why the socket cannot enter one more room; each socket is in one of its own. */
  function isFull(room: string): Refusal | undefined {
    const limit = limits.subscriptionsPerSocket;
    if (socket.rooms.has(room) || socket.rooms.size <= limit) return undefined;
    return refuse(
      'too-many-requests',
      `At most ${limit} subscriptions a socket; unsubscribe from some first.`,
    );
  }

  on('order.subscribe', subscribeSchema, (asked, reply) => {
    const refusal = isFull(orderRoom(asked.orderId));
    return refusal ? reply(refusal) : subscribeToOrder(socket, asked, { ...live, logger }, reply);
  });
  on('order.unsubscribe', unsubscribeSchema, ({ orderId }, reply) => {
    socket.leave(orderRoom(orderId));
    reply({ ok: true });
  });
  on('orders.subscribe', listSubscribeSchema, (asked, reply) => {
    const list = listFor(socket.data.viewer, asked.filter);
    if ('ok' in list) return reply(list);
    const refusal = isFull(roomOf(list));
    return refusal
      ? reply(refusal)
      : subscribeToList(socket, { ...asked, filter: list }, { ...parts, drained }, reply);
  });
  on('orders.unsubscribe', listUnsubscribeSchema, ({ filter }, reply) => {
    const list = listFor(socket.data.viewer, filter);
    if ('ok' in list) return reply(list);
    socket.leave(roomOf(list));
    if (![...socket.rooms].some((room) => room.startsWith(`${LISTS_ROOM}/`))) socket.leave(LISTS_ROOM);
    reply({ ok: true });
  });
  on('queues.subscribe', nothingSchema, async (_nothing, reply) => {
    if (socket.data.viewer.role === 'customer')
      return reply(refuse('forbidden', 'Only operators may watch the queues.'));
    const queues = await parts.countQueues();
    reply({ ok: true, queues });
    socket.join(QUEUES_ROOM);
  });
  on('queues.unsubscribe', nothingSchema, (_nothing, reply) => {
    socket.leave(QUEUES_ROOM);
    reply({ ok: true });
  });
  on('auth.renew', renewSchema, async ({ token }, reply) =>
    reply(await renew(socket, connection, token, parts)),
  );
}
