/** What one user, one socket and one packet may ask of an instance. */
import type { Role } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';

/** The largest packet that a client may send; a subscription takes less than 200 bytes. */
export const MAX_PACKET_BYTES = 16_384;

/** Packets that may wait for a slow client; then it is hung up on, and resumes when it can. */
export const MAX_BACKLOG_PACKETS = 10_000;

/** How long a connection may stand without having shown its token. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The limits of one role, on one instance. */
export interface Limits {
  connectionsPerUser: number;
  subscriptionsPerSocket: number;
  eventsPerSecond: number;
}

const CUSTOMER: Limits = { connectionsPerUser: 20, subscriptionsPerSocket: 200, eventsPerSecond: 50 };

/** Operators run dashboards and replays: thousands of orders on one socket. */
const STAFF: Limits = { connectionsPerUser: 100, subscriptionsPerSocket: 50_000, eventsPerSecond: 5_000 };

/** The limits of that role. */
export function limitsFor(role: Role): Limits {
  return role === 'customer' ? CUSTOMER : STAFF;
}

/** Counts events in windows of one second; the function it returns says whether one more is allowed. */
export function createRateLimit(clock: Clock, eventsPerSecond: number): () => boolean {
  let windowStart = Number.NEGATIVE_INFINITY;
  let count = 0;
  return () => {
    const now = clock.now().getTime();
    if (now - windowStart >= 1_000) {
      windowStart = now;
      count = 0;
    }
    count++;
    return count <= eventsPerSecond;
  };
}

/** Counts what each user holds at the moment; users without any take no room. */
export function createTally(): { count(userId: string): number; add(userId: string): () => void } {
  const counts = new Map<string, number>();
  const count = (userId: string) => counts.get(userId) ?? 0;
  return {
    count,
    add(userId) {
      counts.set(userId, count(userId) + 1);
      return () => {
        if (count(userId) > 1) counts.set(userId, count(userId) - 1);
        else counts.delete(userId);
      };
    },
  };
}
