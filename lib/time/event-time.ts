// The time of an event, read in the unit that the pipeline declares: units are never guessed. It is
// on the hot path, so that a rejected value is a reason code and not an object.

import type { EventTimeMs } from '../model/ids.ts';
import { asEventTimeMs } from '../model/ids.ts';

/** The unit in which events state their time; `iso` is text with a date, a time and a zone. */
export type TimeUnit = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds' | 'iso';

/** Why a value is no event time. */
export type EventTimeReason = 'event-time-missing' | 'event-time-invalid';

/** 0001-01-01T00:00:00.000Z */
export const EVENT_TIME_MS_MIN = -62_135_596_800_000;
/** 9999-12-31T23:59:59.999Z */
export const EVENT_TIME_MS_MAX = 253_402_300_799_999;

/**
 * Reads an event time as milliseconds since 1970 UTC; anything outside the years 1 to 9999 is
 * `event-time-invalid`, so that a time in a finer unit than declared cannot pass. `null` and
 * `undefined` are `event-time-missing`. Fractions of a millisecond are floored, but for times that are
 * stated in microseconds or nanoseconds: those keep whole microseconds. Nanoseconds above 2^53 are as
 * exact as JSON numbers are: to a quarter of a microsecond.
 */
export function parseEventTime(value: unknown, unit: TimeUnit): EventTimeMs | EventTimeReason {
  if (value === undefined || value === null) return 'event-time-missing';
  if (unit === 'iso') {
    return typeof value === 'string' ? inRange(parseIsoTime(value)) : 'event-time-invalid';
  }
  if (typeof value !== 'number') return 'event-time-invalid';
  switch (unit) {
    case 'milliseconds':
      return inRange(Math.floor(value));
    case 'seconds':
      // 1.001 s times a thousand is a hair below 1001; doubles of our day hold seconds to a quarter
      // of a microsecond, so they are rounded there before they are floored.
      return inRange(Math.floor(Math.round(value * 1e6) / 1e3));
    case 'microseconds':
      return inRange(Math.floor(value) / 1e3);
    case 'nanoseconds':
      return inRange(Math.floor(value / 1e3) / 1e3);
  }
}

/** Whether an event lies further ahead of its arrival than `maxAheadMs`. */
export function isAhead(eventTimeMs: number, arrivedAtMs: number, maxAheadMs: number): boolean {
  return eventTimeMs - arrivedAtMs > maxAheadMs;
}

/** ISO 8601 in UTC with milliseconds, or microseconds where there are any: `2001-01-01T00:00:00.000Z`. */
export function formatTime(ms: number): string {
  const whole = Math.floor(ms);
  const text = new Date(whole).toISOString();
  if (ms === whole) return text;
  const micros = Math.round((ms - whole) * 1e3);
  if (micros === 1_000) return new Date(whole + 1).toISOString();
  return micros === 0 ? text : `${text.slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/** NaN fails both comparisons; adding zero turns -0 into 0, which would be other bytes in state. */
function inRange(ms: number): EventTimeMs | 'event-time-invalid' {
  const time = ms + 0;
  return time >= EVENT_TIME_MS_MIN && time <= EVENT_TIME_MS_MAX
    ? asEventTimeMs(time)
    : 'event-time-invalid';
}

const ISO_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2})?)$/;

/** NaN for what is no such text, for the 30th of February, and for a text without a zone. */
function parseIsoTime(text: string): number {
  const match = ISO_TIME.exec(text);
  if (match === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((digits) => Number(digits ?? 0)) as [number, number, number, number, number, number];
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return Number.NaN;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  return (
    utcMs(year, month, day) +
    ((hour * 60 + minute) * 60 + second) * 1e3 +
    milliseconds -
    zoneMs(match)
  );
}

function zoneMs(match: RegExpExecArray): number {
  if (match[8] === undefined) return 0;
  const hours = Number(match[9]);
  const minutes = Number(match[10] ?? 0);
  if (hours > 18 || minutes > 59) return Number.NaN;
  return (match[8] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** `Date.UTC` takes the years 0 to 99 for 1900 to 1999; four hundred years are a whole calendar cycle. */
function utcMs(year: number, month: number, day: number): number {
  const cycleMs = 146_097 * 86_400_000;
  return Date.UTC(year + 400, month - 1, day) - cycleMs;
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
