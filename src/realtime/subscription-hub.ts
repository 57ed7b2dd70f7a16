/** All subscriptions of one instance: hands each live transition to those who watch its order. */
import type { OrderRecord, TransitionView } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { GapAwareFeed } from './redis-feed.ts';
import { createSubscription, type Subscription } from './subscription.ts';

/** Orders read at once after the feed was away: enough to be quick, too few to drown the database. */
const REREADS_AT_ONCE = 32;

/** The subscriptions of one instance. */
export interface SubscriptionHub {
  /** A subscription that hears live transitions from now on, and keeps them back until it is started. */
  add(orderId: string, on: { send: (transition: TransitionView) => void; ended: () => void }): Subscription;
  close(): void;
}

/** What the hub needs. */
export interface SubscriptionHubOptions {
  feed: GapAwareFeed;
  read: (orderId: string) => Promise<OrderRecord | undefined>;
  clock: Clock;
  logger: Logger;
}

async function rereadAll(subscriptions: Subscription[]): Promise<void> {
  const queue = subscriptions.values();
  const reader = async () => {
    for (const subscription of queue) await subscription.reread();
  };
  await Promise.all(Array.from({ length: REREADS_AT_ONCE }, reader));
}

/** A hub on that feed. */
export function createSubscriptionHub({
  feed,
  read,
  clock,
  logger,
}: SubscriptionHubOptions): SubscriptionHub {
  const byOrder = new Map<string, Set<Subscription>>();

  const endTransitions = feed.onTransition(({ transition }) => {
    // A copy, for a subscription that comes to its end leaves the set.
    for (const subscription of [...(byOrder.get(transition.orderId) ?? [])]) subscription.take(transition);
  });
  const endListening = feed.onListening(() => {
    void rereadAll([...byOrder.values()].flatMap((subscriptions) => [...subscriptions]));
  });

  function remove(subscription: Subscription) {
    const subscriptions = byOrder.get(subscription.orderId);
    subscriptions?.delete(subscription);
    if (subscriptions?.size === 0) byOrder.delete(subscription.orderId);
  }

  return {
    add(orderId, { send, ended }) {
      const subscription = createSubscription({
        orderId,
        read: () => read(orderId),
        send,
        ended() {
          remove(subscription);
          ended();
        },
        clock,
        logger,
      });
      const subscriptions = byOrder.get(orderId) ?? new Set();
      byOrder.set(orderId, subscriptions.add(subscription));
      return subscription;
    },
    close() {
      endTransitions();
      endListening();
    },
  };
}
