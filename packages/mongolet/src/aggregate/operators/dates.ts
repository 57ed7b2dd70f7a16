/** The parts of dates, and dates made of parts. */
import { Int32, Long } from 'bson';
import { MongoletError } from '../../errors.ts';
import { type Doc, keysOf, type Value } from '../../value/document.ts';
import { toExactInteger } from '../../value/number.ts';
import { isDoc } from '../../value/type.ts';
import { dayOfYear, isoDayOfWeek, isoWeek, isoWeekYear, timeOf, timeOfIsoDate, week } from '../calendar.ts';
import { compileOperands, dateOperand, valuesOf, zoneOperand } from './date-operands.ts';
import {
  isNullish,
  namedOperands,
  type OperatorCompiler,
  type OperatorTable,
  operandsOf,
} from './operands.ts';

/** One part of a date: of `{date, timezone}`, or of a single operand in UTC. */
function part(read: (local: number) => number, make: (value: number) => Value = int): OperatorCompiler {
  return (spec, compile, name) => {
    const isNamed = isDoc(spec) && !keysOf(spec)[0]?.startsWith('$');
    const doc: Doc = isNamed
      ? namedOperands(spec, name, ['date'], ['timezone'])
      : { date: operandsOf(spec, name, 1, 1)[0] };
    const operands = compileOperands(doc, compile);
    return (one, locals) => {
      const values = valuesOf(operands, one, locals);
      if (!values) return null;
      const zone = zoneOperand(values.timezone);
      return make(read(zone.toLocal(dateOperand(values.date, name).getTime())));
    };
  };
}

function int(value: number): Value {
  return new Int32(value);
}

const utc = (read: (date: Date) => number) => (ms: number) => read(new Date(ms));
const hour = utc((date) => date.getUTCHours());
const minute = utc((date) => date.getUTCMinutes());
const second = utc((date) => date.getUTCSeconds());
const millisecond = utc((date) => date.getUTCMilliseconds());
const year = utc((date) => date.getUTCFullYear());
const month = utc((date) => date.getUTCMonth() + 1);
const dayOfMonth = utc((date) => date.getUTCDate());

const dateToParts: OperatorCompiler = (spec, compile, name) => {
  const operands = compileOperands(namedOperands(spec, name, ['date'], ['timezone', 'iso8601']), compile);
  return (doc, locals) => {
    const values = valuesOf(operands, doc, locals);
    if (!values) return null;
    const { iso8601 = false } = values;
    if (typeof iso8601 !== 'boolean') {
      throw new MongoletError(40521, 'iso8601 must evaluate to a bool');
    }
    const local = zoneOperand(values.timezone).toLocal(dateOperand(values.date, name).getTime());
    const day = iso8601
      ? { isoWeekYear: isoWeekYear(local), isoWeek: isoWeek(local), isoDayOfWeek: isoDayOfWeek(local) }
      : { year: year(local), month: month(local), day: dayOfMonth(local) };
    const time = {
      hour: hour(local),
      minute: minute(local),
      second: second(local),
      millisecond: millisecond(local),
    };
    return Object.fromEntries(Object.entries({ ...day, ...time }).map(([key, value]) => [key, int(value)]));
  };
};

const TIME_PARTS = ['hour', 'minute', 'second', 'millisecond', 'timezone'];

const dateFromParts: OperatorCompiler = (spec, compile, name) => {
  const isIso = isDoc(spec) && spec.isoWeekYear !== undefined;
  const [first, ...others] = isIso ? ['isoWeekYear', 'isoWeek', 'isoDayOfWeek'] : ['year', 'month', 'day'];
  const doc = namedOperands(spec, name, [first as string], [...others, ...TIME_PARTS]);
  const operands = compileOperands(doc, compile);
  return (one, locals) => {
    const values = valuesOf(operands, one, locals);
    if (!values) return null;
    const number = (key: string, otherwise: number): number => partOperand(values[key], key, otherwise);
    const timeMs =
      number('hour', 0) * 3_600_000 +
      number('minute', 0) * 60_000 +
      number('second', 0) * 1000 +
      number('millisecond', 0);
    const local = isIso
      ? timeOfIsoDate(
          yearOperand(values.isoWeekYear),
          number('isoWeek', 1),
          number('isoDayOfWeek', 1),
          timeMs,
        )
      : timeOf(yearOperand(values.year), number('month', 1), number('day', 1), timeMs);
    return new Date(zoneOperand(values.timezone).toUtc(local));
  };
};

function partOperand(value: Value | undefined, key: string, otherwise: number): number {
  if (isNullish(value)) return otherwise;
  const whole = toExactInteger(value);
  if (whole === undefined) throw new MongoletError(40515, `'${key}' must evaluate to an integer`);
  return Number(whole);
}

function yearOperand(value: Value | undefined): number {
  const wanted = partOperand(value, 'year', 0);
  if (wanted >= 1 && wanted <= 9999) return wanted;
  throw new MongoletError(
    40523,
    `'year' must evaluate to an integer in the range 1 to 9999, found ${wanted}`,
  );
}

/** Parts of dates by name. */
export const DATES: OperatorTable = {
  $dateFromParts: dateFromParts,
  $dateToParts: dateToParts,
  $dayOfMonth: part(dayOfMonth),
  $dayOfWeek: part(utc((date) => date.getUTCDay() + 1)),
  $dayOfYear: part(dayOfYear),
  $hour: part(hour),
  $isoDayOfWeek: part(isoDayOfWeek),
  $isoWeek: part(isoWeek),
  // The one part that is a long.
  $isoWeekYear: part(isoWeekYear, (value) => Long.fromNumber(value)),
  $millisecond: part(millisecond),
  $minute: part(minute),
  $month: part(month),
  $second: part(second),
  $week: part(week),
  $year: part(year),
};
