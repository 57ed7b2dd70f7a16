/** The feed bus: every instance tells the others its transitions through one Redis channel. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { redisOptions } from '../platform/redis.ts';
import type { Feed, FeedTransition } from '../ports/order-actors.ts';
import { accessMessageSchema, feedMessageSchema } from './messages.ts';

/** A connection that died without a word is found out within this time and the command timeout. */
const PROBE_INTERVAL_MS = 15_000;

/** A feed that tells when it may have missed something. */
export interface GapAwareFeed extends Feed {
  /** Calls back whenever the feed hears the others (again): what they published before may have been missed. */
  onListening(listener: () => void): () => void;
  /** Tells every instance that the user's access has ended; with Redis away it rejects, this one told all the same. */
  endAccess(userId: string): Promise<void>;
  onAccessEnded(listener: (userId: string) => void): () => void;
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

const channelOf = (namespace: string) => `${namespace}:feed`;
const accessChannelOf = (namespace: string) => `${namespace}:access`;

type Listeners<T> = Set<(value: T) => void>;

function subscribeTo<T>(listeners: Listeners<T>, listener: (value: T) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Hears the channels for as long as it is open, through any number of reconnections. */
function listenToChannels(
  { redisUrl, namespace, clock, logger }: RedisFeedOptions,
  on: { message: (channel: string, text: string) => void; listening: () => void },
) {
  // Subscribing anew is done below, for only the end of it tells from when on nothing is missed.
  const redis = new Redis({ ...redisOptions(redisUrl), autoResubscribe: false });
  let listening = false;
  let cancelProbe = () => {};

  const probe = () => {
    cancelProbe = clock.after(PROBE_INTERVAL_MS, () => {
      redis.ping().then(probe, () => redis.disconnect(true));
    });
  };
  redis.on('ready', async () => {
    try {
      await redis.subscribe(channelOf(namespace), accessChannelOf(namespace));
    } catch (error) {
      logger.warn({ error: messageOf(error) }, 'subscribing to the feed failed; connecting again');
      if (redis.status === 'ready') redis.disconnect(true);
      return;
    }
    listening = true;
    probe();
    on.listening();
  });
  redis.on('close', () => {
    cancelProbe();
    if (listening) logger.warn('the feed lost its Redis connection; connecting again');
    listening = false;
  });
  redis.on('error', (error) => logger.debug({ error: messageOf(error) }, 'the feed cannot reach Redis'));
  redis.on('message', on.message);
  return {
    isListening: () => listening,
    close() {
      cancelProbe();
      listening = false;
      redis.disconnect();
    },
  };
}

/**
 * The feed over Redis. Listeners of this process are served at once; the others hear one message a
 * `publish`. With Redis away `publish` rejects, quickly, after the local listeners were served.
 */
export function createRedisFeed(options: RedisFeedOptions): RedisFeed {
  const { redisUrl, namespace, logger } = options;
  const instanceId = randomUUID();
  const transitionListeners: Listeners<FeedTransition> = new Set();
  const listeningListeners: Listeners<void> = new Set();
  const accessListeners: Listeners<string> = new Set();
  let becomeReady = () => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });

  const serve = (entries: FeedTransition[]) => {
    for (const entry of entries) for (const listener of transitionListeners) listener(entry);
  };
  const ownBeginning = JSON.stringify({ from: instanceId }).slice(0, -1);
  const endAccess = (userId: string) => {
    for (const listener of accessListeners) listener(userId);
  };
  const receiveAccess = (text: string) => {
    const message = accessMessageSchema.safeParse(text);
    if (!message.success) logger.error({ error: message.error.message }, 'an access message makes no sense');
    else endAccess(message.data.userId);
  };
  const receive = (text: string) => {
    // Told by the text alone: on a single instance every message is its own, and none is worth parsing.
    if (text.startsWith(ownBeginning)) return;
    const message = feedMessageSchema.safeParse(text);
    if (!message.success) logger.error({ error: message.error.message }, 'a feed message makes no sense');
    else serve(message.data.entries);
  };

  const publisher = new Redis(redisOptions(redisUrl));
  publisher.on('error', (error) => logger.debug({ error: messageOf(error) }, 'the feed cannot reach Redis'));
  const channel = listenToChannels(options, {
    message: (name, text) => (name === channelOf(namespace) ? receive(text) : receiveAccess(text)),
    listening() {
      becomeReady();
      for (const listener of listeningListeners) listener();
    },
  });

  return {
    ready,
    isListening: channel.isListening,
    async publish(entries) {
      if (entries.length === 0) return;
      serve(entries);
      await publisher.publish(channelOf(namespace), JSON.stringify({ from: instanceId, entries }));
    },
    onTransition: (listener) => subscribeTo(transitionListeners, listener),
    onListening: (listener) => subscribeTo(listeningListeners, listener),
    async endAccess(userId) {
      // Here at once; hearing it a second time does no harm.
      endAccess(userId);
      await publisher.publish(accessChannelOf(namespace), JSON.stringify({ userId }));
    },
    onAccessEnded: (listener) => subscribeTo(accessListeners, listener),
    async close() {
      channel.close();
      publisher.disconnect();
    },
  };
}
