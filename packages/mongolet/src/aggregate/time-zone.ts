/** Time zones: offsets such as +02:00, and the names that Node knows. */
import { MongoletError } from '../errors.ts';

const MINUTE_MS = 60_000;
const NAMED = new Map<string, Intl.DateTimeFormat>();

/** Moves times between UTC and a zone; a local time is a number that reads as if it were UTC. */
export interface TimeZone {
  readonly isUtc: boolean;
  /** What is to be added to UTC at this moment. */
  offsetMs(utcMs: number): number;
  toLocal(utcMs: number): number;
  toUtc(localMs: number): number;
}

/** UTC itself. */
export const UTC: TimeZone = fixedZone(0);

/** Reads a zone; an unknown one is refused (40485). */
export function timeZoneOf(name: string): TimeZone {
  if (name === 'UTC' || name === 'GMT' || name === 'Z') return UTC;
  const offset = /^([+-])(\d{2})(?::?(\d{2}))?$/.exec(name);
  if (offset) {
    const [, sign, hours, minutes = '0'] = offset;
    const total = Number(hours) * 60 + Number(minutes);
    return fixedZone((sign === '-' ? -total : total) * MINUTE_MS);
  }
  return namedZone(name);
}

function fixedZone(offset: number): TimeZone {
  return {
    isUtc: offset === 0,
    offsetMs: () => offset,
    toLocal: (utcMs) => utcMs + offset,
    toUtc: (localMs) => localMs - offset,
  };
}

function namedZone(name: string): TimeZone {
  const format = formatOf(name);
  const offsetMs = (utcMs: number): number => localTime(format, utcMs) - Math.floor(utcMs / 1000) * 1000;
  return {
    isUtc: false,
    offsetMs,
    toLocal: (utcMs) => utcMs + offsetMs(utcMs),
    toUtc(localMs) {
      // Twice, for the hours around a change of the clock.
      const near = localMs - offsetMs(localMs);
      return localMs - offsetMs(near);
    },
  };
}

function formatOf(name: string): Intl.DateTimeFormat {
  const known = NAMED.get(name);
  if (known) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    NAMED.set(name, format);
    return format;
  } catch {
    throw new MongoletError(40485, `unrecognized time zone identifier: "${name}"`);
  }
}

function localTime(format: Intl.DateTimeFormat, utcMs: number): number {
  const parts = Object.fromEntries(format.formatToParts(utcMs).map(({ type, value }) => [type, value]));
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
  const date = new Date(0);
  date.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
  date.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
  return date.getTime();
}
