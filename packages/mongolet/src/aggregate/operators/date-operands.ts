/** What operators on dates have in common: their operands, the zone, units of time, days of the week. */
import type { ObjectId, Timestamp } from 'bson';
import { errorOf, MongoletError } from '../../errors.ts';
import { type Doc, keysOf, type Value } from '../../value/document.ts';
import { TYPE, typeNameOf, typeOf } from '../../value/type.ts';
import type { Expression, Variables } from '../expression.ts';
import { type TimeZone, timeZoneOf, UTC } from '../time-zone.ts';
import { type CompileOperand, isNullish } from './operands.ts';

/** Named operands, compiled. */
export type Operands = ReadonlyMap<string, Expression>;

/** Compiles the fields of an operator's document. */
export function compileOperands(doc: Doc, compile: CompileOperand): Operands {
  return new Map(keysOf(doc).map((key) => [key, compile(doc[key])]));
}

/** The values of operands; undefined if one of them is null, missing where it was written, or undefined. */
export function valuesOf(
  operands: Operands,
  doc: Doc,
  locals: Variables | undefined,
): Record<string, Value> | undefined {
  const values: Record<string, Value> = {};
  for (const [key, operand] of operands) {
    const value = operand(doc, locals);
    if (isNullish(value)) return undefined;
    values[key] = value;
  }
  return values;
}

/** A date; ObjectIds and timestamps count as dates, strings and numbers do not. */
export function dateOperand(value: Value | undefined, name: string): Date {
  switch (typeOf(value)) {
    case TYPE.date:
      return value as Date;
    case TYPE.objectId:
      return (value as ObjectId).getTimestamp();
    case TYPE.timestamp:
      return new Date((value as Timestamp).t * 1000);
    default:
      throw new MongoletError(16006, `can't convert from BSON type ${typeNameOf(value)} to Date in ${name}`);
  }
}

/** The zone that an operator is told, or UTC. */
export function zoneOperand(value: Value | undefined): TimeZone {
  if (value === undefined) return UTC;
  if (typeof value === 'string') return timeZoneOf(value);
  throw new MongoletError(40517, `timezone must evaluate to a string, found ${typeNameOf(value)}`);
}

/** Units that are months, and units that are milliseconds; days and weeks follow the zone's clock. */
const UNITS = new Map<string, { months: number } | { days: number } | { ms: number }>([
  ['year', { months: 12 }],
  ['quarter', { months: 3 }],
  ['month', { months: 1 }],
  ['week', { days: 7 }],
  ['day', { days: 1 }],
  ['hour', { ms: 3_600_000 }],
  ['minute', { ms: 60_000 }],
  ['second', { ms: 1000 }],
  ['millisecond', { ms: 1 }],
]);

/** A unit of time. */
export type Unit = { months: number } | { days: number } | { ms: number };

/** Reads the name of a unit. */
export function unitOperand(value: Value, name: string): Unit {
  const unit = typeof value === 'string' ? UNITS.get(value) : undefined;
  if (unit) return unit;
  throw errorOf('FailedToParse', `${name}: unknown time unit value: ${String(value)}`);
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** The number of the day that weeks begin with, from 0 for Sunday, which is also the default. */
export function startOfWeekOperand(value: Value | undefined, name: string): number {
  if (value === undefined) return 0;
  const wanted = typeof value === 'string' ? value.toLowerCase() : '';
  const found = WEEKDAYS.findIndex((day) => day === wanted || day.slice(0, 3) === wanted);
  if (found >= 0) return found;
  throw errorOf('FailedToParse', `${name}: unknown day of week value: ${String(value)}`);
}
