import { EngineError } from '../model/errors.ts';

const UNIT_MS = {
  millisecond: 1,
  milliseconds: 1,
  second: 1_000,
  seconds: 1_000,
  minute: 60_000,
  minutes: 60_000,
  hour: 3_600_000,
  hours: 3_600_000,
  day: 86_400_000,
  days: 86_400_000,
  week: 604_800_000,
  weeks: 604_800_000,
} as const;

type DurationUnit = keyof typeof UNIT_MS;

/**
 * A length of time in words, `'10 minutes'`, or in ISO 8601, `'PT10M'`. Units go from milliseconds
 * to weeks; months and years have no fixed length and are refused.
 *
 * @example
 * const delay: Duration = '10 minutes';
 */
export type Duration = `${number} ${DurationUnit}` | `P${string}`;

/** The longest duration, 100 years: event times of the years 1 to 9999 plus it are still dates. */
export const DURATION_MS_MAX = 36_500 * UNIT_MS.day;

const WORDS = /^(\d+(?:\.\d+)?) ([a-z]+)$/;
const ISO =
  /^P(?=[\dT])(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/**
 * Reads a duration as whole milliseconds.
 *
 * @throws EngineError `invalid`, code `duration-invalid`, for any other text, for a fraction of a
 * millisecond and for more than 100 years.
 */
export function parseDuration(text: string): number {
  const ms = parseWords(text) ?? parseIso(text);
  if (ms === undefined) {
    throw refuse(text, "write it as '10 minutes', '1 hour', '500 milliseconds' or 'PT10M'");
  }
  // Decimal fractions such as 0.1 are not exact doubles; a hundred years need 42 of 53 bits.
  const whole = Math.round(ms);
  if (Math.abs(ms - whole) >= 1e-4) throw refuse(text, 'a millisecond is the smallest unit');
  if (whole > DURATION_MS_MAX) throw refuse(text, 'it must not be longer than 36,500 days');
  return whole;
}

/** Writes milliseconds in the largest unit that divides them: `600000` as `10 minutes`. */
export function formatDuration(ms: number): string {
  const units = ['day', 'hour', 'minute', 'second'] as const;
  const unit = units.find((each) => ms !== 0 && ms % UNIT_MS[each] === 0) ?? 'millisecond';
  const count = ms / UNIT_MS[unit];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function parseWords(text: string): number | undefined {
  const match = WORDS.exec(text);
  if (match === null || !Object.hasOwn(UNIT_MS, match[2]!)) return undefined;
  return Number(match[1]) * UNIT_MS[match[2] as DurationUnit];
}

function parseIso(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (
    weeks! * UNIT_MS.week +
    days! * UNIT_MS.day +
    hours! * UNIT_MS.hour +
    minutes! * UNIT_MS.minute +
    seconds! * UNIT_MS.second
  );
}

function refuse(text: string, advice: string): EngineError {
  return new EngineError('invalid', `'${text}' is not a duration: ${advice}`, {
    code: 'duration-invalid',
  });
}
