/** The chain over an order's history: every entry carries a hash of itself and of the entry before. Pure. */
import { hash } from 'node:crypto';
import type { HistoryEntry } from '../machines/actor-record.ts';

type Unchained = Omit<HistoryEntry, 'hash'>;

/** The escapes of surrogates without a partner, and escaped backslashes, which must not be taken for their beginning. */
const LONE_SURROGATES = /\\\\|\\ud[89a-f][0-9a-f]{2}/g;

/**
 * The text that is hashed. Its fields stand in an order of their own, what is inside them as it was stored. MongoDB
 * keeps no lone surrogates, so they count as what becomes of them there.
 */
function canonical(previous: string, entry: Unchained): string {
  const { seq, at, type, event, from, to, final, by, commandId, emitted, reason } = entry;
  const text = JSON.stringify([
    previous,
    [seq, at, type, event, from, to, final, by.role, by.userId, commandId, emitted, reason],
  ]);
  if (!text.includes('\\ud')) return text;
  return text.replace(LONE_SURROGATES, (found) => (found === '\\\\' ? found : '\ufffd'));
}

const hashOf = (entry: Unchained, previous: string) =>
  hash('sha256', canonical(previous, entry), 'base64url');

/** The entry with its hash: the SHA-256, in base64url, of itself and of the hash of the entry `before` it. */
export function chained(entry: Unchained, before: HistoryEntry | undefined): HistoryEntry {
  const { seq, ...told } = entry;
  // V8 is slow to add to what begins as a copy, here and wherever the runtime makes its records: a name stands first.
  return { seq, ...told, hash: hashOf(entry, before?.hash ?? '') };
}

/** What a look at a history found. */
export interface Verified {
  /** Nothing was edited, removed, added or moved, as far as the entries are chained. */
  intact: boolean;
  /** The seq of the first entry that is not what it was, or not there. */
  brokenAt?: number;
  /** The seq of the first entry that carries a hash; absent when none does, as in orders of older versions. */
  chainedFrom?: number;
}

/** Computes the chain again. @param seq the order's own: its last transition must be there */
export function verifyChain(history: readonly HistoryEntry[], seq: number): Verified {
  const chainedFrom = history.find((entry) => entry.hash !== undefined)?.seq;
  const from = chainedFrom === undefined ? {} : { chainedFrom };
  let previous: string | undefined;
  for (let wanted = 1; wanted <= Math.max(seq, history.length); wanted += 1) {
    const entry = history[wanted - 1];
    // Where the chain has begun, an entry without a hash is a hash taken away.
    const isAsHashed =
      entry?.hash === undefined ? previous === undefined : entry.hash === hashOf(entry, previous ?? '');
    if (entry?.seq !== wanted || wanted > seq || !isAsHashed)
      return { intact: false, brokenAt: wanted, ...from };
    previous = entry.hash;
  }
  return { intact: true, ...from };
}
