/** What was written over a table and is not in it: by a transaction until it commits, or since the last checkpoint. */
import sortedBtree from 'sorted-btree';
import type { Entry, KeyRange, ScanOptions } from './snapshot.ts';

/** What was written at a key. */
export interface Change<TValue> {
  /** Undefined where the entry was removed. */
  readonly value: TValue | undefined;
  /** Whether the table has an entry there. */
  readonly wasThere: boolean;
}

const BTree = sortedBtree.default;
type ChangesByName<TValue> = InstanceType<typeof BTree<string, Change<TValue>>>;

/** Strings of one byte a character sort as their bytes do, and compare faster. */
const nameOf = (key: Buffer): string => key.toString('latin1');
const keyOf = (name: string): Buffer => Buffer.from(name, 'latin1');

/** Changes in order of their keys; `TValue` stands for the bytes of a value. */
export class Overlay<TValue> {
  readonly #changes: ChangesByName<TValue>;

  constructor(changes: ChangesByName<TValue> = new BTree<string, Change<TValue>>()) {
    this.#changes = changes;
  }

  /** How many entries it changes. */
  get size(): number {
    return this.#changes.size;
  }

  /** The same changes, which stay as they are; the two share what neither changes. */
  freeze(): Overlay<TValue> {
    return new Overlay(this.#changes.clone());
  }

  /** What was written at `key`, if anything was. */
  get(key: Buffer): Change<TValue> | undefined {
    return this.#changes.get(nameOf(key));
  }

  /** Writes or, without a value, removes; `isThere` is whether there is an entry before this change. */
  set(key: Buffer, value: TValue | undefined, isThere: boolean): void {
    const name = nameOf(key);
    const wasThere = this.#changes.get(name)?.wasThere ?? isThere;
    this.#changes.set(name, { value, wasThere });
  }

  /** Whether it changes anything in a range. */
  touches({ low, high }: KeyRange): boolean {
    const next = this.#changes.getPairOrNextHigher(nameOf(low));
    return next !== undefined && next[0] < nameOf(high);
  }

  /** All changes by key, or those of a range; it may not be written meanwhile. */
  *changes(range?: KeyRange, reverse = false): Generator<Change<TValue> & { key: Buffer }> {
    const low = range && nameOf(range.low);
    const high = range && nameOf(range.high);
    const pairs = reverse ? this.#changes.entriesReversed(high, [], true) : this.#changes.entries(low, []);
    for (const [name, { value, wasThere }] of pairs) {
      if (reverse ? low !== undefined && name < low : high !== undefined && name >= high) return;
      yield { key: keyOf(name), value, wasThere };
    }
  }

  /** How many entries more, or fewer, a range has by these changes. */
  growth(range: KeyRange): number {
    let growth = 0;
    for (const { value, wasThere } of this.changes(range))
      growth += (value === undefined ? 0 : 1) - (wasThere ? 1 : 0);
    return growth;
  }

  /** Merges the changes of a range into the entries that were there before. It may not be written meanwhile. */
  *merge(
    before: Generator<Entry>,
    range: KeyRange,
    { reverse }: ScanOptions,
    read: (value: TValue) => Buffer,
  ): Generator<Entry> {
    const changes = this.changes(range, reverse);
    const sign = reverse ? -1 : 1;
    try {
      let entry = before.next().value as Entry | undefined;
      let change = changes.next().value as (Change<TValue> & { key: Buffer }) | undefined;
      while (entry || change) {
        const order = !entry ? 1 : !change ? -1 : entry.key.compare(change.key) * sign;
        if (entry && order < 0) {
          yield entry;
        } else if (change?.value !== undefined) {
          yield { key: change.key, value: read(change.value) };
        }
        if (order <= 0) entry = before.next().value as Entry | undefined;
        if (order >= 0) change = changes.next().value as (Change<TValue> & { key: Buffer }) | undefined;
      }
    } finally {
      before.return(undefined);
    }
  }
}
