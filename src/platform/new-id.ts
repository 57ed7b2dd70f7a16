/** Ids that are unique everywhere and stand in the order of their making. */
import { v7 } from 'uuid';
import type { Clock } from './clock.ts';

const ID_BYTES = 16;
/** Bytes drawn at once: to draw costs several times as much as all the rest of an id. */
const DRAWN_BYTES = 256 * ID_BYTES;

/**
 * Makes ids: UUIDs of version 7. Those of one maker and one millisecond are counted on from a random number, so that
 * they are in order too.
 */
export function createNewId(clock: Clock): () => string {
  const drawn = new Uint8Array(DRAWN_BYTES);
  let used = DRAWN_BYTES;
  const rng = () => {
    if (used === DRAWN_BYTES) crypto.getRandomValues(drawn);
    const from = used % DRAWN_BYTES;
    used = from + ID_BYTES;
    return drawn.subarray(from, used);
  };
  // From the lower half of its range, so that it does not begin anew at once.
  let seq = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) >>> 1;
  return () => {
    seq = (seq + 1) >>> 0;
    return v7({ rng, seq, msecs: clock.now().getTime() });
  };
}
