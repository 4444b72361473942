// The watermark is the event time up to which we expect no more. It is null before the first event
// of a log, never decreases, and is used from the batch after the one that moved it.

/**
 * Watermark after a batch: the greatest event time seen less the delay, never backwards.
 * `maxSeenMs` is `null` when the batch held no event with a time.
 */
export function advanceWatermark(
  currentMs: number | null,
  maxSeenMs: number | null,
  delayMs: number,
): number | null {
  if (maxSeenMs === null) return currentMs;
  // Event times may have fractions of a millisecond, watermarks have none.
  const reachedMs = Math.floor(maxSeenMs - delayMs);
  return currentMs === null ? reachedMs : Math.max(currentMs, reachedMs);
}

/** Whether the watermark has reached the end of the window, so that nothing more can change it. */
export function isClosed(windowEndMs: number, watermarkMs: number | null): boolean {
  return watermarkMs !== null && windowEndMs <= watermarkMs;
}

/**
 * Whether a row is late for one window: the same test as `isClosed`, with the watermark of the
 * previous commit. A row below the watermark whose window is still open counts.
 */
export function isLate(windowEndMs: number, previousWatermarkMs: number | null): boolean {
  return isClosed(windowEndMs, previousWatermarkMs);
}
