/** One order as this instance tells it: every transition once, in order, without a gap. */
import { transitionsAfter } from '../machines/order-history.ts';
import type { OrderRecord } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { FeedTransition } from '../ports/order-actors.ts';

/** What a sequence needs. */
export interface SequenceParts {
  orderId: string;
  /** The order as committed. */
  read: () => Promise<OrderRecord | undefined>;
  tell: (entry: FeedTransition) => void;
  /** The seq up to which the order was told before this sequence began. */
  toldBefore: (record: OrderRecord) => number;
  clock: Clock;
  logger: Logger;
}

/** Readings that bring nothing new before what was heard is taken for a mistake. */
const MAX_VAIN_READINGS = 8;

/** Waits between readings that did not bring what must be there: 50 ms at first, 5 s at most. */
const rereadDelayMs = (attempt: number) => Math.min(50 * 2 ** attempt, 5_000);

/**
 * The next transition is told at once, an earlier one dropped; on a later one the committed record tells what
 * lies between. The record is the source: what is heard only says that there is something new.
 */
export class OrderSequence {
  readonly #parts: SequenceParts;
  #seq: number | undefined;
  /** The lowest seq that came, and the highest one heard of. */
  #came = Number.POSITIVE_INFINITY;
  #heard = 0;
  #reading: Promise<void> | undefined;
  #closed = false;
  /** When it last moved: as the transition is dated, or as this instance told it, whichever is later. */
  movedAt: Date;

  constructor(parts: SequenceParts) {
    this.#parts = parts;
    this.movedAt = parts.clock.now();
  }

  /** The seq told last; undefined until the first is known. */
  get seq(): number | undefined {
    return this.#seq;
  }

  /** Takes a transition, whenever and however often it comes. */
  hear(entry: FeedTransition): void {
    const { seq } = entry.transition;
    if (this.#closed || (this.#seq !== undefined && seq <= this.#seq)) return;
    if (this.#reading === undefined && seq === (this.#seq ?? 0) + 1) this.#tell(entry);
    else {
      this.#came = Math.min(this.#came, seq);
      this.hearOf(seq);
    }
  }

  /** Takes the word that the order is at that seq; reads what is missing up to there. */
  hearOf(seq: number): void {
    this.#heard = Math.max(this.#heard, seq);
    if (this.#closed || this.#reading || this.#heard <= (this.#seq ?? 0)) return;
    this.#reading = this.#catchUp().finally(() => {
      this.#reading = undefined;
    });
  }

  /** The order was told up to `seq` already; means nothing once anything is known. */
  startAt(seq: number): void {
    this.#seq ??= seq;
  }

  /** Tells what the record has and was not told yet. */
  advance(record: OrderRecord): void {
    // What comes now was not told before, whatever its date says.
    const told = this.#seq ?? Math.min(this.#parts.toldBefore(record), this.#came - 1);
    this.#seq = told;
    const { customerId } = record.input;
    for (const transition of transitionsAfter(record, told)) this.#tell({ customerId, transition });
  }

  /** Resolves when everything heard of so far was told, or the sequence closed. */
  async caughtUp(): Promise<void> {
    while (this.#reading !== undefined) await this.#reading;
  }

  /** Tells nothing any more. */
  close(): void {
    this.#closed = true;
  }

  #tell(entry: FeedTransition): void {
    if (this.#closed) return;
    this.#seq = entry.transition.seq;
    this.movedAt = new Date(Math.max(Date.parse(entry.transition.at), this.#parts.clock.now().getTime()));
    this.#parts.tell(entry);
  }

  async #catchUp(): Promise<void> {
    const { orderId, read, clock, logger } = this.#parts;
    let vain = 0;
    for (let attempt = 0; !this.#closed; attempt++) {
      try {
        const record = await read();
        if (record) this.advance(record);
        vain++;
        if (vain > MAX_VAIN_READINGS) {
          logger.error(
            { orderId, heard: this.#heard, seq: this.#seq },
            'the feed heard of what is not there',
          );
          this.#heard = 0;
        }
        if (this.#heard <= (this.#seq ?? 0)) return;
      } catch (error) {
        logger.warn({ orderId, error: messageOf(error) }, 'the feed cannot read an order; trying again');
      }
      if (!this.#closed) await new Promise<void>((resolve) => clock.after(rereadDelayMs(attempt), resolve));
    }
  }
}
