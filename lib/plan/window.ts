import { EngineError } from '../model/errors.ts';
import type { Duration } from '../time/duration.ts';
import { parseDuration } from '../time/duration.ts';
import type { CountWindowSpec, SessionWindowSpec, TimeWindowSpec } from './plan.ts';
import type { Invalid } from './row-types.ts';

declare const signature: unique symbol;

/** A length of time that is not zero; a literal zero or negative one does not compile. */
export type Positive<Length extends Duration> = Length extends
  | `-${string}`
  | `0 ${string}`
  | `PT0${'S' | 'M' | 'H'}`
  ? Invalid<'a window must be longer than zero'>
  : unknown;

/** Sessions whose gap may depend on rows of type `Row`. */
export interface SessionWindow<in Row> extends SessionWindowSpec {
  readonly [signature]?: (row: Row) => void;
}

/** Windows that rows of type `Row` can be divided into. */
export type WindowOf<Row> = TimeWindowSpec | SessionWindow<Row> | CountWindowSpec;

/**
 * Windows of one size that touch and do not overlap; they start at multiples of the size since 1970.
 *
 * @example
 * stream.keyBy('origin').window(tumbling('1 hour'));
 */
export function tumbling<Size extends Duration>(size: Size & Positive<Size>): TimeWindowSpec {
  const sizeMs = parseDuration(size);
  return { kind: 'time', sizeMs, slideMs: sizeMs };
}

/**
 * Windows of one size that start at each multiple of the slide since 1970 and overlap: a row counts
 * in all that hold its time. The slide is at most the size.
 *
 * @example
 * stream.keyBy('origin').window(sliding('5 minutes', '1 minute'));
 */
export function sliding<Size extends Duration, Slide extends Duration>(
  size: Size & Positive<Size>,
  slide: Slide & Positive<Slide>,
): TimeWindowSpec {
  return { kind: 'time', sizeMs: parseDuration(size), slideMs: parseDuration(slide) };
}

/**
 * Sessions: rows of a key belong together while none is further than a gap from another, whatever
 * their order. Each row covers the time from its own to a gap later, and rows whose times overlap or
 * touch are one session, which begins with its first row and ends a gap after its last. The gap may be
 * a function of the row that gives it in milliseconds (whole ones: fractions do not count); a row whose
 * gap is zero, negative or not finite takes no part. A row is late when its own time and gap have
 * passed, also where a session of its key is still open.
 *
 * Sessions that a row joins are merged in the order of their starts: that is what `first`, `last`,
 * `collectList` and `reduce` go by among rows that came while their sessions were still apart.
 *
 * @example
 * stream.keyBy('origin').window(session('30 minutes'));
 * stream.keyBy('origin').window(session((flight: Flight) => flight.delay * 60_000));
 */
export function session(gap: Duration): SessionWindow<unknown>;
export function session<Row>(gap: (row: Row) => number): SessionWindow<Row>;
export function session(gap: Duration | ((row: never) => number)): SessionWindow<never> {
  return { kind: 'session', gap: typeof gap === 'string' ? parseDuration(gap) : gap };
}

/**
 * Windows of rows: with each `slide` rows of a key comes a window of its last `size` rows, the first
 * ones also before there are as many. Rows are numbered as they arrive, whatever their time, and a
 * window comes out at once, with the row that completes it.
 *
 * @param slide - @default `size`: windows that do not overlap
 * @example
 * stream.keyBy('origin').window(counting(100));
 */
export function counting(size: number, slide: number = size): CountWindowSpec {
  return { kind: 'count', size: countOf(size, 'size'), slide: countOf(slide, 'slide') };
}

/**
 * One group for each event time: rows of a key with the very same time. It is closed once the
 * watermark has reached that time; its windowStart and windowEnd are both that time.
 *
 * @example
 * stream.keyBy('origin').window(instants());
 */
export function instants(): TimeWindowSpec {
  return { kind: 'time', sizeMs: 0, slideMs: 1 };
}

function countOf(rows: number, name: string): number {
  if (Number.isSafeInteger(rows) && rows >= 1) return rows;
  throw new EngineError('invalid', `the ${name} of a window of rows must be a whole number from 1`);
}
