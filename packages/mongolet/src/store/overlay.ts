/** The writes of a transaction to one table, in order of their keys, until they are committed. */
import type { Entry, KeyRange, ScanOptions } from './snapshot.ts';

/** A key with what the transaction wrote there; undefined where it removed the entry. */
export interface Change {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/** A sorted list: transactions are small, and moving pointers is cheap also where they are not. */
export class Overlay {
  readonly #changes: Change[] = [];
  /** Grows with every new key, so that a running scan knows that positions have moved. */
  #version = 0;

  /** What was written at `key`, if anything was. */
  get(key: Buffer): Change | undefined {
    const change = this.#changes[this.#positionOf(key)];
    return change?.key.equals(key) ? change : undefined;
  }

  /** Writes or, without a value, removes. */
  set(key: Buffer, value: Buffer | undefined): void {
    const position = this.#positionOf(key);
    const isKnown = this.#changes[position]?.key.equals(key) === true;
    this.#changes.splice(position, isKnown ? 1 : 0, { key, value });
    if (!isKnown) this.#version += 1;
  }

  /** All changes by key, or those of a range. */
  *changes(range?: KeyRange, reverse = false): Generator<Change> {
    let position = this.#startOf(range, reverse);
    for (;;) {
      const change = this.#changes[position];
      if (!change || (range && isOutside(change.key, range))) return;
      const version = this.#version;
      yield change;
      if (version !== this.#version) position = this.#positionOf(change.key);
      position += reverse ? -1 : 1;
    }
  }

  /** Merges the changes of a range into the entries that were there before. */
  *merge(before: Generator<Entry>, range: KeyRange, options: ScanOptions): Generator<Entry> {
    const changes = this.changes(range, options.reverse);
    const sign = options.reverse ? -1 : 1;
    try {
      let entry = before.next().value as Entry | undefined;
      let change = changes.next().value as Change | undefined;
      while (entry || change) {
        const order = !entry ? 1 : !change ? -1 : entry.key.compare(change.key) * sign;
        if (entry && order < 0) {
          yield entry;
        } else if (change?.value) {
          yield { key: change.key, value: change.value };
        }
        if (order <= 0) entry = before.next().value as Entry | undefined;
        if (order >= 0) change = changes.next().value as Change | undefined;
      }
    } finally {
      before.return(undefined);
    }
  }

  #startOf(range: KeyRange | undefined, reverse: boolean): number {
    if (!range) return reverse ? this.#changes.length - 1 : 0;
    return reverse ? this.#positionOf(range.high) - 1 : this.#positionOf(range.low);
  }

  /** The place of the first key that is not less than `key`. */
  #positionOf(key: Buffer): number {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.key.compare(key) ?? 0) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isOutside(key: Buffer, { low, high }: KeyRange): boolean {
  return key.compare(low) < 0 || key.compare(high) >= 0;
}
