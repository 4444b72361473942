// Result rows of an aggregation: the fields of the key first, then the bounds of the window as text,
// then the results. All fields are there from the beginning, so that any name is an own property.

import { setOwn } from '../state/json-value.ts';
import { formatTime } from '../time/event-time.ts';
import type { Accumulation } from './accumulation.ts';
import type { KeyReader } from './key.ts';

/** The event time of a window's row is a microsecond before its end, as Spark's `window_time`. */
const WINDOW_TIME_BEFORE_END_MS = 0.001;

/** The event time of the row of a window that ends at `endMs`, for the operators behind. */
export const windowTimeOf = (endMs: number): number => Math.ceil(endMs) - WINDOW_TIME_BEFORE_END_MS;

/** The bounds of a window as text. */
export interface WindowTexts {
  readonly start: string;
  readonly end: string;
}

/** Makes the result rows of one aggregation. */
export class ResultRows {
  private readonly key: KeyReader;
  /** A row with all of its fields and no values: copying it is the fastest way to a new one. */
  private readonly empty: Readonly<Record<string, unknown>>;
  private readonly textOf = createTimeText();

  constructor(
    key: KeyReader,
    { resultNames }: Pick<Accumulation, 'resultNames'>,
    options: { readonly windowed: boolean },
  ) {
    this.key = key;
    const row: Record<string, unknown> = {};
    const windowFields = options.windowed ? ['windowStart', 'windowEnd'] : [];
    for (const name of [...key.fields, ...windowFields, ...resultNames]) setOwn(row, name, null);
    this.empty = row;
  }

  /** The bounds of a window as its rows show them. */
  textsOf(startMs: number, endMs: number): WindowTexts {
    return { start: this.textOf(startMs), end: this.textOf(endMs) };
  }

  /** A row of a key and window, without results. */
  begin(keyText: string, window: WindowTexts | null): Record<string, unknown> {
    const row: Record<string, unknown> = { ...this.empty };
    const { fields } = this.key;
    const values = this.key.valuesOf(keyText);
    for (let field = 0; field < values.length; field += 1) row[fields[field]!] = values[field];
    if (window !== null) {
      row['windowStart'] = window.start;
      row['windowEnd'] = window.end;
    }
    return row;
  }
}

/**
 * A time in ISO 8601: milliseconds, or microseconds where it has a fraction, as the time of another
 * window's row has.
 */
function textOfTime(ms: number): string {
  if (Number.isInteger(ms)) return formatTime(ms);
  const whole = Math.floor(ms);
  const micros = Math.round((ms - whole) * 1_000);
  return `${formatTime(whole).slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/** Seconds whose text is kept. */
const SECONDS_MAX = 1_000;

/** `textOfTime` for many times: those of one second share the work, which is most of what rows cost. */
function createTimeText(): (ms: number) => string {
  const seconds = new Map<number, string>();
  return (ms) => {
    if (!Number.isInteger(ms)) return textOfTime(ms);
    const second = Math.floor(ms / 1_000);
    let prefix = seconds.get(second);
    if (prefix === undefined) {
      prefix = formatTime(second * 1_000).slice(0, -'000Z'.length);
      if (seconds.size >= SECONDS_MAX) seconds.clear();
      seconds.set(second, prefix);
    }
    return `${prefix}${String(ms - second * 1_000).padStart(3, '0')}Z`;
  };
}
