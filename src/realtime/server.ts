/** The live feed: Socket.IO on the API's own port. */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server } from 'socket.io';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import { authenticate, type Viewer, type ViewerSocket } from './authenticate.ts';
import { startFeedSession } from './feed-session.ts';
import { createTally, HANDSHAKE_TIMEOUT_MS, MAX_PACKET_BYTES } from './limits.ts';
import type { ClientEvents, ServerEvents } from './messages.ts';
import type { GapAwareFeed } from './redis-feed.ts';
import { createSubscriptionHub } from './subscription-hub.ts';

/** What the live feed needs. */
export interface RealtimeOptions {
  /** With its ordinary request listener in place already. */
  httpServer: HttpServer;
  feed: GapAwareFeed;
  orders: Pick<OrderActors, 'read'>;
  /** @throws when the token is not valid. */
  verify: (token: string) => Viewer | Promise<Viewer>;
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

/** Browsers name the page's origin; other clients name none. */
function isFromAllowedOrigin({ headers }: IncomingMessage, allowedOrigins: string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowedOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Starts the live feed under `/socket.io` of that server. */
export function createRealtime(options: RealtimeOptions): Realtime {
  const { httpServer, feed, orders, verify, clock, logger, allowedOrigins } = options;
  const read = (orderId: string) => orders.read(orderId);
  const hub = createSubscriptionHub({ feed, read, clock, logger });
  const connections = createTally();
  let closing = false;

  const io = new Server<ClientEvents, ServerEvents, Record<string, never>, { viewer: Viewer }>(httpServer, {
    maxHttpBufferSize: MAX_PACKET_BYTES,
    connectTimeout: HANDSHAKE_TIMEOUT_MS,
    ...(allowedOrigins && {
      cors: { origin: allowedOrigins },
      allowRequest: (request, decide) => decide(null, isFromAllowedOrigin(request, allowedOrigins)),
    }),
  });
  io.use(authenticate({ verify, connectionsOf: connections.count, isClosing: () => closing, clock }));
  io.on('connection', (socket: ViewerSocket) => {
    socket.on('disconnect', connections.add(socket.data.viewer.userId));
    startFeedSession(socket, { hub, read, clock, logger });
  });

  return {
    async close() {
      closing = true;
      hub.close();
      io.disconnectSockets(true);
      // Not io.close(): that would close the HTTP server too, which is not ours.
      io.engine.close();
    },
  };
}
