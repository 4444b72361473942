// Windows are half-open intervals [start, start + size) whose starts are the multiples of the slide,
// counted from 1970-01-01T00:00:00Z. Tumbling is sliding with slide = size.

/** Lengths of a window in milliseconds; `slideMs` is between 1 and `sizeMs`. */
export interface WindowLengths {
  readonly sizeMs: number;
  readonly slideMs: number;
}

/**
 * Start of the last window that holds `timeMs`; for tumbling windows that is the only one. Floors
 * also before 1970. Exact: time and length have together fewer than 53 bits.
 */
export function lastWindowStart(timeMs: number, slideMs: number): number {
  return Math.floor(timeMs / slideMs) * slideMs;
}

/** Starts of the windows that hold `timeMs`, ascending; there is at least one. */
export function assignWindows(timeMs: number, window: WindowLengths): number[] {
  const starts: number[] = [];
  const firstMs = firstWindowStart(timeMs, window);
  for (let startMs = firstMs; startMs <= timeMs; startMs += window.slideMs) starts.push(startMs);
  return starts;
}

/** Start of the first window that holds `timeMs`: the first multiple of the slide above time - size. */
export function firstWindowStart(timeMs: number, window: WindowLengths): number {
  return lastWindowStart(timeMs - window.sizeMs, window.slideMs) + window.slideMs;
}

/**
 * Length of a pane: the windows' bounds cut time into panes of this length at most, so a row added
 * once to its pane serves every window that the pane is part of.
 */
export function paneMs(window: WindowLengths): number {
  let [larger, smaller] = [window.sizeMs, window.slideMs];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
