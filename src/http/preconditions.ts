/** The headers that guard a write: `Idempotency-Key` against doing it twice, `If-Match` against doing it blindly. */
import { TerminalError } from '../platform/errors.ts';
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

/**
 * The seq that a command must find; undefined where `If-Match` asks for none (absent, or `*`).
 * @throws TerminalError `precondition-failed` when no tag of it is that of the current seq.
 */
export function matchingSeq(ifMatch: string, seq: number): number | undefined {
  if (ifMatch === '' || ifMatch.trim() === '*') return undefined;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(`"${seq}"`)) throw new TerminalError('precondition-failed', '');
  return seq;
}
