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
import type { FeedError, SubscribeReply, UnsubscribeReply } from '../../src/realtime/messages.ts';
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

function verify(token: string): Viewer {
  const viewer = JSON.parse(token) as Omit<Viewer, 'expiresAt'> & { expiresAt: string };
  return { ...viewer, expiresAt: new Date(viewer.expiresAt) };
}

/** One instance. */
export interface Instance {
  url: string;
  feed: RedisFeed;
  realtime: Realtime;
}

/** Starts an instance; it is stopped at the end of the test. */
export async function startInstance(
  t: Teardown,
  options: { redisUrl: string; orders: FakeOrders; clock?: Clock; allowedOrigins?: string[] },
): Promise<Instance> {
  const { redisUrl, orders, clock = systemClock, ...rest } = options;
  const httpServer = createServer((_request, response) => response.end('the api'));
  const feed = createRedisFeed({ namespace: 'test', redisUrl, clock: systemClock, logger });
  const realtime = createRealtime({ httpServer, feed, orders, verify, clock, logger, ...rest });
  t.teardown(async () => {
    await realtime.close();
    httpServer.close();
    httpServer.closeAllConnections();
    await feed.close();
  });
  httpServer.listen(0, '127.0.0.1');
  await Promise.all([once(httpServer, 'listening'), feed.ready]);
  return { url: `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`, feed, realtime };
}

/** A client, and all that it was told. */
export interface Client {
  socket: Socket;
  transitions: TransitionView[];
  errors: FeedError[];
  /** The seqs of that order's live transitions, in the order they came. */
  seqsOf(orderId: string): number[];
  subscribe(orderId: string, afterSeq?: number): Promise<SubscribeReply>;
  unsubscribe(orderId: string): Promise<UnsubscribeReply>;
}

/** A client of that instance, before its connection is decided. */
export function openClient(t: Teardown, { url }: Instance, auth: Record<string, unknown>): Client {
  const socket = io(url, { auth, transports: ['websocket'], forceNew: true, reconnection: false });
  t.teardown(() => void socket.disconnect());
  const transitions: TransitionView[] = [];
  const errors: FeedError[] = [];
  socket.on('order.transition', (transition: TransitionView) => transitions.push(transition));
  socket.on('feed.error', (error: FeedError) => errors.push(error));
  return {
    socket,
    transitions,
    errors,
    seqsOf: (orderId) => transitions.filter((it) => it.orderId === orderId).map((it) => it.seq),
    subscribe: (orderId, afterSeq) =>
      socket
        .timeout(20_000)
        .emitWithAck('order.subscribe', { orderId, ...(afterSeq !== undefined && { afterSeq }) }),
    unsubscribe: (orderId) => socket.timeout(20_000).emitWithAck('order.unsubscribe', { orderId }),
  };
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
