/** Resume tokens: a position in the change log, and what stands there. To clients they are opaque. */
import { MongoletError } from '../errors.ts';
import type { Doc, Value } from '../value/codec.ts';
import { isDoc } from '../value/type.ts';

const POSITION_DIGITS = 24;
const KINDS = ['mark', 'event', 'invalidate'] as const;

/** `mark`: everything up to here was seen; `event`: this one was; `invalidate`: and the stream ended with it. */
export type TokenKind = (typeof KINDS)[number];

/** A token, read. */
export interface ResumePoint {
  readonly position: Buffer;
  readonly kind: TokenKind;
}

/** The token of a position. */
export function tokenOf(position: Buffer, kind: TokenKind): Doc {
  return { _data: `${position.toString('hex')}0${KINDS.indexOf(kind)}`.toUpperCase() };
}

/** Reads a token that a client gave; anything but one of ours is refused (260). */
export function readToken(token: Value, option: string): ResumePoint {
  const data = isDoc(token) ? token._data : undefined;
  const match = typeof data === 'string' ? /^([0-9A-F]{24})0([0-2])$/.exec(data) : undefined;
  const kind = KINDS[Number(match?.[2])];
  if (!match?.[1] || !kind) {
    throw new MongoletError(260, `'${option}' is no resume token of this server: expected {_data: "<hex>"}`, {
      codeName: 'InvalidResumeToken',
    });
  }
  return { position: Buffer.from(match[1].slice(0, POSITION_DIGITS), 'hex'), kind };
}
