/** Engine instances as the feed knows them, each on its own port, and clients that record what they see. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import type { Role } from '../../src/machines/order-types.ts';
import type { TransitionView } from '../../src/machines/order-view.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import type { Viewer } from '../../src/realtime/authenticate.ts';
import { createLiveFeed, type LiveFeed } from '../../src/realtime/live-orders.ts';
import type {
  FeedError,
  ListSubscribeReply,
  ListTransition,
  QueueCounts,
  Reply,
  SubscribeReply,
} from '../../src/realtime/messages.ts';
import { createRedisFeed, type RedisFeed } from '../../src/realtime/redis-feed.ts';
import { createRealtime, type Realtime } from '../../src/realtime/server.ts';
import type { Teardown } from '../support/services.ts';
import type { FakeOrders } from './fake-orders.ts';

export const logger = createLogger('silent');

/** Resolves as soon as the condition holds. @throws when it does not within 20 s. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; !condition(); ) {
    if (Date.now() > deadline) throw new Error(`It never came: ${what}`);
    await delay(2);
  }
}

/** A token that the tests' `verify` takes. */
export function tokenFor(
  userId: string,
  role: Role = 'customer',
  expiresAt = '2100-01-01T00:00:00Z',
): string {
  return JSON.stringify({ userId, role, username: userId, expiresAt });
}

/** Who a token of `tokenFor` speaks for. */
export function verify(token: string): Viewer {
  const viewer = JSON.parse(token) as Omit<Viewer, 'expiresAt'> & { expiresAt: string };
  return { ...viewer, expiresAt: new Date(viewer.expiresAt) };
}

/** One instance. */
export interface Instance {
  url: string;
  feed: RedisFeed;
  live: LiveFeed;
  realtime: Realtime;
}

/** What an instance of a test is made of. */
export interface InstanceOptions {
  redisUrl: string;
  orders: FakeOrders;
  clock?: Clock;
  allowedOrigins?: string[];
  connectionsPerUser?: number;
  countQueues?: () => Promise<QueueCounts>;
  verify?: (token: string) => Viewer;
}

/** Starts an instance; it is stopped at the end of the test. */
export async function startInstance(t: Teardown, options: InstanceOptions): Promise<Instance> {
  const { redisUrl, orders, clock = systemClock, connectionsPerUser = 20, allowedOrigins } = options;
  const httpServer = createServer((_request, response) => response.end('the api'));
  const feed = createRedisFeed({ namespace: 'test', redisUrl, clock: systemClock, logger });
  const live = createLiveFeed({
    feed,
    read: orders.read,
    changes: orders.changes,
    connectionsPerUser,
    clock,
    logger,
  });
  const realtime = createRealtime({
    httpServer,
    live,
    queries: orders.queries,
    countQueues: options.countQueues ?? (async () => ({})),
    verify: options.verify ?? verify,
    connectionsPerUser,
    clock,
    logger,
    ...(allowedOrigins && { allowedOrigins }),
  });
  t.teardown(async () => {
    await realtime.close();
    httpServer.close();
    httpServer.closeAllConnections();
    await feed.close();
  });
  httpServer.listen(0, '127.0.0.1');
  await Promise.all([once(httpServer, 'listening'), feed.ready]);
  return { url: `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`, feed, live, realtime };
}

/** A client, and all that it was told. */
export interface Client {
  socket: Socket;
  transitions: TransitionView[];
  errors: FeedError[];
  /** What lists told, missed and live, in the order it came. */
  listed: ListTransition[];
  /** The last cursor that came. */
  cursor: string | undefined;
  /** The seqs of that order's live transitions, in the order they came. */
  seqsOf(orderId: string): number[];
  subscribe(orderId: string, afterSeq?: number): Promise<SubscribeReply>;
  unsubscribe(orderId: string): Promise<Reply<object>>;
  subscribeList(filter?: object, cursor?: string): Promise<ListSubscribeReply>;
  ask<T extends object>(event: string, payload?: object): Promise<Reply<T>>;
}

/** A client of that instance, before its connection is decided. */
export function openClient(t: Teardown, { url }: Instance, auth: Record<string, unknown>): Client {
  const socket = io(url, { auth, transports: ['websocket'], forceNew: true, reconnection: false });
  t.teardown(() => void socket.disconnect());
  const transitions: TransitionView[] = [];
  const errors: FeedError[] = [];
  socket.on('order.transition', (transition: TransitionView) => transitions.push(transition));
  socket.on('feed.error', (error: FeedError) => errors.push(error));
  const client: Client = {
    socket,
    transitions,
    errors,
    listed: [],
    cursor: undefined,
    seqsOf: (orderId) => transitions.filter((it) => it.orderId === orderId).map((it) => it.seq),
    subscribe: (orderId, afterSeq) =>
      socket
        .timeout(20_000)
        .emitWithAck('order.subscribe', { orderId, ...(afterSeq !== undefined && { afterSeq }) }),
    unsubscribe: (orderId) => socket.timeout(20_000).emitWithAck('order.unsubscribe', { orderId }),
    async subscribeList(filter = {}, cursor) {
      const asked = { id: 'list', filter, ...(cursor !== undefined && { cursor }) };
      const reply: ListSubscribeReply = await socket.timeout(20_000).emitWithAck('orders.subscribe', asked);
      if (reply.ok) client.cursor = reply.cursor;
      return reply;
    },
    ask: (event, payload = {}) => socket.timeout(20_000).emitWithAck(event, payload),
  };
  socket.on('orders.transition', (transition: ListTransition) => client.listed.push(transition));
  socket.on('orders.missed', (missed: { transitions: ListTransition[]; cursor: string }) => {
    client.listed.push(...missed.transitions);
    client.cursor = missed.cursor;
  });
  socket.on('orders.cursor', (cursor: string) => {
    client.cursor = cursor;
  });
  return client;
}

/** A client that is connected. @throws when it was refused. */
export async function connect(t: Teardown, instance: Instance, token: string): Promise<Client> {
  const client = openClient(t, instance, { token });
  await new Promise<void>((resolve, reject) => {
    client.socket.once('connect', resolve);
    client.socket.once('connect_error', reject);
  });
  return client;
}

/** The error that a connection with that handshake is refused with. @throws when it is not refused. */
export function refusalOf(
  t: Teardown,
  instance: Instance,
  auth: Record<string, unknown>,
): Promise<FeedError> {
  const { socket } = openClient(t, instance, auth);
  return new Promise((resolve, reject) => {
    socket.once('connect_error', (error) => resolve((error as Error & { data: FeedError }).data));
    socket.once('connect', () => reject(new Error('The connection was not refused.')));
  });
}
