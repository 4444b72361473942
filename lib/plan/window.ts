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
 * Windows that last while rows of their key keep coming: one ends a gap after its last row, and rows
 * that bring two within a gap make them one. The gap is a length of time, or a function of the row
 * that gives milliseconds; a row whose gap is zero or less is in no window.
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
 * Windows of so many rows of a key, whatever their time: one ends with every `slide` rows and holds
 * the last `size`. Result rows have no bounds, and come out when their window is full.
 *
 * @example
 * stream.keyBy('origin').window(counting(100));
 */
export function counting(size: number, slide: number = size): CountWindowSpec {
  return { kind: 'count', size, slide };
}

/**
 * One group for each event time: its window begins and ends there. It closes once the watermark
 * reaches it.
 *
 * @example
 * stream.keyBy('origin').window(instants());
 */
export function instants(): TimeWindowSpec {
  return { kind: 'time', sizeMs: 0, slideMs: 1 };
}
