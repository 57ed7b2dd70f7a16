/** Operators on strings. Upper and lower case are ASCII's, as MongoDB has them. */
import { Int32 } from 'bson';
import { MongoletError } from '../../errors.ts';
import type { Value } from '../../value/document.ts';
import { toExactInteger } from '../../value/number.ts';
import { compareStrings } from '../../value/string.ts';
import { isNumber, TYPE, typeNameOf, typeOf } from '../../value/type.ts';
import { plainText } from './conversion.ts';
import {
  intOperand,
  isNullish,
  namedOperands,
  type OperatorCompiler,
  type OperatorTable,
  operator,
  unary,
} from './operands.ts';

/** What MongoDB trims where it is told nothing else. */
const WHITESPACE = [
  ...'\0\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
];

function stringOperand(value: Value | undefined, code: number, name: string): string {
  if (typeof value === 'string') return value;
  throw new MongoletError(code, `${name} requires a string argument, found: ${typeNameOf(value)}`);
}

/** Null is the empty string here; numbers and dates have a text. */
function coerced(value: Value | undefined, name: string): string {
  if (isNullish(value)) return '';
  const type = typeOf(value);
  if (type === TYPE.string || type === TYPE.date || isNumber(value)) return plainText(value);
  throw new MongoletError(16007, `can't convert from BSON type ${typeNameOf(value)} to String in ${name}`);
}

function concat(values: (Value | undefined)[]): Value {
  if (values.some(isNullish)) return null;
  for (const value of values) {
    if (typeof value === 'string') continue;
    throw new MongoletError(16702, `$concat only supports strings, not ${typeNameOf(value)}`);
  }
  return values.join('');
}

function toLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function toUpper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function split([text, separator]: (Value | undefined)[], name: string): Value {
  if (isNullish(text) || isNullish(separator)) return null;
  const by = stringOperand(separator, 40086, name);
  if (by === '') throw new MongoletError(40087, `${name} requires a non-empty separator`);
  return stringOperand(text, 40085, name).split(by);
}

function trim(atStart: boolean, atEnd: boolean): OperatorCompiler {
  return (spec, compile, name) => {
    const doc = namedOperands(spec, name, ['input'], ['chars']);
    const input = compile(doc.input);
    const chars = doc.chars === undefined ? undefined : compile(doc.chars);
    return (one, locals) => {
      const text = input(one, locals);
      const wanted = chars ? chars(one, locals) : undefined;
      if (isNullish(text) || (chars && isNullish(wanted))) return null;
      const points = [...stringOperand(text, 50699, name)];
      const removed = new Set(chars ? stringOperand(wanted, 50700, name) : WHITESPACE);
      let from = 0;
      let to = points.length;
      while (atStart && from < to && removed.has(points[from] ?? '')) from += 1;
      while (atEnd && to > from && removed.has(points[to - 1] ?? '')) to -= 1;
      return points.slice(from, to).join('');
    };
  };
}

function replace(isAll: boolean): OperatorCompiler {
  return (spec, compile, name) => {
    const doc = namedOperands(spec, name, ['input', 'find', 'replacement']);
    const parts = [doc.input, doc.find, doc.replacement].map((part) => compile(part));
    return (one, locals) => {
      const values = parts.map((part) => part(one, locals));
      if (values.some(isNullish)) return null;
      const [input = '', find = '', replacement = ''] = values.map((value, i) =>
        stringOperand(value, 51746 - i, name),
      );
      return isAll ? input.replaceAll(find, () => replacement) : input.replace(find, () => replacement);
    };
  };
}

function substrCP([text, start, length]: (Value | undefined)[], name: string): Value {
  const points = [...coerced(text, name)];
  const from = intOperand(start, 34450, name);
  const count = intOperand(length, 34452, name);
  if (from < 0) throw new MongoletError(34455, `${name}: the starting index must be non-negative`);
  if (count < 0) throw new MongoletError(34454, `${name}: length must be a nonnegative integer`);
  return points.slice(from, from + count).join('');
}

function substrBytes([text, start, length]: (Value | undefined)[], name: string): Value {
  const bytes = Buffer.from(coerced(text, name));
  const from = byteCount(start, 16034, name);
  const count = byteCount(length, 16035, name);
  if (from < 0) throw new MongoletError(50752, `${name}: starting index must be non-negative (got: ${from})`);
  const to = count < 0 ? bytes.length : Math.min(from + count, bytes.length);
  for (const [at, code] of [
    [from, 28656],
    [to, 28657],
  ] as const) {
    // The second and later bytes of a character begin with the bits 10.
    const isInside = at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80;
    if (isInside)
      throw new MongoletError(
        code,
        `${name}: Invalid range, ending or starting in the middle of a character`,
      );
  }
  return bytes.subarray(from, to).toString();
}

function byteCount(value: Value | undefined, code: number, name: string): number {
  const whole = isNumber(value) ? toExactInteger(value) : undefined;
  if (whole !== undefined) return Number(whole);
  throw new MongoletError(
    code,
    `${name}: starting index and length must be whole numbers, not ${typeNameOf(value)}`,
  );
}

/** The position of a string within another, counted in what `split` makes of them. */
function indexOfParts(partsOf: (text: string) => readonly (string | number)[]) {
  return operator(2, 4, ([text, wanted, start, end], name) => {
    if (isNullish(text)) return null;
    const all = partsOf(stringOperand(text, 40091, name));
    const part = partsOf(stringOperand(wanted, 40092, name));
    const from = start === undefined ? 0 : boundary(start, name);
    const to = Math.min(end === undefined ? all.length : boundary(end, name), all.length);
    for (let at = from; at + part.length <= to; at += 1) {
      if (part.every((one, i) => all[at + i] === one)) return new Int32(at);
    }
    return new Int32(-1);
  });
}

function boundary(value: Value, name: string): number {
  const index = intOperand(value, 40096, name);
  if (index < 0) throw new MongoletError(40097, `${name} requires a nonnegative index, found: ${index}`);
  return index;
}

/** Operators on strings by name. */
export const TEXT: OperatorTable = {
  $concat: operator(0, Number.POSITIVE_INFINITY, concat),
  $indexOfBytes: indexOfParts((text) => [...Buffer.from(text)]),
  $indexOfCP: indexOfParts((text) => [...text]),
  $ltrim: trim(true, false),
  $rtrim: trim(false, true),
  $trim: trim(true, true),
  $replaceAll: replace(true),
  $replaceOne: replace(false),
  $split: operator(2, 2, split),
  $strLenBytes: unary((value, name) => new Int32(Buffer.byteLength(stringOperand(value, 34473, name)))),
  $strLenCP: unary((value, name) => new Int32([...stringOperand(value, 34471, name)].length)),
  $strcasecmp: operator(
    2,
    2,
    ([a, b], name) =>
      new Int32(Math.sign(compareStrings(toUpper(coerced(a, name)), toUpper(coerced(b, name))))),
  ),
  $substr: operator(3, 3, substrBytes),
  $substrBytes: operator(3, 3, substrBytes),
  $substrCP: operator(3, 3, substrCP),
  $toLower: unary((value, name) => toLower(coerced(value, name))),
  $toUpper: unary((value, name) => toUpper(coerced(value, name))),
};
