/** `$dateToString` and `$dateFromString`. */
import { MongoletError } from '../../errors.ts';
import type { Value } from '../../value/document.ts';
import { typeNameOf } from '../../value/type.ts';
import { dayOfYear, isoDayOfWeek, isoWeek, isoWeekYear, timeOf, timeOfIsoDate, week } from '../calendar.ts';
import { type TimeZone, timeZoneOf, UTC } from '../time-zone.ts';
import { conversionFailure, dateOfText } from './conversion.ts';
import { compileOperands, dateOperand, valuesOf, zoneOperand } from './date-operands.ts';
import { isNullish, namedOperands, type OperatorCompiler, type OperatorTable } from './operands.ts';

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DEFAULT_FORMAT = '%Y-%m-%dT%H:%M:%S.%L';

const pad = (value: number, length: number): string => String(value).padStart(length, '0');

/** What stands for `%` and a letter, given the local time and what it is ahead of UTC in minutes. */
const WRITERS: { readonly [letter: string]: (date: Date, local: number, offset: number) => string } = {
  '%': () => '%',
  b: (date) => MONTHS[date.getUTCMonth()]?.slice(0, 3) ?? '',
  B: (date) => MONTHS[date.getUTCMonth()] ?? '',
  d: (date) => pad(date.getUTCDate(), 2),
  G: (_date, local) => pad(isoWeekYear(local), 4),
  H: (date) => pad(date.getUTCHours(), 2),
  j: (_date, local) => pad(dayOfYear(local), 3),
  L: (date) => pad(date.getUTCMilliseconds(), 3),
  m: (date) => pad(date.getUTCMonth() + 1, 2),
  M: (date) => pad(date.getUTCMinutes(), 2),
  S: (date) => pad(date.getUTCSeconds(), 2),
  u: (_date, local) => String(isoDayOfWeek(local)),
  U: (_date, local) => pad(week(local), 2),
  V: (_date, local) => pad(isoWeek(local), 2),
  w: (date) => String(date.getUTCDay() + 1),
  Y: (date) => pad(date.getUTCFullYear(), 4),
  z: (_date, _local, offset) => {
    const minutes = Math.abs(offset);
    return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${pad(minutes % 60, 2)}`;
  },
  Z: (_date, _local, offset) => String(offset),
};

function textOfDate(ms: number, format: string, zone: TimeZone): string {
  const local = zone.toLocal(ms);
  const date = new Date(local);
  const offset = Math.round(zone.offsetMs(ms) / 60_000);
  return format.replace(/%([\s\S]?)/g, (_text, letter: string) => {
    const write = Object.hasOwn(WRITERS, letter) ? WRITERS[letter] : undefined;
    if (write) return write(date, local, offset);
    throw letter === ''
      ? new MongoletError(18535, "Unmatched '%' at end of format string")
      : new MongoletError(18536, `Invalid format character '%${letter}' in format string`);
  });
}

function formatOperand(value: Value | undefined, otherwise: string): string {
  if (value === undefined) return otherwise;
  if (typeof value === 'string') return value;
  throw new MongoletError(18533, `the format must be a string, found: ${typeNameOf(value)}`);
}

const dateToString: OperatorCompiler = (spec, compile, name) => {
  const { onNull, date, ...rest } = namedOperands(spec, name, ['date'], ['format', 'timezone', 'onNull']);
  const subject = compile(date);
  const whenNull = onNull === undefined ? () => null : compile(onNull);
  const operands = compileOperands(rest, compile);
  return (doc, locals) => {
    const value = subject(doc, locals);
    if (isNullish(value)) return whenNull(doc, locals);
    const values = valuesOf(operands, doc, locals);
    if (!values) return null;
    const zone = zoneOperand(values.timezone);
    const format = formatOperand(values.format, zone.isUtc ? `${DEFAULT_FORMAT}Z` : DEFAULT_FORMAT);
    return textOfDate(dateOperand(value, name).getTime(), format, zone);
  };
};

/** The patterns of what can be read, by letter. */
const PATTERNS: { readonly [letter: string]: string } = {
  '%': '%',
  b: '[A-Za-z]{3}',
  B: '[A-Za-z]+',
  d: '\\d{1,2}',
  G: '\\d{4}',
  H: '\\d{1,2}',
  j: '\\d{1,3}',
  L: '\\d{1,3}',
  m: '\\d{1,2}',
  M: '\\d{1,2}',
  S: '\\d{1,2}',
  u: '[1-7]',
  V: '\\d{1,2}',
  Y: '\\d{4}',
  z: 'Z|[+-]\\d{2}:?\\d{2}',
  Z: '[+-]?\\d+',
};

function dateOfFormat(text: string, format: string, zone: TimeZone | undefined): Date {
  const letters: string[] = [];
  const pattern = format.replace(/%([\s\S]?)|[\\^$.*+?()[\]{}|/]/g, (found, letter: string | undefined) => {
    if (letter === undefined) return `\\${found}`;
    const known = Object.hasOwn(PATTERNS, letter) ? PATTERNS[letter] : undefined;
    if (known === undefined) {
      throw new MongoletError(18536, `Invalid format character '%${letter}' in format string`);
    }
    if (letter === '%') return known;
    letters.push(letter);
    return `(${known})`;
  });
  const match = new RegExp(`^${pattern}$`).exec(text);
  if (!match) throw conversionFailure(`Error parsing date string '${text}' with format '${format}'`);
  return dateOfParts(new Map(letters.map((letter, i) => [letter, match[i + 1] ?? ''])), text, zone);
}

function dateOfParts(parts: ReadonlyMap<string, string>, text: string, zone: TimeZone | undefined): Date {
  const number = (letter: string, otherwise: number): number => {
    const part = parts.get(letter);
    return part === undefined ? otherwise : Number(part);
  };
  const name = (parts.get('b') ?? parts.get('B'))?.toLowerCase();
  const named = MONTHS.findIndex((month) => name !== undefined && month.toLowerCase().startsWith(name)) + 1;
  const ms = number('H', 0) * 3_600_000 + number('M', 0) * 60_000 + number('S', 0) * 1000 + number('L', 0);
  const month = parts.has('j') ? 1 : number('m', named || 1);
  const local = parts.has('G')
    ? timeOfIsoDate(number('G', 0), number('V', 1), number('u', 1), ms)
    : timeOf(number('Y', Number.NaN), month, number('j', number('d', 1)), ms);
  const isInRange = number('H', 0) < 24 && number('M', 0) < 60 && number('S', 0) < 60;
  const isRealDay = parts.has('G') || parts.has('j') || new Date(local).getUTCMonth() + 1 === month;
  if (Number.isNaN(local) || !isInRange || !isRealDay || (name !== undefined && named === 0)) {
    throw conversionFailure(`Error parsing date string '${text}'`);
  }
  return new Date(ownZone(parts, text, zone).toUtc(local));
}

function ownZone(parts: ReadonlyMap<string, string>, text: string, zone: TimeZone | undefined): TimeZone {
  const offset = parts.get('z');
  const minutes = parts.get('Z');
  if (offset === undefined && minutes === undefined) return zone ?? UTC;
  if (zone) {
    throw conversionFailure(
      `you cannot pass in a date/time string with time zone information ('${text}') together with a timezone argument`,
    );
  }
  if (offset !== undefined) return timeZoneOf(offset);
  const shift = Number(minutes) * 60_000;
  return { isUtc: false, offsetMs: () => shift, toLocal: (ms) => ms + shift, toUtc: (ms) => ms - shift };
}

const dateFromString: OperatorCompiler = (spec, compile, name) => {
  const optional = ['format', 'timezone', 'onError', 'onNull'];
  const { dateString, onError, onNull, ...rest } = namedOperands(spec, name, ['dateString'], optional);
  const subject = compile(dateString);
  const whenNull = onNull === undefined ? () => null : compile(onNull);
  const whenWrong = onError === undefined ? undefined : compile(onError);
  const operands = compileOperands(rest, compile);
  return (doc, locals) => {
    const text = subject(doc, locals);
    if (isNullish(text)) return whenNull(doc, locals);
    const values = valuesOf(operands, doc, locals);
    if (!values) return null;
    const zone = values.timezone === undefined ? undefined : zoneOperand(values.timezone);
    try {
      if (typeof text !== 'string') {
        throw conversionFailure(`${name} requires that 'dateString' be a string, found: ${typeNameOf(text)}`);
      }
      if (values.format === undefined) return dateOfText(text, zone);
      return dateOfFormat(text, formatOperand(values.format, ''), zone);
    } catch (error) {
      if (whenWrong && error instanceof MongoletError && error.code === 241) return whenWrong(doc, locals);
      throw error;
    }
  };
};

/** Texts of dates by name. */
export const DATE_TEXT: OperatorTable = {
  $dateToString: dateToString,
  $dateFromString: dateFromString,
};
