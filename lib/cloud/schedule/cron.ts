// The six fields of an EventBridge cron expression, with its wildcards `, - * ? / L W #`.

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const YEAR_MAX = 2199;

const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const DAYS = 'SUN MON TUE WED THU FRI SAT'.split(' ');

/** A day of a month, by year, month (1 to 12) and day. */
type DayTest = (year: number, month: number, day: number) => boolean;

export interface CronFields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  readonly years: ReadonlySet<number>;
  readonly day: DayTest;
}

export function parseCron(text: string): CronFields | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 6) return undefined;
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  // "You can't specify the Day-of-month and Day-of-week fields in the same cron expression."
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) return undefined;
  const minutes = numbersOf(minute, { min: 0, max: 59 });
  const hours = numbersOf(hour, { min: 0, max: 23 });
  const months = numbersOf(month, { min: 1, max: 12, names: MONTHS });
  const years = numbersOf(year, { min: 1970, max: YEAR_MAX });
  const day = dayOfWeek === '?' ? dayOfMonthTest(dayOfMonth) : dayOfWeekTest(dayOfWeek);
  if (!minutes || !hours || !months || !years || !day) return undefined;
  return { minutes, hours, months, years: new Set(years), day };
}

/** The first whole minute after `afterMs` that all fields allow; `null` when there is none. */
export function nextCronMs(fields: CronFields, afterMs: number): number | null {
  const firstMs = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  const firstDayMs = Math.floor(firstMs / DAY_MS) * DAY_MS;
  const lastYear = Math.max(...fields.years);
  for (let dayMs = firstDayMs; ; dayMs += DAY_MS) {
    const date = new Date(dayMs);
    if (date.getUTCFullYear() > lastYear) return null;
    if (!allowsDay(fields, date)) continue;
    for (const hour of fields.hours) {
      for (const minute of fields.minutes) {
        const timeMs = dayMs + hour * HOUR_MS + minute * MINUTE_MS;
        if (timeMs >= firstMs) return timeMs;
      }
    }
  }
}

function allowsDay(fields: CronFields, date: Date): boolean {
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + 1;
  return (
    fields.years.has(year) &&
    fields.months.includes(month) &&
    fields.day(year, month, date.getUTCDate())
  );
}

/** `L` the last day, `15W` the weekday nearest to the 15th, `LW` the last weekday. */
function dayOfMonthTest(text: string): DayTest | undefined {
  if (text === 'L') return (year, month, day) => day === daysIn(year, month);
  if (text === 'LW') {
    return (year, month, day) => day === nearestWeekday(year, month, daysIn(year, month));
  }
  const weekday = /^(\d{1,2})W$/.exec(text);
  if (weekday !== null) {
    const wanted = Number(weekday[1]);
    if (wanted < 1 || wanted > 31) return undefined;
    return (year, month, day) =>
      wanted <= daysIn(year, month) && day === nearestWeekday(year, month, wanted);
  }
  const days = numbersOf(text, { min: 1, max: 31 });
  return days && ((_year, _month, day) => days.includes(day));
}

/** 1 is Sunday; `6L` the last Friday, `3#2` the second Tuesday, `L` Saturday. */
function dayOfWeekTest(text: string): DayTest | undefined {
  const last = /^([1-7])L$/.exec(text);
  if (last !== null) {
    return (year, month, day) =>
      dayOfWeek(year, month, day) === Number(last[1]) && day + 7 > daysIn(year, month);
  }
  const nth = /^([1-7])#([1-5])$/.exec(text);
  if (nth !== null) {
    return (year, month, day) =>
      dayOfWeek(year, month, day) === Number(nth[1]) && Math.ceil(day / 7) === Number(nth[2]);
  }
  const days = numbersOf(text === 'L' ? '7' : text, { min: 1, max: 7, names: DAYS });
  return days && ((year, month, day) => days.includes(dayOfWeek(year, month, day)));
}

/** The numbers of a list of `*`, `a`, `a-b`, each with an optional step `/n`, in ascending order. */
function numbersOf(
  text: string,
  range: { readonly min: number; readonly max: number; readonly names?: readonly string[] },
): number[] | undefined {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(?:(\*)|([0-9]+|[A-Z]{3})(?:-([0-9]+|[A-Z]{3}))?)(?:\/([0-9]+))?$/.exec(
      part.toUpperCase(),
    );
    if (match === null) return undefined;
    const [, all, low, high, step] = match;
    const from = all === undefined ? numberOf(low!, range) : range.min;
    const openEnded = all !== undefined || (high === undefined && step !== undefined);
    const to = openEnded ? range.max : numberOf(high ?? low!, range);
    const stride = step === undefined ? 1 : Number(step);
    if (from === undefined || to === undefined || from > to || stride < 1) return undefined;
    for (let value = from; value <= to; value += stride) found.add(value);
  }
  return [...found].sort((left, right) => left - right);
}

function numberOf(
  text: string,
  { min, max, names }: { min: number; max: number; names?: readonly string[] },
): number | undefined {
  const named = names?.indexOf(text) ?? -1;
  const value = named >= 0 ? named + 1 : Number(text);
  return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function dayOfWeek(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

/** Within the month: a Saturday the 1st moves on to Monday the 3rd, not back to Friday. */
function nearestWeekday(year: number, month: number, day: number): number {
  const weekday = dayOfWeek(year, month, day);
  if (weekday === 7) return day > 1 ? day - 1 : day + 2;
  if (weekday === 1) return day < daysIn(year, month) ? day + 1 : day - 2;
  return day;
}
