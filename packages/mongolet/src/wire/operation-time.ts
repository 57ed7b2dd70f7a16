/**
 * `operationTime`, which drivers ask for as `afterClusterTime` in causally consistent sessions. A read here sees every
 * write that was acknowledged before it, so any time will do that grows.
 */

const NAME = Buffer.from('operationTime\0');
const TYPE_TIMESTAMP = 0x11;
const VALUE_AT = 1 + NAME.length;

const element = Buffer.concat([Buffer.of(TYPE_TIMESTAMP), NAME, Buffer.alloc(8)]);
let seconds = 0;
let increment = 0;

/** The next time as an element of a document; the caller copies it. */
export function nextOperationTime(): Buffer {
  const now = Math.floor(Date.now() / 1000);
  if (now > seconds) {
    seconds = now;
    increment = 0;
  }
  increment += 1;
  element.writeUInt32LE(increment, VALUE_AT);
  element.writeUInt32LE(seconds, VALUE_AT + 4);
  return element;
}
