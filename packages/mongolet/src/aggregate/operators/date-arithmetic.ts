/** `$dateAdd`, `$dateSubtract`, `$dateDiff`, `$dateTrunc`. */
import { Long } from 'bson';
import { errorOf, MongoletError } from '../../errors.ts';
import type { Value } from '../../value/document.ts';
import { toExactInteger } from '../../value/number.ts';
import { addMonths, dayNumber, monthNumber, timeOf } from '../calendar.ts';
import type { TimeZone } from '../time-zone.ts';
import {
  compileOperands,
  dateOperand,
  startOfWeekOperand,
  type Unit,
  unitOperand,
  valuesOf,
  zoneOperand,
} from './date-operands.ts';
import { namedOperands, type OperatorCompiler, type OperatorTable } from './operands.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** The first moment from which bins are counted. */
const REFERENCE = timeOf(2000, 1, 1);

type Apply = (values: Record<string, Value>, zone: TimeZone, name: string) => Value;

function dateOperator(required: string[], optional: string[], apply: Apply): OperatorCompiler {
  return (spec, compile, name) => {
    const operands = compileOperands(namedOperands(spec, name, required, [...optional, 'timezone']), compile);
    return (doc, locals) => {
      const values = valuesOf(operands, doc, locals);
      return values ? apply(values, zoneOperand(values.timezone), name) : null;
    };
  };
}

function addition(sign: 1 | -1): OperatorCompiler {
  return dateOperator(['startDate', 'unit', 'amount'], [], (values, zone, name) => {
    const start = dateOperand(values.startDate, name).getTime();
    const unit = unitOperand(values.unit, name);
    const amount = toExactInteger(values.amount);
    if (amount === undefined)
      throw new MongoletError(5166405, `${name} expects integer amount of time units`);
    const moved = new Date(move(start, unit, sign * Number(amount), zone));
    if (Number.isNaN(moved.getTime())) throw errorOf('Overflow', `${name} overflowed`);
    return moved;
  });
}

function move(start: number, unit: Unit, amount: number, zone: TimeZone): number {
  if ('ms' in unit) return start + amount * unit.ms;
  const local = zone.toLocal(start);
  const moved = 'days' in unit ? local + amount * unit.days * DAY_MS : addMonths(local, amount * unit.months);
  return zone.toUtc(moved);
}

/** How many borders of the unit lie between two dates. */
const dateDiff: Apply = (values, zone, name) => {
  const start = dateOperand(values.startDate, name).getTime();
  const end = dateOperand(values.endDate, name).getTime();
  const unit = unitOperand(values.unit, name);
  const startOfWeek = startOfWeekOperand(values.startOfWeek, name);
  if ('ms' in unit) {
    // The borders of hours follow the zone, where that is not a whole number of hours from UTC.
    const shift = zone.offsetMs(start) % HOUR_MS;
    const count = (ms: number): number => Math.floor((ms + shift) / unit.ms);
    return Long.fromNumber(count(end) - count(start));
  }
  const count = (ms: number): number => {
    const local = zone.toLocal(ms);
    if ('months' in unit) return Math.floor(monthNumber(local) / unit.months);
    // Day 0, the first of 1970, was a Thursday.
    return unit.days === 1 ? dayNumber(local) : Math.floor((dayNumber(local) + 4 - startOfWeek) / 7);
  };
  return Long.fromNumber(count(end) - count(start));
};

const dateTrunc: Apply = (values, zone, name) => {
  const ms = dateOperand(values.date, name).getTime();
  const unit = unitOperand(values.unit, name);
  const binSize = values.binSize === undefined ? 1n : toExactInteger(values.binSize);
  if (binSize === undefined || binSize < 1n) {
    throw new MongoletError(5439018, `${name} requires 'binSize' to be greater than 0`);
  }
  const size = Number(binSize);
  if ('ms' in unit) {
    const reference = zone.toUtc(REFERENCE);
    const bin = size * unit.ms;
    return new Date(reference + Math.floor((ms - reference) / bin) * bin);
  }
  const local = zone.toLocal(ms);
  if ('months' in unit) {
    const bin = size * unit.months;
    const since = monthNumber(local) - monthNumber(REFERENCE);
    return new Date(zone.toUtc(addMonths(REFERENCE, Math.floor(since / bin) * bin)));
  }
  // Weeks are counted from the first day of that name in the year 2000, which began with a Saturday.
  const first = unit.days === 1 ? 0 : (startOfWeekOperand(values.startOfWeek, name) + 1) % 7;
  const reference = dayNumber(REFERENCE) + first;
  const bin = size * unit.days;
  const day = reference + Math.floor((dayNumber(local) - reference) / bin) * bin;
  return new Date(zone.toUtc(day * DAY_MS));
};

/** Arithmetic with dates by name. */
export const DATE_ARITHMETIC: OperatorTable = {
  $dateAdd: addition(1),
  $dateSubtract: addition(-1),
  $dateDiff: dateOperator(['startDate', 'endDate', 'unit'], ['startOfWeek'], dateDiff),
  $dateTrunc: dateOperator(['date', 'unit'], ['binSize', 'startOfWeek'], dateTrunc),
};
