/** Follows orders on the feed until they are final, through any number of disconnections. */
import { io, type Socket } from 'socket.io-client';
import type { OrderView, TransitionView } from '../../src/machines/order-view.ts';
import { createLimit } from './limit.ts';

type Ack =
  | { ok: true; order: OrderView; transitions: TransitionView[] }
  | { ok: false; error: { code: string; detail: string } };

interface Watched {
  seq: number;
  /** Whether the present connection's subscription was acknowledged: only then its events count. */
  live: boolean;
}

/** What the feed needs and whom it tells. */
export interface FeedOptions {
  url: string;
  /** The access token of the moment. */
  token: () => string;
  /** Gets a new access token, after the engine refused the old one. */
  renew: () => Promise<void>;
  onTransition: (transition: TransitionView) => void;
}

const ACK_MS = 10_000;
const PAUSE_MS = 500;
const MAY_PASS: ReadonlySet<string> = new Set(['unavailable', 'too-many-requests']);

/** One connection that carries any number of orders. */
export class FeedFollower {
  readonly #options: FeedOptions;
  readonly #socket: Socket;
  readonly #watched = new Map<string, Watched>();
  readonly #limit = createLimit(64);
  /** Transitions heard, breaches of the feed's promise (1..n, in order, once), and connections after the first. */
  transitions = 0;
  readonly faults: string[] = [];
  #connections = 0;
  #closed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#socket = io(options.url, {
      auth: (give) => give({ token: options.token() }),
      transports: ['websocket'],
      reconnectionDelay: 100,
      reconnectionDelayMax: 1_000,
    });
    this.#socket.on('connect', () => this.#resubscribe());
    this.#socket.on('disconnect', () => this.#becomeDeaf());
    // Where the engine itself ends or refuses the connection, socket.io leaves the next try to us.
    this.#socket.on('disconnect', (reason) => reason === 'io server disconnect' && this.#renew());
    this.#socket.on('connect_error', () => !this.#socket.active && this.#renew());
    this.#socket.on('order.transition', (transition: TransitionView) => {
      if (this.#watched.get(transition.orderId)?.live) this.#hear(transition);
    });
  }

  /** How often the connection was made again. */
  get reconnects(): number {
    return Math.max(0, this.#connections - 1);
  }

  /** Hears what happened to the order after that seq (without one: its whole history), then what comes, to its end. */
  follow(orderId: string, afterSeq = 0): void {
    this.#watched.set(orderId, { seq: afterSeq, live: false });
    if (this.#socket.connected) this.#subscribe(orderId);
  }

  /** Ends the connection. */
  close(): void {
    this.#closed = true;
    this.#socket.close();
  }

  #resubscribe(): void {
    this.#connections += 1;
    for (const orderId of this.#watched.keys()) this.#subscribe(orderId);
  }

  #becomeDeaf(): void {
    for (const watched of this.#watched.values()) watched.live = false;
  }

  #renew(): void {
    if (this.#closed) return;
    const again = () => setTimeout(() => !this.#closed && this.#socket.connect(), PAUSE_MS);
    this.#options.renew().then(again, again);
  }

  #subscribe(orderId: string): void {
    const connection = this.#connections;
    const isStale = () => this.#closed || !this.#socket.connected || connection !== this.#connections;
    void this.#limit(async () => {
      const watched = this.#watched.get(orderId);
      if (!watched || isStale()) return;
      const again = () => setTimeout(() => !isStale() && this.#subscribe(orderId), PAUSE_MS);
      const subscription = { orderId, afterSeq: watched.seq };
      // A callback, not a promise: events that come in the same packet as the acknowledgement must find it heard.
      await new Promise<void>((resolve) => {
        this.#socket.timeout(ACK_MS).emit('order.subscribe', subscription, (late: Error | null, ack: Ack) => {
          resolve();
          if (isStale()) return;
          if (late || (!ack.ok && MAY_PASS.has(ack.error.code))) again();
          else this.#acknowledge(orderId, watched, ack);
        });
      });
    });
  }

  #acknowledge(orderId: string, watched: Watched, ack: Ack): void {
    if (!ack.ok) {
      this.faults.push(`${orderId}: the subscription was refused: ${ack.error.code} ${ack.error.detail}`);
      return;
    }
    watched.live = true;
    // An order that has come to an end and is followed on is told by the next acknowledgement.
    for (const transition of ack.transitions)
      if (this.#watched.get(orderId) === watched) this.#hear(transition);
  }

  #hear(transition: TransitionView): void {
    const { orderId, seq, final } = transition;
    const watched = this.#watched.get(orderId);
    if (!watched) return;
    this.transitions += 1;
    if (seq !== watched.seq + 1)
      this.faults.push(`${orderId}: expected seq ${watched.seq + 1}, heard ${seq}.`);
    watched.seq = seq;
    // There the engine itself ends the subscription.
    if (final) this.#watched.delete(orderId);
    this.#options.onTransition(transition);
  }
}
