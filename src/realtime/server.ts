/** The live feed: Socket.IO on the API's own port. */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server } from 'socket.io';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { OrderQueries } from '../ports/orders.ts';
import { authenticate, type SocketData, type Viewer, type ViewerSocket } from './authenticate.ts';
import { writeCursor } from './cursor.ts';
import { QUEUES_ROOM, startFeedSession } from './feed-session.ts';
import { HANDSHAKE_TIMEOUT_MS, MAX_PACKET_BYTES } from './limits.ts';
import { LISTS_ROOM } from './list-subscriptions.ts';
import type { LiveFeed } from './live-orders.ts';
import type { ClientEvents, QueueCounts, ServerEvents } from './messages.ts';
import { roomsOf, toListTransition } from './order-lists.ts';
import { orderOfRoom } from './order-subscriptions.ts';
import { QueueCounters } from './queue-counters.ts';

/** What the live feed needs. */
export interface RealtimeOptions {
  /** With its ordinary request listener in place already. */
  httpServer: HttpServer;
  live: LiveFeed;
  queries: Pick<OrderQueries, 'list'>;
  /** The jobs of each queue, by their state. */
  countQueues: () => Promise<QueueCounts>;
  /** @throws when the token is not valid. */
  verify: (token: string) => Viewer | Promise<Viewer>;
  /** The same as the live feed's. */
  connectionsPerUser: number;
  clock: Clock;
  logger: Logger;
  /**
   * When given, pages of other origins than these and the server's own may not connect. Without it no origin
   * is refused: a page of another origin has no token, for it comes with no cookie.
   */
  allowedOrigins?: string[];
}

/** The live feed as it runs. */
export interface Realtime {
  /** Hangs up on every client; the HTTP server stays its owner's. */
  close(): Promise<void>;
}

type FeedServer = Server<ClientEvents, ServerEvents, Record<string, never>, SocketData>;

/** Browsers name the page's origin; other clients name none. */
function isFromAllowedOrigin({ headers }: IncomingMessage, allowedOrigins: string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowedOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** A room is told of its orders from when its first socket enters until its last one leaves. */
function serveRooms(io: FeedServer, live: LiveFeed, counters: QueueCounters): void {
  const endings = new Map<string, () => void>();
  const { adapter } = io.of('/');

  const begin = (room: string): (() => void) | undefined => {
    const orderId = orderOfRoom(room);
    if (orderId !== undefined)
      return live.stream.listen(orderId, (transition) => io.to(room).emit('order.transition', transition));
    if (room === LISTS_ROOM)
      return live.stream.listenToAll((entry) =>
        io.to(roomsOf(entry)).emit('orders.transition', toListTransition(entry)),
      );
    if (room !== QUEUES_ROOM) return undefined;
    counters.start();
    return () => counters.stop();
  };

  adapter.on('create-room', (room: string) => {
    const end = begin(room);
    if (end) endings.set(room, end);
  });
  adapter.on('delete-room', (room: string) => {
    endings.get(room)?.();
    endings.delete(room);
  });
  live.stream.onSettled = () =>
    io.to(LISTS_ROOM).emit('orders.cursor', writeCursor({ after: live.stream.settled }));
}

/** Starts the live feed under `/socket.io` of that server. */
export function createRealtime(options: RealtimeOptions): Realtime {
  const { httpServer, live, countQueues, clock, logger, allowedOrigins } = options;
  const io: FeedServer = new Server(httpServer, {
    maxHttpBufferSize: MAX_PACKET_BYTES,
    connectTimeout: HANDSHAKE_TIMEOUT_MS,
    ...(allowedOrigins && {
      cors: { origin: allowedOrigins },
      allowRequest: (request, decide) => decide(null, isFromAllowedOrigin(request, allowedOrigins)),
    }),
  });
  const counters = new QueueCounters({
    count: countQueues,
    tell: (queues) => io.to(QUEUES_ROOM).emit('queues.counts', queues),
    clock,
    logger,
  });
  serveRooms(io, live, counters);
  // Some kilobytes a connection, which nobody looks at any more.
  io.engine.on('connection', (connection: { request: unknown }) => {
    connection.request = undefined;
  });
  io.use(authenticate({ ...options, connections: live.connections }));
  io.on('connection', (socket: ViewerSocket) => {
    const refusal = live.connections.refusalFor(socket.data.viewer);
    // Others came in while the token was looked at.
    if (refusal) {
      socket.emit('feed.error', refusal);
      socket.disconnect(true);
    } else startFeedSession(socket, options);
  });

  return {
    async close() {
      live.close();
      counters.stop();
      io.disconnectSockets(true);
      // Not io.close(): that would close the HTTP server too, which is not ours.
      io.engine.close();
    },
  };
}
