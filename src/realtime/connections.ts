/** Who is connected to this instance: how often, until when, and what ends it. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { LiveViewer } from '../ports/live-orders.ts';
import { limitsFor } from './limits.ts';
import type { FeedError } from './messages.ts';

/** The longest delay that a timer takes: about 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How long before its token's end a connection is told. */
const WARNING_MS = 60_000;

/** How one connection is told of its end. */
export interface ConnectionEvents {
  /** The token ends then, unless it is renewed. */
  expiring(at: Date): void;
  end(error: FeedError): void;
  /** Whether the token is good still; without it, the connection is ended where that would be asked. */
  isGood?(): Promise<boolean>;
}

/** One connection that is counted. */
export interface Connection {
  /** The same user has shown a token that lasts until then. */
  renew(expiresAt: Date): void;
  leave(): void;
}

const EXPIRED = 'The access token has expired; connect again with a new one, and resume.';
const ENDED = 'Your access has ended; log in again.';
const STOPPING = 'This instance is stopping; connect again.';

/** Calls back shortly before the token's end, and at it; returns what cancels both. */
function watchToken(expiresAt: Date, clock: Clock, events: ConnectionEvents): () => void {
  let cancel = () => {};
  const wait = (untilMs: number, then: () => void) => {
    const leftMs = untilMs - clock.now().getTime();
    // A timer takes no more than some weeks.
    const isLast = leftMs <= MAX_TIMER_MS;
    cancel = clock.after(Math.max(0, Math.min(leftMs, MAX_TIMER_MS)), () =>
      isLast ? then() : wait(untilMs, then),
    );
  };
  const endsAt = expiresAt.getTime();
  wait(Math.max(endsAt - WARNING_MS, (clock.now().getTime() + endsAt) / 2), () => {
    events.expiring(expiresAt);
    wait(endsAt, () => events.end({ code: 'unauthenticated', detail: EXPIRED }));
  });
  return () => cancel();
}

/** All connections of one instance. */
export class Connections {
  readonly #byUser = new Map<string, Set<ConnectionEvents>>();
  #closing = false;

  constructor(
    private readonly connectionsPerUser: number,
    private readonly clock: Clock,
  ) {}

  /** Why that viewer may not have one more; undefined when they may. */
  refusalFor({ userId, role }: LiveViewer): FeedError | undefined {
    if (this.#closing) return { code: 'unavailable', detail: STOPPING };
    const limit = limitsFor(role, this.connectionsPerUser).connectionsPerUser;
    if ((this.#byUser.get(userId)?.size ?? 0) < limit) return undefined;
    return { code: 'too-many-requests', detail: `At most ${limit} connections a user; close one first.` };
  }

  /** Counts a connection until it leaves. @throws TerminalError when it is refused */
  admit(viewer: LiveViewer, events: ConnectionEvents): Connection {
    const refusal = this.refusalFor(viewer);
    if (refusal) throw new TerminalError(refusal.code, refusal.detail);
    const { userId } = viewer;
    const own = this.#byUser.get(userId) ?? new Set();
    this.#byUser.set(userId, own.add(events));
    let cancelToken = watchToken(viewer.expiresAt, this.clock, events);
    return {
      renew: (expiresAt) => {
        cancelToken();
        cancelToken = watchToken(expiresAt, this.clock, events);
      },
      leave: () => {
        cancelToken();
        if (own.delete(events) && own.size === 0) this.#byUser.delete(userId);
      },
    };
  }

  /** Asks each connection's token again, of that user's or of all: the word of its end may have been missed. */
  async revalidate(userId?: string): Promise<void> {
    const users = userId === undefined ? [...this.#byUser.values()] : [this.#byUser.get(userId) ?? []];
    for (const events of users.flatMap((own) => [...own])) {
      const isGood = await events.isGood?.().catch(() => false);
      if (!isGood) events.end({ code: 'unauthenticated', detail: ENDED });
    }
  }

  /** Ends them all, and takes no more. */
  close(): void {
    this.#closing = true;
    for (const events of [...this.#byUser.values()].flatMap((own) => [...own]))
      events.end({ code: 'unavailable', detail: STOPPING });
  }
}
