/** The feed of one instance, whatever carries it: who may be connected, and one order after the other. */
import type { OrderRecord } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { LiveOrders } from '../ports/live-orders.ts';
import type { OrderChanges } from '../ports/order-changes.ts';
import { Connections } from './connections.ts';
import { OrderStream } from './order-stream.ts';
import type { GapAwareFeed } from './redis-feed.ts';

/** What the feed of an instance needs. */
export interface LiveFeedParts {
  feed: GapAwareFeed;
  /** The order as committed; undefined when there is none. */
  read: (orderId: string) => Promise<OrderRecord | undefined>;
  changes: OrderChanges;
  /** Connections that one customer may have at once on this instance; those who run the shop, five times as many. */
  connectionsPerUser: number;
  clock: Clock;
  logger: Logger;
}

/** The feed of one instance: REST takes it as `LiveOrders`, Socket.IO builds on its parts. */
export interface LiveFeed extends LiveOrders {
  stream: OrderStream;
  connections: Connections;
  changes: OrderChanges;
  /** Ends what that user watches here by tokens that count no more: one of their sessions has ended. */
  recheck(userId: string): void;
  /** Hangs up on everybody. */
  close(): void;
}

/** Starts the feed of this instance. */
export function createLiveFeed(parts: LiveFeedParts): LiveFeed {
  const { feed, changes, connectionsPerUser, clock } = parts;
  const stream = new OrderStream(parts);
  const connections = new Connections(connectionsPerUser, clock);
  // What ended while Redis was away is found out by asking.
  const endListening = feed.onListening(() => void connections.revalidate());
  return {
    stream,
    connections,
    changes,
    admit: (viewer, hangUp) => connections.admit(viewer, { expiring: () => {}, end: hangUp }).leave,
    async watch(orderId, begin) {
      let end = () => {};
      await stream.join(orderId, (record) => {
        const listener = begin(record);
        if (listener) end = stream.listen(orderId, listener);
      });
      return end;
    },
    recheck: (userId) => void connections.revalidate(userId),
    close() {
      endListening();
      connections.close();
      stream.close();
    },
  };
}
