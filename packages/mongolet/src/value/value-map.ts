/** A map from BSON values, equal as MongoDB says: 1 and 1.0 are one key, and by a collation 'a' and 'A' may be. */
import { type Collation, foldValue } from './collation.ts';
import { equalValues } from './compare.ts';
import type { Value } from './document.ts';
import { encodeKey } from './key.ts';

interface Slot<T> {
  readonly key: Value | undefined;
  readonly content: T;
}

/** Remembers something for each different value; a missing one is different from null. */
export class ValueMap<T> {
  readonly #collation: Collation | undefined;
  readonly #slots = new Map<string, Slot<T>[]>();
  readonly #inOrder: T[] = [];

  constructor(collation: Collation | undefined) {
    this.#collation = collation;
  }

  /** What is remembered for `key`, made now if it is new. */
  ensure(key: Value | undefined, make: () => T): T {
    const collation = this.#collation;
    const identity =
      key === undefined
        ? 'missing'
        : encodeKey([collation ? foldValue(key, collation) : key]).toString('latin1');
    const slots = this.#slots.get(identity);
    // Without a collation the identity is exact.
    const known = collation ? slots?.find((slot) => equalValues(slot.key, key, collation)) : slots?.[0];
    if (known) return known.content;
    const slot = { key, content: make() };
    if (slots) slots.push(slot);
    else this.#slots.set(identity, [slot]);
    this.#inOrder.push(slot.content);
    return slot.content;
  }

  /** All that is remembered, in the order of the first appearance of its key. */
  values(): readonly T[] {
    return this.#inOrder;
  }
}
