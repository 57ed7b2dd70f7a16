/** Conversions between types: `$toInt` and its kin, and `$convert`. */
import { Decimal128, Double, Int32, Long, ObjectId, type Timestamp } from 'bson';
import { errorOf, MongoletError } from '../../errors.ts';
import { isTrue } from '../../match/shape.ts';
import { doubleToDecimalOperand, exactToDecimal } from '../../value/decimal.ts';
import type { Value } from '../../value/document.ts';
import { toDouble, toExactInteger, truncateToBigint } from '../../value/number.ts';
import { isNumber, TYPE, typeNameOf, typeOf } from '../../value/type.ts';
import { type TimeZone, timeZoneOf, UTC } from '../time-zone.ts';
import { isNullish, namedOperands, type OperatorCompiler, type OperatorTable, unary } from './operands.ts';

type Convert = (value: Value) => Value;

/** The error of a conversion that cannot be; `onError` answers it. */
export function conversionFailure(message: string): MongoletError {
  return new MongoletError(241, `${message} in $convert with no onError value`, {
    codeName: 'ConversionFailure',
  });
}

function unsupported(value: Value, to: string): MongoletError {
  return conversionFailure(`Unsupported conversion from ${typeNameOf(value)} to ${to}`);
}

function unparsed(text: string, reason: string): MongoletError {
  const message = `Failed to parse number '${text}' in $convert with no onError value: ${reason}`;
  return new MongoletError(241, message, { codeName: 'ConversionFailure' });
}

/** The whole number that a value stands for, within `bits`. */
function wholeOf(value: Value, to: string, bits: number): bigint {
  let whole: bigint | undefined;
  if (typeof value === 'boolean') whole = value ? 1n : 0n;
  else if (typeof value === 'string') {
    if (!/^[+-]?\d+$/.test(value)) throw unparsed(value, 'Did not consume whole string.');
    whole = BigInt(value.replace('+', ''));
  } else if (value instanceof Date && bits === 64) whole = BigInt(value.getTime());
  else if (isNumber(value)) {
    whole = truncateToBigint(value);
    if (whole === undefined)
      throw conversionFailure('Attempt to convert NaN or infinity value to integer type');
  } else throw unsupported(value, to);
  if (BigInt.asIntN(bits, whole) === whole) return whole;
  throw conversionFailure(`Conversion would overflow target type: ${String(value)}`);
}

function toDoubleValue(value: Value): Value {
  if (typeof value === 'boolean') return new Double(value ? 1 : 0);
  if (value instanceof Date) return new Double(value.getTime());
  if (typeof value === 'string') {
    if (!/^[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|Infinity|inf|NaN|nan)$/.test(value)) {
      throw unparsed(value, 'Did not consume whole string.');
    }
    return new Double(Number(value.replace(/inf$/, 'Infinity').replace(/nan$/, 'NaN')));
  }
  if (!isNumber(value)) throw unsupported(value, 'double');
  return new Double(toDouble(value));
}

function toDecimal(value: Value): Value {
  if (typeof value === 'boolean') return Decimal128.fromString(value ? '1' : '0');
  if (value instanceof Date) return Decimal128.fromString(String(value.getTime()));
  if (typeof value === 'string') {
    try {
      return Decimal128.fromStringWithRounding(value);
    } catch {
      throw unparsed(value, 'Failed to parse string to decimal');
    }
  }
  if (!isNumber(value)) throw unsupported(value, 'decimal');
  const type = typeOf(value);
  if (type === TYPE.decimal) return value;
  if (type !== TYPE.double) return Decimal128.fromString(String(truncateToBigint(value)));
  const double = toDouble(value);
  if (!Number.isFinite(double)) return Decimal128.fromString(String(double));
  const exact = doubleToDecimalOperand(double);
  return exactToDecimal(exact);
}

function toBool(value: Value): Value {
  return isTrue(value);
}

/** The text of a value, as `$toString` gives it. */
export function plainText(value: Value): string {
  switch (typeOf(value)) {
    case TYPE.string:
      return value as string;
    case TYPE.bool:
    case TYPE.int:
    case TYPE.long:
    case TYPE.decimal:
      return String(value);
    case TYPE.double:
      return String(toDouble(value));
    case TYPE.objectId:
      return (value as ObjectId).toHexString();
    case TYPE.date:
      return (value as Date).toISOString();
    default:
      throw unsupported(value, 'string');
  }
}

function toDate(value: Value): Value {
  let date: Date;
  switch (typeOf(value)) {
    case TYPE.date:
      return value;
    case TYPE.string:
      date = dateOfText(value as string);
      break;
    case TYPE.objectId:
      return (value as ObjectId).getTimestamp();
    case TYPE.timestamp:
      return new Date((value as Timestamp).t * 1000);
    case TYPE.double:
    case TYPE.long:
    case TYPE.decimal:
      date = new Date(Number(wholeOf(value, 'date', 64)));
      break;
    default:
      throw unsupported(value, 'date');
  }
  if (Number.isNaN(date.getTime())) throw conversionFailure(`Error parsing date '${String(value)}'`);
  return date;
}

/** The date that ISO's text stands for, with or without a time; where it names no zone `zone` counts, or UTC. */
export function dateOfText(text: string, zone?: TimeZone): Date {
  const parts =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  const [, day = '', time = '00:00', own] = parts ?? [];
  const local = new Date(`${day}T${time}Z`);
  // JavaScript takes the 30th of February for the first of March.
  if (!parts || Number.isNaN(local.getTime()) || !local.toISOString().startsWith(day)) {
    throw conversionFailure(`Error parsing date string '${text}'`);
  }
  if (own !== undefined && zone) {
    throw conversionFailure(`you cannot give a time zone both in the text '${text}' and beside it`);
  }
  return new Date((own === undefined ? (zone ?? UTC) : timeZoneOf(own)).toUtc(local.getTime()));
}

function toObjectId(value: Value): Value {
  if (typeOf(value) === TYPE.objectId) return value;
  if (typeof value !== 'string') throw unsupported(value, 'objectId');
  if (!/^[0-9a-fA-F]{24}$/.test(value)) {
    throw conversionFailure(`Failed to parse objectId '${value}'`);
  }
  return new ObjectId(value);
}

const TARGETS = new Map<string, Convert>([
  ['int', (value) => new Int32(Number(wholeOf(value, 'int', 32)))],
  ['long', (value) => Long.fromBigInt(wholeOf(value, 'long', 64))],
  ['double', toDoubleValue],
  ['decimal', toDecimal],
  ['bool', toBool],
  ['string', plainText],
  ['date', toDate],
  ['objectId', toObjectId],
]);

const TARGET_NAMES = new Map<number, string>(
  [...TARGETS.keys()].map((name) => [TYPE[name as keyof typeof TYPE], name]),
);

function conversion(target: string): OperatorCompiler {
  const convert = TARGETS.get(target) as Convert;
  return unary((value) => (isNullish(value) ? null : convert(value)));
}

function targetOf(to: Value): Convert {
  const name = isNumber(to) ? TARGET_NAMES.get(Number(toExactInteger(to))) : to;
  const convert = typeof name === 'string' ? TARGETS.get(name) : undefined;
  if (convert) return convert;
  throw errorOf('BadValue', `Unknown type name: ${String(to)}`);
}

const convertOperator: OperatorCompiler = (spec, compile, name) => {
  const doc = namedOperands(spec, name, ['input', 'to'], ['onError', 'onNull']);
  const input = compile(doc.input);
  const to = compile(doc.to);
  const onError = doc.onError === undefined ? undefined : compile(doc.onError);
  const onNull = doc.onNull === undefined ? () => null : compile(doc.onNull);
  return (one, locals) => {
    const value = input(one, locals);
    if (isNullish(value)) return onNull(one, locals);
    const target = to(one, locals);
    if (isNullish(target)) return null;
    const convert = targetOf(target);
    try {
      return convert(value);
    } catch (error) {
      if (onError && error instanceof MongoletError && error.code === 241) return onError(one, locals);
      throw error;
    }
  };
};

/** Conversions by name. */
export const CONVERSIONS: OperatorTable = {
  $toInt: conversion('int'),
  $toLong: conversion('long'),
  $toDouble: conversion('double'),
  $toDecimal: conversion('decimal'),
  $toBool: conversion('bool'),
  $toString: conversion('string'),
  $toDate: conversion('date'),
  $toObjectId: conversion('objectId'),
  $convert: convertOperator,
  $isNumber: unary((value) => isNumber(value)),
  $type: unary((value) => (value === undefined ? 'missing' : typeNameOf(value))),
};
