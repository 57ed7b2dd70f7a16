/** The calendar, on times that count as UTC: those of a zone are shifted by its offset before. */

const DAY_MS = 86_400_000;

/** The day of a time as a number: day 0 is the first one of 1970. */
export function dayNumber(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** The time of a date; months and days beyond their range carry over. */
export function timeOf(year: number, month: number, day: number, msOfDay = 0): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() + msOfDay;
}

/** The time within its day, in milliseconds. */
function msOfDay(ms: number): number {
  return ms - dayNumber(ms) * DAY_MS;
}

/** The time so many months later, on the last day of the month where it has no such day. */
export function addMonths(ms: number, months: number): number {
  const date = new Date(ms);
  const first = timeOf(date.getUTCFullYear(), date.getUTCMonth() + 1 + months, 1);
  const { year, month } = monthOf(first);
  const lastDay = new Date(timeOf(year, month + 1, 0)).getUTCDate();
  return timeOf(year, month, Math.min(date.getUTCDate(), lastDay), msOfDay(ms));
}

function monthOf(ms: number): { year: number; month: number } {
  const date = new Date(ms);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1 };
}

/** Months since the year 0. */
export function monthNumber(ms: number): number {
  const { year, month } = monthOf(ms);
  return year * 12 + month - 1;
}

/** The number of the day in its year, from 1. */
export function dayOfYear(ms: number): number {
  return dayNumber(ms) - dayNumber(timeOf(new Date(ms).getUTCFullYear(), 1, 1)) + 1;
}

/** Weeks that begin on Sunday, the first one with the first Sunday; days before are week 0. */
export function week(ms: number): number {
  return Math.floor((dayOfYear(ms) + 6 - new Date(ms).getUTCDay()) / 7);
}

/** Monday is 1, Sunday 7. */
export function isoDayOfWeek(ms: number): number {
  return new Date(ms).getUTCDay() || 7;
}

/** A week belongs to the year of its Thursday. */
export function isoWeekYear(ms: number): number {
  return new Date(thursdayOf(ms)).getUTCFullYear();
}

/** The number of the week in its year, from 1. */
export function isoWeek(ms: number): number {
  return Math.ceil(dayOfYear(thursdayOf(ms)) / 7);
}

function thursdayOf(ms: number): number {
  return ms + (4 - isoDayOfWeek(ms)) * DAY_MS;
}

/** The time of a date given by ISO's week and day. */
export function timeOfIsoDate(year: number, weekOfYear: number, day: number, ms = 0): number {
  // The fourth of January is always in the first week.
  const fourth = timeOf(year, 1, 4);
  return fourth + ((weekOfYear - 1) * 7 + day - isoDayOfWeek(fourth)) * DAY_MS + ms;
}
