/** The headers that guard a write: `Idempotency-Key` against doing it twice, `If-Match` against doing it blindly. */
import type { Context } from './context.ts';
import { InvalidRequest } from './faults.ts';

/** Printable ASCII, as the values of headers are. */
const KEY = /^[!-~]{1,255}$/;

/**
 * The client's own name for this write; undefined where it gave none.
 * @throws InvalidRequest when it is longer than 255 characters, or holds blanks.
 */
export function idempotencyKeyIn(ctx: Context): string | undefined {
  const key = ctx.get('idempotency-key');
  if (key === '') return undefined;
  if (!KEY.test(key)) throw new InvalidRequest([{ pointer: '/headers/idempotency-key', code: 'invalid' }]);
  return key;
}

/** No order is ever there: seqs begin at 1. */
const NOWHERE = 0;

/**
 * The seq that a command must find; undefined where `If-Match` asks for none (absent, or `*`). Where no tag of it is
 * that of the current seq, it is one that no order has: a new command is then refused, and a repeated one found done.
 */
export function expectedSeq(ifMatch: string, seq: number): number | undefined {
  if (ifMatch === '' || ifMatch.trim() === '*') return undefined;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  return tags.includes(`"${seq}"`) ? seq : NOWHERE;
}
