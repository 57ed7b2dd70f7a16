/** Which sessions count now: remembered for a moment, told by the others, asked anew where that may not be trusted. */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Channel } from '../platform/redis-channel.ts';
import type { SessionEndings, SessionStore, SessionsEnded } from '../ports/sessions.ts';

/** What a lost announcement can cost at most. */
const CHECK_AFTER_MS = 10_000;
const RECHECK_INTERVAL_MS = 5_000;
const RECHECK_BATCH = 500;
const REMEMBERED = 50_000;

/** Answers whether a session counts. */
export interface SessionWatch extends SessionEndings {
  /** Whether it counts; from memory where nothing can have been missed. @throws what the store throws */
  isLive(sessionId: string): Promise<boolean>;
  /** The same, asked of the store. */
  ask(sessionId: string): Promise<boolean>;
  /** Tells this instance at once and the others over the channel; with Redis away they find out within seconds. */
  announce(ended: SessionsEnded): void;
  close(): void;
}

/** What the watch stands on. */
export interface SessionWatchParts {
  store: Pick<SessionStore, 'liveAmong'>;
  channel: Channel;
  clock: Clock;
  logger: Logger;
}

interface Known {
  /** Absent when the session has ended, which is for good. */
  userId?: string;
  /** 0 when it must be asked anew; it stays known, so that its end is told after a gap. */
  checkedAtMs: number;
}

const endedSchema = z.object({
  userId: z.string(),
  sessionId: z.string().exactOptional(),
  exceptSessionId: z.string().exactOptional(),
});

/** Watches from now on, until it is closed. */
export function createSessionWatch({ store, channel, clock, logger }: SessionWatchParts): SessionWatch {
  const known = new LRUCache<string, Known>({ max: REMEMBERED });
  const listeners = new Set<(ended: SessionsEnded) => void>();
  const asking = new Map<string, Promise<boolean>>();
  /** What was asked before the latest announcement may be older than that: it is not relied upon. */
  let announcements = 0;

  const tell = (ended: SessionsEnded) => {
    for (const listener of listeners) listener(ended);
  };

  const receive = (ended: SessionsEnded) => {
    announcements += 1;
    asking.clear();
    const { userId, sessionId, exceptSessionId } = ended;
    const concerned =
      sessionId === undefined ? known.entries() : [[sessionId, known.peek(sessionId)] as const];
    // Changed in place: putting one back would move it, under the loop's feet.
    for (const [id, entry] of concerned)
      if (entry?.userId === userId && id !== exceptSessionId) entry.checkedAtMs = 0;
    tell(ended);
  };

  const ask = async (sessionIds: string[]) => {
    const seen = announcements;
    const now = clock.now();
    const live = await store.liveAmong(sessionIds, now);
    for (const id of sessionIds) {
      const userId = live.get(id);
      const before = known.peek(id)?.userId;
      const checkedAtMs = seen === announcements ? now.getTime() : 0;
      known.set(id, userId === undefined ? { checkedAtMs } : { userId, checkedAtMs });
      if (userId === undefined && before !== undefined) tell({ userId: before, sessionId: id });
    }
    return live;
  };

  const askOnce = (sessionId: string): Promise<boolean> => {
    const running = asking.get(sessionId);
    if (running) return running;
    const asked = ask([sessionId])
      .then((live) => live.has(sessionId))
      .finally(() => asking.get(sessionId) === asked && asking.delete(sessionId));
    asking.set(sessionId, asked);
    return asked;
  };

  const recheck = async () => {
    const ids = [...known.entries()].flatMap(([id, { userId }]) => (userId === undefined ? [] : [id]));
    try {
      for (let at = 0; at < ids.length; at += RECHECK_BATCH) await ask(ids.slice(at, at + RECHECK_BATCH));
    } catch (error) {
      logger.warn({ reason: messageOf(error) }, 'sessions could not be checked; trying again soon');
    }
  };

  channel.onMessage((text) => {
    const ended = endedSchema.safeParse(parsed(text));
    if (ended.success) receive(ended.data);
    else logger.error({ error: ended.error.message }, 'an announcement about sessions makes no sense');
  });
  channel.onListening(() => void recheck());
  const stopTimer = every(RECHECK_INTERVAL_MS, clock, async () => {
    if (!channel.isListening()) await recheck();
  });

  return {
    async isLive(sessionId) {
      const entry = known.get(sessionId);
      if (entry && entry.userId === undefined) return false;
      const fresh = entry !== undefined && clock.now().getTime() - entry.checkedAtMs < CHECK_AFTER_MS;
      return fresh && channel.isListening() ? true : askOnce(sessionId);
    },
    ask: async (sessionId) => (await ask([sessionId])).has(sessionId),
    announce(ended) {
      receive(ended);
      channel.publish(JSON.stringify(ended)).catch((error: unknown) => {
        logger.warn({ reason: messageOf(error) }, 'the end of a session could not be announced');
      });
    },
    onEnded(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      stopTimer();
      channel.close();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Runs the work again and again, each time a while after it ended; returns what stops it. */
function every(intervalMs: number, clock: Clock, work: () => Promise<void>): () => void {
  let cancel = () => {};
  let stopped = false;
  const next = () => {
    cancel = clock.after(intervalMs, () => {
      void work().then(() => {
        if (!stopped) next();
      });
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}
