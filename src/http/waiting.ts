/** `Prefer: wait=N` (RFC 7240): an answer that comes when the order is at its end, or after N seconds. */
import type { OrderRecord } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import type { Feed, OrderActors } from '../ports/order-actors.ts';
import type { Context } from './context.ts';

const WAIT_MAX_S = 30;

/** Waits with answers until orders end. */
export interface Waiting {
  /**
   * The order at its end, or as it stands when the time that the request prefers is over; at once, and as it was
   * given, where it prefers none. Says in `Preference-Applied` what it did.
   */
  settle(ctx: Context, record: OrderRecord): Promise<OrderRecord>;
  /** Ends all waiting, for good. */
  close(): void;
}

/** How long that header prefers to wait, at most 30 s; undefined when it does not, or not in a way to understand. */
export function preferredWaitS(prefer: string): number | undefined {
  const [, seconds] = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;[^,]*)?(?=,|$)/i.exec(prefer) ?? [];
  return seconds === undefined ? undefined : Math.min(Number(seconds), WAIT_MAX_S);
}

/**
 * Hears of ends by the feed. What the feed may lose (Redis away) costs an answer its time, never its truth: the order
 * is read when waiting begins, and when it ends.
 */
export function createWaiting(
  feed: Pick<Feed, 'onTransition'>,
  orders: Pick<OrderActors, 'read'>,
  clock: Clock,
) {
  const waiting = new Map<string, Set<() => void>>();
  let isClosed = false;
  const endListening = feed.onTransition(({ transition: { orderId, final } }) => {
    if (final) for (const end of waiting.get(orderId) ?? []) end();
  });

  /** Resolves at the order's end, when the time is over, or when nobody waits for the answer any more. */
  async function untilEnd(ctx: Context, orderId: string, waitS: number): Promise<void> {
    const ends = waiting.get(orderId) ?? new Set();
    waiting.set(orderId, ends);
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    ends.add(end);
    ctx.res.once('close', end);
    const cancel = clock.after(waitS * 1_000, end);
    try {
      // It may have ended before we listened. What was asked for is done: a failure to look is no failure of it.
      const now = await orders.read(orderId).catch(() => undefined);
      const isAtEnd = now !== undefined && now.status !== 'active';
      if (!isAtEnd && !isClosed) await ended;
    } finally {
      cancel();
      ctx.res.off('close', end);
      ends.delete(end);
      if (ends.size === 0) waiting.delete(orderId);
    }
  }

  const waitingFor: Waiting = {
    async settle(ctx, record) {
      const waitS = preferredWaitS(ctx.get('prefer'));
      if (waitS === undefined) return record;
      ctx.set('Preference-Applied', `wait=${waitS}`);
      await untilEnd(ctx, record._id, waitS);
      return (await orders.read(record._id).catch(() => undefined)) ?? record;
    },
    close() {
      isClosed = true;
      endListening();
      for (const ends of waiting.values()) for (const end of ends) end();
    },
  };
  return waitingFor;
}
