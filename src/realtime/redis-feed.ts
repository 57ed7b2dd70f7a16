/** The feed bus: every instance tells the others its transitions through one Redis channel. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { RedisConnection, redisOptions } from '../platform/redis.ts';
import { createRedisChannel } from '../platform/redis-channel.ts';
import type { Feed, FeedTransition } from '../ports/order-actors.ts';
import { readBusMessage } from './bus-message.ts';

/** A feed that tells when it may have missed something. */
export interface GapAwareFeed extends Feed {
  /** Calls back whenever the feed hears the others (again): what they published before may have been missed. */
  onListening(listener: () => void): () => void;
}

/** The feed of one instance. */
export interface RedisFeed extends GapAwareFeed {
  /** Resolves when the feed hears the other instances for the first time. */
  ready: Promise<void>;
  /** Whether it hears them now; for health checks. */
  isListening(): boolean;
  /** Hangs up; a publication still under way may reject, so let them finish first. */
  close(): Promise<void>;
}

/** What the feed needs. */
export interface RedisFeedOptions {
  redisUrl: string;
  /** What its channel begins with; engines on different databases may share one Redis. */
  namespace: string;
  clock: Clock;
  logger: Logger;
}

/** As much of a message that makes no sense as is logged. */
const SHOWN = 100;

/** Listeners of one kind, and how one joins them; returns what ends that. */
function createListeners<T>() {
  const listeners = new Set<(value: T) => void>();
  return {
    any: () => listeners.size > 0,
    tell(value: T): void {
      for (const listener of listeners) listener(value);
    },
    join(listener: (value: T) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * The feed over Redis. Listeners of this process are served at once; the others hear one message a
 * `publish`. With Redis away `publish` rejects, quickly, after the local listeners were served.
 */
export function createRedisFeed({ redisUrl, namespace, clock, logger }: RedisFeedOptions): RedisFeed {
  const instanceId = randomUUID();
  const transitions = createListeners<FeedTransition>();
  const listenings = createListeners<void>();
  const ownBeginning = JSON.stringify({ from: instanceId }).slice(0, -1);

  const publisher = new RedisConnection(redisOptions(redisUrl));
  publisher.on('error', (error) => logger.debug({ error: messageOf(error) }, 'the feed cannot reach Redis'));
  const channel = createRedisChannel({ redisUrl, name: `${namespace}:feed`, publisher, clock, logger });
  channel.onMessage((text) => {
    // Told by the text alone: on a single instance every message is its own, in a worker nobody listens, and none is
    // worth parsing.
    if (!transitions.any() || text.startsWith(ownBeginning)) return;
    const message = readBusMessage(text);
    if (message) message.entries.forEach(transitions.tell);
    else logger.error({ beginning: text.slice(0, SHOWN) }, 'a feed message makes no sense');
  });
  const ready = new Promise<void>((resolve) => channel.onListening(resolve));
  channel.onListening(listenings.tell);

  return {
    ready,
    isListening: channel.isListening,
    async publish(entries) {
      if (entries.length === 0) return;
      entries.forEach(transitions.tell);
      await channel.publish(JSON.stringify({ from: instanceId, entries }));
    },
    onTransition: transitions.join,
    onListening: listenings.join,
    async close() {
      channel.close();
      publisher.disconnect();
    },
  };
}
