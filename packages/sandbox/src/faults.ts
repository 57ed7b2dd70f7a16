/** Faults on purpose: how often which operation goes wrong, and how; drawn from a seed. */
import { z } from 'zod';

/** What a request is about, as fault rules name it. */
export const OPERATIONS = ['capture', 'lookUp', 'void', 'refund', 'book', 'recall', 'track'] as const;

export type Operation = (typeof OPERATIONS)[number];

const rate = z.number().min(0).max(1);

/**
 * `error`: nothing is done, 503. `timeout`: nothing is done, and no answer comes. `lostReply`: it is done, and the
 * connection ends without an answer. `slow`: it is done, and answered late. Of webhooks, `repeat`: delivered twice;
 * `delay`: delivered later, and so out of order.
 */
export const faultRule = z.discriminatedUnion('operation', [
  z.strictObject({
    operation: z.enum(OPERATIONS),
    kind: z.enum(['error', 'timeout', 'lostReply', 'slow']),
    rate,
  }),
  z.strictObject({ operation: z.literal('webhook'), kind: z.enum(['repeat', 'delay']), rate }),
]);

export type FaultRule = z.output<typeof faultRule>;

/** A fault that strikes; `measure` is uniform in [0, 1): how much of it, where that can vary. */
export type Strikes<TKind extends string = FaultRule['kind']> = Partial<Record<TKind, number>>;

/** The rules, and the dice. The same seed and the same calls of an operation, in order, meet the same faults. */
export interface Faults {
  /** Replaces the rule of that operation and kind; the rate 0 ends it. */
  set(rule: FaultRule): void;
  list(): FaultRule[];
  /** What strikes the next call of that operation. */
  draw(operation: FaultRule['operation']): Strikes;
}

/** No faults, until some are set. */
export function createFaults(seed: number): Faults {
  const rules = new Map<string, { rule: FaultRule; next: () => number }>();
  return {
    set(rule) {
      const name = `${rule.operation}/${rule.kind}`;
      if (rule.rate === 0) rules.delete(name);
      else rules.set(name, { rule, next: rules.get(name)?.next ?? createDice(seed, name) });
    },
    list: () => [...rules.values()].map(({ rule }) => rule),
    draw(operation) {
      const strikes: Strikes = {};
      for (const { rule, next } of rules.values()) {
        if (rule.operation !== operation) continue;
        const drawn = next();
        if (drawn < rule.rate) strikes[rule.kind] = drawn / rule.rate;
      }
      return strikes;
    },
  };
}

/** Mulberry32, begun from the seed and a hash (FNV-1a) of the name: each rule has dice of its own. */
function createDice(seed: number, name: string): () => number {
  let state = 0x811c9dc5 ^ seed;
  for (const character of name) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
