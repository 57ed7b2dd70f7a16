/** One socket's view of one order: every transition once, in order, without a gap. */
import { type OrderRecord, type TransitionView, viewTransition } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';

/** The transitions of the record with a seq above `afterSeq`, in order. */
export function transitionsAfter(record: OrderRecord, afterSeq: number): TransitionView[] {
  return record.history
    .filter((entry) => entry.seq > afterSeq)
    .map((entry) => viewTransition(record._id, entry));
}

/** A subscription. It keeps live transitions back until `start`. */
export interface Subscription {
  readonly orderId: string;
  /** Takes a live transition, whenever and however often it comes. */
  take(transition: TransitionView): void;
  /** From now on sends everything after `seq`. */
  start(seq: number): void;
  /** Reads the order once more, for transitions may have been missed; resolves when it has caught up or closed. */
  reread(): Promise<void>;
  close(): void;
}

/** What a subscription needs. */
export interface SubscriptionOptions {
  orderId: string;
  /** The order as committed. */
  read: () => Promise<OrderRecord | undefined>;
  send: (transition: TransitionView) => void;
  /** Called once: when it was closed, or when the order came to its end. */
  ended: () => void;
  clock: Clock;
  logger: Logger;
}

/** Waits between readings that did not bring what must be there: 50 ms at first, 5 s at most. */
const rereadDelayMs = (attempt: number) => Math.min(50 * 2 ** attempt, 5_000);

/**
 * A subscription keeps a cursor: the seq sent last. A live transition is sent when it is the very next
 * one, dropped when it is older, and when it is newer the committed record tells what lies between.
 */
export function createSubscription(options: SubscriptionOptions): Subscription {
  const { orderId, send, clock, logger } = options;
  const waiting = new Map<number, TransitionView>();
  let cursor = 0;
  let state: 'holding' | 'live' | 'reading' | 'closed' = 'holding';
  let missedSome = false;
  let reading = Promise.resolve();

  function close() {
    if (state === 'closed') return;
    state = 'closed';
    waiting.clear();
    options.ended();
  }

  function forward(transition: TransitionView) {
    if (state === 'closed' || transition.seq <= cursor) return;
    cursor = transition.seq;
    send(transition);
    if (transition.final) close();
  }

  /** Sends what is next in line of the transitions kept back; false when a gap is left. */
  function drain(): boolean {
    for (const seq of [...waiting.keys()].sort((a, b) => a - b)) {
      if (seq > cursor + 1) return false;
      const transition = waiting.get(seq);
      waiting.delete(seq);
      if (transition) forward(transition);
    }
    return true;
  }

  /** One reading; false when it failed. */
  async function readOnce(): Promise<boolean> {
    missedSome = false;
    try {
      const record = await options.read();
      for (const transition of record ? transitionsAfter(record, cursor) : []) forward(transition);
      return true;
    } catch (error) {
      logger.warn({ orderId, error: messageOf(error) }, 'a subscription cannot read its order; trying again');
      return false;
    }
  }

  async function catchUp() {
    state = 'reading';
    for (let attempt = 0; ; attempt++) {
      const wasRead = await readOnce();
      if (isClosed()) return;
      if (wasRead && drain() && !missedSome) break;
      await new Promise<void>((resolve) => clock.after(rereadDelayMs(attempt), resolve));
      if (isClosed()) return;
    }
    // In one step with the draining: what comes from here on is sent at once.
    if (!isClosed()) state = 'live';
  }

  // A function, for the compiler cannot know that a state changes across an await.
  const isClosed = () => state === 'closed';

  return {
    orderId,
    close,
    take(transition) {
      if (isClosed() || transition.seq <= cursor) return;
      waiting.set(transition.seq, transition);
      if (state === 'live' && !drain()) reading = catchUp();
    },
    start(seq) {
      if (isClosed()) return;
      cursor = seq;
      state = 'live';
      if (!drain() || missedSome) reading = catchUp();
    },
    reread() {
      missedSome = true;
      if (state === 'live') reading = catchUp();
      return reading;
    },
  };
}
