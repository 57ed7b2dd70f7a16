/** Values as text, the way MongoDB quotes them in messages. */
import type { Decimal128, ObjectId } from 'bson';
import { keysOf, type Value } from './document.ts';
import { isDoc, isNumber, TYPE, typeNameOf, typeOf } from './type.ts';

/** Returns a short text for a value; long ones are cut. */
export function textOfValue(value: Value | undefined): string {
  const text = fullText(value, 0);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

function fullText(value: Value | undefined, depth: number): string {
  if (value === undefined) return 'MISSING';
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (depth > 3) return '...';
  if (Array.isArray(value)) {
    return value.length === 0
      ? '[]'
      : `[ ${value
          .slice(0, 20)
          .map((v) => fullText(v, depth + 1))
          .join(', ')} ]`;
  }
  if (isDoc(value)) {
    const fields = keysOf(value).slice(0, 20);
    return fields.length === 0
      ? '{}'
      : `{ ${fields.map((k) => `${k}: ${fullText(value[k], depth + 1)}`).join(', ')} }`;
  }
  switch (typeOf(value)) {
    case TYPE.objectId:
      return `ObjectId('${(value as ObjectId).toHexString()}')`;
    case TYPE.decimal:
      return (value as Decimal128).toString();
    case TYPE.date:
      return `new Date(${(value as Date).getTime()})`;
    default:
      return isNumber(value) || typeof value === 'boolean' ? String(value) : typeNameOf(value);
  }
}
