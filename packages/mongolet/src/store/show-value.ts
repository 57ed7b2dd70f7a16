/** Values as MongoDB's messages show them. */
import { Binary, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import type { Doc, Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';

/** Shows a value in the notation of MongoDB's own error messages. */
export function showValue(value: Value): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Double) return showDouble(value.value);
  if (value instanceof Int32 || value instanceof Long) return value.toString();
  if (value instanceof Decimal128) return `Decimal128('${value.toString()}')`;
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`;
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  if (value instanceof Binary) return `BinData(${value.sub_type}, ${value.toString('hex').toUpperCase()})`;
  if (Array.isArray(value)) return `[ ${value.map(showValue).join(', ')} ]`;
  if ('_bsontype' in value) return JSON.stringify(value);
  const doc = value as Doc;
  const fields = keysOf(doc).map((key) => `${key}: ${showValue(doc[key])}`);
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}

function showDouble(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
