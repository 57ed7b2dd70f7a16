/** What one user, one socket and one packet may ask of an instance. */
import type { Role } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';

/** The largest packet that a client may send; a subscription takes less than 200 bytes. */
export const MAX_PACKET_BYTES = 16_384;

/** Characters that may wait for a slow client, in more than one packet; then it is hung up on, and resumes. */
export const MAX_BACKLOG = 4_000_000;

/** How long a connection may stand without having shown its token. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The limits of one role, on one instance. */
export interface Limits {
  connectionsPerUser: number;
  subscriptionsPerSocket: number;
  eventsPerSecond: number;
}

/** Operators run dashboards and replays: thousands of orders on one socket, and several of those. */
const STAFF_CONNECTIONS_FACTOR = 5;

/** The limits of that role, where a customer may have `connectionsPerUser` connections at once. */
export function limitsFor(role: Role, connectionsPerUser: number): Limits {
  if (role === 'customer') return { connectionsPerUser, subscriptionsPerSocket: 200, eventsPerSecond: 50 };
  return {
    connectionsPerUser: STAFF_CONNECTIONS_FACTOR * connectionsPerUser,
    subscriptionsPerSocket: 50_000,
    eventsPerSecond: 5_000,
  };
}

/** A client that sends this many times what it may is no longer answered, but hung up on. */
const FLOOD_FACTOR = 4;

/** Counts events in windows of one second; the function it returns says what to do with one more. */
export function createRateLimit(clock: Clock, eventsPerSecond: number): () => 'serve' | 'refuse' | 'hang-up' {
  let windowStart = Number.NEGATIVE_INFINITY;
  let count = 0;
  return () => {
    const now = clock.now().getTime();
    if (now - windowStart >= 1_000) {
      windowStart = now;
      count = 0;
    }
    count++;
    if (count <= eventsPerSecond) return 'serve';
    return count <= FLOOD_FACTOR * eventsPerSecond ? 'refuse' : 'hang-up';
  };
}
