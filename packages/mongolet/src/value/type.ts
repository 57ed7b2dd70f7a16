/** What BSON type a value has, and where that type stands in BSON's order. */
import type { Doc, Value } from './document.ts';

/** BSON type numbers as `$type` knows them; 0 stands for a missing value. */
export const TYPE = {
  missing: 0,
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  undefined: 6,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  dbPointer: 12,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  minKey: -1,
  maxKey: 127,
} as const;

/** The deprecated BSON type `undefined`; also what an index holds for an empty array. It sorts before null. */
class BsonUndefined {
  get _bsontype(): 'Undefined' {
    return 'Undefined';
  }
}

/** The one instance of BSON's `undefined`. JavaScript's `undefined` means a missing field instead. */
export const BSON_UNDEFINED = new BsonUndefined();

const BY_TAG: { [tag: string]: number } = {
  Int32: TYPE.int,
  Double: TYPE.double,
  Long: TYPE.long,
  ObjectId: TYPE.objectId,
  Decimal128: TYPE.decimal,
  Binary: TYPE.binData,
  Timestamp: TYPE.timestamp,
  BSONRegExp: TYPE.regex,
  MinKey: TYPE.minKey,
  MaxKey: TYPE.maxKey,
  BSONSymbol: TYPE.symbol,
  Undefined: TYPE.undefined,
  DBRef: TYPE.object,
};

/** Says whether a value is an embedded document (and not one of the BSON classes, an array or a date). */
export function isDoc(value: Value | undefined): value is Doc {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Returns the BSON type number of a value; native numbers count as what they would be stored as. */
export function typeOf(value: Value | undefined): number {
  switch (typeof value) {
    case 'string':
      return TYPE.string;
    case 'number':
      return isInt32(value) ? TYPE.int : TYPE.double;
    case 'boolean':
      return TYPE.bool;
    case 'bigint':
      return TYPE.long;
    case 'object':
      return value === null ? TYPE.null : typeOfObject(value);
    case 'undefined':
      return TYPE.missing;
    default:
      throw new TypeError(`a ${typeof value} is not a BSON value`);
  }
}

function typeOfObject(value: object): number {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return TYPE.object;
  if (Array.isArray(value)) return TYPE.array;
  const tag = (value as { _bsontype?: unknown })._bsontype;
  if (typeof tag === 'string') {
    if (tag === 'Code')
      return (value as { scope?: unknown }).scope ? TYPE.javascriptWithScope : TYPE.javascript;
    const type = BY_TAG[tag];
    if (type !== undefined) return type;
  }
  if (value instanceof Date) return TYPE.date;
  if (value instanceof Uint8Array) return TYPE.binData;
  if (value instanceof RegExp) return TYPE.regex;
  if (value instanceof Map) return TYPE.object;
  throw new TypeError(`${String(tag ?? value.constructor?.name)} is not a BSON value`);
}

/** Says whether a JavaScript number is stored as a 32-bit integer. */
export function isInt32(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0);
}

/** BSON's canonical order of types; types that compare with each other share a number. */
const CANONICAL = new Map<number, number>([
  [TYPE.minKey, -1],
  [TYPE.missing, 0],
  [TYPE.undefined, 0],
  [TYPE.null, 5],
  [TYPE.double, 10],
  [TYPE.int, 10],
  [TYPE.long, 10],
  [TYPE.decimal, 10],
  [TYPE.string, 15],
  [TYPE.symbol, 15],
  [TYPE.object, 20],
  [TYPE.array, 25],
  [TYPE.binData, 30],
  [TYPE.objectId, 35],
  [TYPE.bool, 40],
  [TYPE.date, 45],
  [TYPE.timestamp, 47],
  [TYPE.regex, 50],
  [TYPE.dbPointer, 55],
  [TYPE.javascript, 60],
  [TYPE.javascriptWithScope, 65],
  [TYPE.maxKey, 127],
]);

const CANONICAL_BY_TYPE = Array.from({ length: 129 }, (_, i) => CANONICAL.get(i - 1) ?? 0);

/** Returns the place of a type number in BSON's order. */
export function canonicalOfType(type: number): number {
  return CANONICAL_BY_TYPE[type + 1] as number;
}

/** Returns the place of a value's type in BSON's order; values of different places never compare as equal. */
export function bracketOf(value: Value | undefined): number {
  return canonicalOfType(typeOf(value));
}

/** Says whether a value is one of the four number types. */
export function isNumber(value: Value | undefined): boolean {
  return bracketOf(value) === 10;
}

const TYPE_NAMES = new Map<number, string>(Object.entries(TYPE).map(([name, type]) => [type, name]));

/** Returns the name of a value's type as MongoDB writes it in messages and takes it in `$type`. */
export function typeNameOf(value: Value | undefined): string {
  return TYPE_NAMES.get(typeOf(value)) ?? 'unknown';
}
