/** One connected socket: what it may ask for, how often, and its end. */
import type { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import { type AuthenticationOptions, type ViewerSocket, viewerOf } from './authenticate.ts';
import { type Backlog, createBacklog } from './backlog.ts';
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
export interface FeedSessionParts
  extends Omit<ListParts, 'drained' | 'now'>,
    Pick<AuthenticationOptions, 'verify'> {
  live: LiveFeed;
  countQueues: () => Promise<QueueCounts>;
  connectionsPerUser: number;
  clock: Clock;
}

type Answer = (answer: Refusal | { ok: true; [field: string]: unknown }) => void;

/** One connected socket, and what its events work on. */
interface Session {
  socket: ViewerSocket;
  connection: Connection;
  limits: Limits;
  backlog: Backlog;
  parts: FeedSessionParts;
}

/** An event: what its payload must be, and what is done. */
interface Handler {
  schema: z.ZodType;
  serve(session: Session, payload: unknown, reply: Answer): Promise<void> | void;
}

function handler<T>(
  schema: z.ZodType<T>,
  serve: (session: Session, payload: T, reply: Answer) => Promise<void> | void,
): Handler {
  return { schema, serve: serve as Handler['serve'] };
}

/** Why the socket cannot enter one more room; each socket is in one of its own. */
function fullFor(
  { socket, limits: { subscriptionsPerSocket: limit } }: Session,
  room: string,
): Refusal | undefined {
  if (socket.rooms.has(room) || socket.rooms.size <= limit) return undefined;
  return refuse('too-many-requests', `At most ${limit} subscriptions a socket; unsubscribe from some first.`);
}

/** Shared by all sockets: what is made anew for each of ten thousand is memory. */
const HANDLERS: Readonly<Record<keyof ClientEvents, Handler>> = {
  'order.subscribe': handler(subscribeSchema, (session, asked, reply) => {
    const { socket, parts } = session;
    const refusal = fullFor(session, orderRoom(asked.orderId));
    if (refusal) return reply(refusal);
    return subscribeToOrder(socket, asked, { stream: parts.live.stream, logger: parts.logger }, reply);
  }),
  'order.unsubscribe': handler(unsubscribeSchema, ({ socket }, { orderId }, reply) => {
    socket.leave(orderRoom(orderId));
    reply({ ok: true });
  }),
  'orders.subscribe': handler(listSubscribeSchema, (session, asked, reply) => {
    const { socket, parts, backlog } = session;
    const list = listFor(socket.data.viewer, asked.filter);
    if ('ok' in list) return reply(list);
    const refusal = fullFor(session, roomOf(list));
    if (refusal) return reply(refusal);
    const listParts = { ...parts, drained: backlog.drained, now: () => parts.clock.now() };
    return subscribeToList(socket, { ...asked, filter: list }, listParts, reply);
  }),
  'orders.unsubscribe': handler(listUnsubscribeSchema, ({ socket }, { filter }, reply) => {
    const list = listFor(socket.data.viewer, filter);
    if ('ok' in list) return reply(list);
    socket.leave(roomOf(list));
    if (![...socket.rooms].some((room) => room.startsWith(`${LISTS_ROOM}/`))) socket.leave(LISTS_ROOM);
    reply({ ok: true });
  }),
  'queues.subscribe': handler(nothingSchema, async ({ socket, parts }, _nothing, reply) => {
    if (socket.data.viewer.role === 'customer')
      return reply(refuse('forbidden', 'Only operators may watch the queues.'));
    const queues = await parts.countQueues();
    reply({ ok: true, queues });
    socket.join(QUEUES_ROOM);
  }),
  'queues.unsubscribe': handler(nothingSchema, ({ socket }, _nothing, reply) => {
    socket.leave(QUEUES_ROOM);
    reply({ ok: true });
  }),
  'auth.renew': handler(renewSchema, async ({ socket, connection, parts }, { token }, reply) =>
    reply(await renew(socket, connection, token, parts)),
  ),
};

const isKnown = (event: string): event is keyof ClientEvents => Object.hasOwn(HANDLERS, event);

function faultsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`).join('; ');
}

/** Takes an event apart: its name, a payload, and the callback that acknowledges it. */
async function serve(session: Session, event: string, received: unknown[]): Promise<void> {
  if (!isKnown(event)) return;
  const acknowledge = received.at(-1);
  if (typeof acknowledge !== 'function') {
    const detail = 'Expected an acknowledgement callback as the last argument.';
    session.socket.emit('feed.error', { code: 'invalid-request', detail });
    return;
  }
  const reply: Answer = (answer) => acknowledge(answer);
  const { schema, serve: work } = HANDLERS[event];
  const parsed = schema.safeParse(received.length > 1 ? received[0] : undefined);
  if (!parsed.success) return reply(refuse('invalid-request', faultsOf(parsed.error)));
  try {
    await work(session, parsed.data, reply);
  } catch (error) {
    session.parts.logger.error({ event, error: messageOf(error) }, 'an event of the feed failed');
    reply(refuse('internal', 'Something failed on our side; it has been logged.'));
  }
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

/** Serves that socket until it disconnects; what comes too often is refused, and a flood hung up on. */
export function startFeedSession(socket: ViewerSocket, parts: FeedSessionParts): void {
  const limits = limitsFor(socket.data.viewer.role, parts.connectionsPerUser);
  const { eventsPerSecond } = limits;
  const backlog = createBacklog(socket, parts.logger);
  const session: Session = { socket, connection: enter(socket, parts), limits, backlog, parts };
  const mayCome = createRateLimit(parts.clock, eventsPerSecond);
  // Every event ends here, known or not: none has a listener of its own.
  socket.use(([event, ...received]) => {
    const verdict = mayCome();
    if (verdict === 'serve') return void serve(session, event, received);
    if (verdict === 'hang-up') return void socket.conn.close(true);
    const refusal = refuse('too-many-requests', `At most ${eventsPerSecond} events a second; slow down.`);
    const acknowledge = received.at(-1);
    if (typeof acknowledge === 'function') acknowledge(refusal);
    else socket.emit('feed.error', refusal.error);
  });
}
