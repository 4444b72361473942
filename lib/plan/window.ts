import type { Duration } from '../time/duration.ts';
import { parseDuration } from '../time/duration.ts';
import type { WindowSpec } from './plan.ts';
import type { Invalid } from './row-types.ts';

/** A length of time that is not zero; a literal zero or negative one does not compile. */
export type Positive<Length extends Duration> = Length extends
  | `-${string}`
  | `0 ${string}`
  | `PT0${'S' | 'M' | 'H'}`
  ? Invalid<'a window must be longer than zero'>
  : unknown;

/**
 * Windows of one size that touch and do not overlap; they start at multiples of the size since 1970.
 *
 * @example
 * stream.keyBy('origin').window(tumbling('1 hour'));
 */
export function tumbling<Size extends Duration>(size: Size & Positive<Size>): WindowSpec {
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
): WindowSpec {
  return { kind: 'time', sizeMs: parseDuration(size), slideMs: parseDuration(slide) };
}
