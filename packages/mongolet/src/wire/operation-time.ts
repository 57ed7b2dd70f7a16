/**
 * `operationTime`, which drivers ask for as `afterClusterTime` in causally consistent sessions, and from which a change
 * stream may start. A read here sees every write that was acknowledged before it.
 */
import { lastTime } from '../store/cluster-time.ts';

const NAME = Buffer.from('operationTime\0');
const TYPE_TIMESTAMP = 0x11;
const VALUE_AT = 1 + NAME.length;

const element = Buffer.concat([Buffer.of(TYPE_TIMESTAMP), NAME, Buffer.alloc(8)]);

/** The time of the last write as an element of a document; the caller copies it. */
export function operationTime(): Buffer {
  const { t, i } = lastTime();
  element.writeUInt32LE(i, VALUE_AT);
  element.writeUInt32LE(t, VALUE_AT + 4);
  return element;
}
