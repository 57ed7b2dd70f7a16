/**
 * Documents as plain objects, with the two things plain objects get wrong put right: the order of integer-like
 * keys, and names that `Object.prototype` already has.
 */

export type Value = unknown;
export type Doc = { [key: string]: Value };

/**
 * Holds the true order of a document's keys where JavaScript would not keep it (integer-like keys come first there).
 * It is an enumerable symbol so that `{...doc}` keeps it; keys removed since are skipped, new ones come last.
 */
export const KEY_ORDER: unique symbol = Symbol('mongolet.keyOrder');

type Ordered = Doc & { [KEY_ORDER]?: readonly string[] };

/** Says whether JavaScript treats `key` as an array index and hence moves it to the front of an object. */
export function isIntegerLike(key: string): boolean {
  const first = key.charCodeAt(0);
  if (!(first >= 48 && first <= 57) || key.length > 10) return false;
  if (first === 48) return key.length === 1;
  for (let i = 1; i < key.length; i++) {
    const c = key.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return Number(key) < 4294967295;
}

/** Returns the keys of `doc` in the document's own order. */
export function keysOf(doc: Doc): readonly string[] {
  const order = (doc as Ordered)[KEY_ORDER];
  const keys = Object.keys(doc);
  if (order === undefined) return keys;
  const known = new Set(order);
  const kept = order.filter((key) => Object.hasOwn(doc, key));
  for (const key of keys) if (!known.has(key)) kept.push(key);
  return kept;
}

/** Returns the value of `key`, or undefined when the document has no such field of its own. */
export function getField(doc: Doc, key: string): Value | undefined {
  const value = doc[key];
  // Everything that a plain object inherits is a function or Object.prototype itself, and no BSON value is either.
  return typeof value === 'function' || value === Object.prototype ? undefined : value;
}

/** Sets `key` in `doc` in place: an existing field keeps its place, a new one comes last. */
export function setField(doc: Doc, key: string, value: Value): void {
  if (isIntegerLike(key) && (doc as Ordered)[KEY_ORDER] === undefined && !Object.hasOwn(doc, key)) {
    const keys = Object.keys(doc);
    const last = keys.at(-1);
    // With nothing but smaller integers before it, JavaScript's own order is already right.
    if (last !== undefined && !(isIntegerLike(last) && Number(last) < Number(key))) {
      (doc as Ordered)[KEY_ORDER] = [...keys, key];
    }
  } else if ((doc as Ordered)[KEY_ORDER] !== undefined && !Object.hasOwn(doc, key)) {
    (doc as Ordered)[KEY_ORDER] = [...keysOf(doc), key];
  }
  defineField(doc, key, value);
}

/** Assigns without looking at the order; `__proto__` becomes a field like any other. */
export function defineField(doc: Doc, key: string, value: Value): void {
  if (key === '__proto__') {
    Object.defineProperty(doc, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    doc[key] = value;
  }
}

/** Records `keys` as the order of `doc`'s fields. */
export function setKeyOrder(doc: Doc, keys: readonly string[]): void {
  (doc as Ordered)[KEY_ORDER] = keys;
}

/** Removes `key` from `doc` in place, from its order too, so that setting it again puts it last. */
export function removeField(doc: Doc, key: string): void {
  delete doc[key];
  const order = (doc as Ordered)[KEY_ORDER];
  if (order !== undefined) (doc as Ordered)[KEY_ORDER] = order.filter((known) => known !== key);
}

/** Returns a shallow copy with the same order of keys. */
export function copyDoc(doc: Doc): Doc {
  return { ...doc };
}

/** Returns a document with these fields in this order. */
export function docOf(entries: Iterable<readonly [string, Value]>): Doc {
  const doc: Doc = {};
  for (const [key, value] of entries) setField(doc, key, value);
  return doc;
}
