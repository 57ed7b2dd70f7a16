/** All orders as this instance tells them: made of what the bus brings, completed by what the database knows. */
import { seqAt } from '../machines/order-history.ts';
import type { OrderRecord, TransitionView } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { FeedTransition } from '../ports/order-actors.ts';
import type { OrderChange, OrderChanges } from '../ports/order-changes.ts';
import { OrderSequence } from './order-sequence.ts';
import type { GapAwareFeed } from './redis-feed.ts';

/**
 * How long a transition may take from its date (the clock of the process that decided it) until a reading
 * (dated by the clock of the process that reads) finds it: the skew of clocks and the time of a commit together.
 */
export const SETTLE_MS = 30_000;

/** How often the database is asked for what the bus may have lost. */
const ROUND_INTERVAL_MS = 5_000;
/** Changes read at once: a larger page is taken apart in one go, and what is live waits for that. */
const PAGE = 100;
/** Orders read at once: enough to be quick, too few to drown the database. */
const READINGS_AT_ONCE = 32;

/** What the stream needs. */
export interface OrderStreamParts {
  feed: GapAwareFeed;
  /** The order as committed; undefined when there is none. */
  read: (orderId: string) => Promise<OrderRecord | undefined>;
  changes: OrderChanges;
  clock: Clock;
  logger: Logger;
}

type OrderListener = (transition: TransitionView) => void;
type AllListener = (entry: FeedTransition) => void;

/**
 * Tells each listener every transition once, in order per order, without a gap. While somebody listens, a round
 * every few seconds compares what was told with what is committed: a message that Redis lost, a publisher that
 * died before it published, or no Redis at all only delay a transition.
 */
export class OrderStream {
  readonly #parts: OrderStreamParts;
  readonly #sequences = new Map<string, OrderSequence>();
  readonly #joining = new Map<string, number>();
  readonly #readings = new Map<string, Promise<OrderRecord | undefined>>();
  readonly #listeners = new Map<string, Set<OrderListener>>();
  readonly #all = new Set<AllListener>();
  readonly #endings: (() => void)[];
  #settled = new Date(0);
  #rounds: Promise<void> = Promise.resolve();
  #ready: Promise<void> = Promise.resolve();
  #cancelRound: (() => void) | undefined;
  /** Called when a round has made sure of everything up to `settled`. */
  onSettled: () => void = () => {};

  constructor(parts: OrderStreamParts) {
    this.#parts = parts;
    this.#endings = [
      parts.feed.onTransition((entry) => this.#take(entry)),
      parts.feed.onListening(() => this.#makeUp()),
    ];
  }

  /** To those who listen to all orders, every transition dated at this time or before was told. */
  get settled(): Date {
    return this.#settled;
  }

  /**
   * Reads the order, and calls `begin` in one step with it: who starts to listen there misses nothing after it.
   * @throws what reading throws
   */
  async join(orderId: string, begin: (record: OrderRecord | undefined) => void): Promise<void> {
    this.#joining.set(orderId, (this.#joining.get(orderId) ?? 0) + 1);
    this.#wake();
    const sequence = this.#sequenceOf(orderId);
    try {
      let record = await this.#read(orderId);
      // Others may have been told more than this reading has found.
      while (record && record.seq < (sequence.seq ?? 0)) record = await this.#read(orderId);
      if (record) sequence.advance(record);
      begin(record);
    } finally {
      const others = (this.#joining.get(orderId) ?? 1) - 1;
      if (others > 0) this.#joining.set(orderId, others);
      else this.#joining.delete(orderId);
      this.#forgetIfUnwanted(orderId);
    }
  }

  /** Tells that order's transitions from now on; returns what ends it. Begin with `join`. */
  listen(orderId: string, listener: OrderListener): () => void {
    const listeners = this.#listeners.get(orderId) ?? new Set();
    this.#listeners.set(orderId, listeners.add(listener));
    this.#wake();
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.#listeners.delete(orderId);
      this.#forgetIfUnwanted(orderId);
    };
  }

  /** Tells the transitions of all orders; returns what ends it. None is left out from when `ready` resolves. */
  listenToAll(listener: AllListener): () => void {
    const isFirst = this.#all.size === 0;
    this.#all.add(listener);
    this.#wake();
    if (isFirst) {
      this.#ready = this.#inTurn(() => this.#noteRecent());
      this.#ready.catch((error) => this.#warn(error));
    }
    return () => {
      this.#all.delete(listener);
      if (this.#all.size === 0) for (const id of this.#sequences.keys()) this.#forgetIfUnwanted(id);
    };
  }

  /** Resolves when those who listen to all are told everything. @throws what reading the changes throws */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Hears and asks nothing any more. */
  close(): void {
    for (const end of this.#endings) end();
    this.#cancelRound?.();
    this.#listeners.clear();
    this.#joining.clear();
    this.#all.clear();
    for (const id of [...this.#sequences.keys()]) this.#forgetIfUnwanted(id);
  }

  #take(entry: FeedTransition): void {
    const { orderId } = entry.transition;
    if (this.#all.size > 0) this.#sequenceOf(orderId).hear(entry);
    else this.#sequences.get(orderId)?.hear(entry);
  }

  #tell(entry: FeedTransition): void {
    for (const listener of this.#listeners.get(entry.transition.orderId) ?? []) listener(entry.transition);
    for (const listener of this.#all) listener(entry);
  }

  /** One reading for all who ask at the same time, as they do when an instance has died. */
  #read(orderId: string): Promise<OrderRecord | undefined> {
    const underWay = this.#readings.get(orderId);
    if (underWay) return underWay;
    const reading = this.#parts.read(orderId).finally(() => this.#readings.delete(orderId));
    this.#readings.set(orderId, reading);
    return reading;
  }

  #sequenceOf(orderId: string): OrderSequence {
    const known = this.#sequences.get(orderId);
    if (known) return known;
    const { clock, logger } = this.#parts;
    const sequence = new OrderSequence({
      orderId,
      read: () => this.#read(orderId),
      tell: (entry) => this.#tell(entry),
      // Who listens to all was told everything that is settled; to nobody else was anything told.
      toldBefore: (record) => (this.#all.size > 0 ? seqAt(record, this.#settled) : record.seq),
      clock,
      logger,
    });
    this.#sequences.set(orderId, sequence);
    return sequence;
  }

  #isListenedTo(orderId: string): boolean {
    return this.#listeners.has(orderId) || this.#joining.has(orderId);
  }

  #forgetIfUnwanted(orderId: string): void {
    if (this.#all.size > 0 || this.#isListenedTo(orderId)) return;
    this.#sequences.get(orderId)?.close();
    this.#sequences.delete(orderId);
  }

  /** Starts the rounds, unless they run. */
  #wake(): void {
    if (this.#cancelRound !== undefined) return;
    this.#settled = new Date(this.#parts.clock.now().getTime() - SETTLE_MS);
    this.#schedule();
  }

  #schedule(): void {
    this.#cancelRound = this.#parts.clock.after(ROUND_INTERVAL_MS, () => {
      if (this.#sequences.size + this.#listeners.size + this.#all.size === 0) {
        this.#cancelRound = undefined;
        return;
      }
      void this.#round().finally(() => this.#schedule());
    });
  }

  /** The bus hears again: what was published meanwhile was missed. */
  #makeUp(): void {
    if (this.#cancelRound === undefined) return;
    void this.#inTurn(async () => {
      const ids = [...this.#sequences.keys()].filter((id) => this.#isListenedTo(id));
      for (let at = 0; at < ids.length; at += PAGE)
        await this.#catchUp(await this.#parts.changes.changesOf(ids.slice(at, at + PAGE)));
    }).catch((error) => this.#warn(error));
    void this.#round();
  }

  /** One round; never rejects. */
  #round(): Promise<void> {
    return this.#inTurn(async () => {
      const startedAt = this.#parts.clock.now().getTime();
      await this.#eachRecent((changes) => this.#catchUp(changes));
      this.#settled = new Date(Math.max(startedAt - SETTLE_MS, this.#settled.getTime()));
      for (const [id, { movedAt }] of this.#sequences)
        if (movedAt <= this.#settled && !this.#isListenedTo(id)) {
          this.#sequences.get(id)?.close();
          this.#sequences.delete(id);
        }
      this.onSettled();
    }).catch((error) => this.#warn(error));
  }

  /** One after the other: two rounds at once would read everything twice. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#rounds.then(work);
    this.#rounds = result.catch(() => undefined);
    return result;
  }

  /** What was committed before anybody listened is told to nobody. */
  #noteRecent(): Promise<void> {
    return this.#eachRecent(async (changes) => {
      for (const { orderId, seq } of changes)
        if (!this.#sequences.has(orderId)) this.#sequenceOf(orderId).startAt(seq);
    });
  }

  async #eachRecent(visit: (changes: OrderChange[]) => Promise<void>): Promise<void> {
    let position = { updatedAt: this.#settled, orderId: '' };
    for (;;) {
      const changes = await this.#parts.changes.changedAfter(position, PAGE);
      await visit(changes);
      position = changes.at(-1) ?? position;
      if (changes.length < PAGE) return;
    }
  }

  async #catchUp(changes: OrderChange[]): Promise<void> {
    const behind = changes.filter(({ orderId, seq }) => {
      const told = this.#sequences.get(orderId)?.seq;
      return told === undefined ? this.#all.size > 0 || this.#joining.has(orderId) : told < seq;
    });
    for (let at = 0; at < behind.length; at += READINGS_AT_ONCE) {
      const some = behind.slice(at, at + READINGS_AT_ONCE).map(({ orderId, seq }) => {
        const sequence = this.#sequenceOf(orderId);
        sequence.hearOf(seq);
        return sequence.caughtUp();
      });
      await Promise.all(some);
    }
  }

  #warn(error: unknown): void {
    this.#parts.logger.warn({ error: messageOf(error) }, 'the feed cannot read what changed; trying again');
  }
}
