/** The way between BSON values and the plain ones that mingo computes with. */
import { Double, Int32, Long } from 'bson';
import { type Doc, keysOf, setField, type Value } from '../value/document.ts';
import { isDoc } from '../value/type.ts';

/** Numbers become JavaScript's; everything else stays the instance that it is. */
export function toPlain(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Int32 || value instanceof Double) return value.value;
  // Beyond 2^53 this loses digits: a double is all that mingo has.
  if (value instanceof Long) return value.toNumber();
  if (Array.isArray(value)) return value.map(toPlain);
  if (!isDoc(value)) return value;
  const plain: Doc = {};
  for (const key of keysOf(value)) setField(plain, key, toPlain(value[key]));
  return plain;
}

/** Whole numbers become int or long, as the results of MongoDB's integer arithmetic are; others doubles. */
export function fromPlain(value: Value): Value {
  if (typeof value === 'number') return numberFromPlain(value);
  if (typeof value === 'bigint') return Long.fromBigInt(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof RegExp || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((element: Value) => fromPlain(element ?? null));
  if (!isDoc(value)) return value;
  const doc: Doc = {};
  for (const key of keysOf(value)) {
    const field = fromPlain(value[key]);
    if (field !== undefined) setField(doc, key, field);
  }
  return doc;
}

function numberFromPlain(value: number): Value {
  if (!Number.isInteger(value) || Object.is(value, -0)) return new Double(value);
  if (Math.abs(value) < 2 ** 31) return new Int32(value);
  return Number.isSafeInteger(value) ? Long.fromNumber(value) : new Double(value);
}
