// How windows lie over the row keys of state. A row key stands for what a row is added to: the
// window itself, or a pane, the part of time between two window bounds. With panes a row is added
// once however many windows overlap, and a window is the merge of its panes; without, a row is added
// to every window that holds its time, which keeps the order of arrival where that matters.
//
// A pane and a window are named by their start. An instant, a window of size zero, may be a time that
// another window's row has, a microsecond before a whole millisecond; its row key is twice the time,
// floored, which is whole and keeps the two apart.

import type { TimeWindowSpec } from '../plan/plan.ts';
import { firstWindowStart, lastWindowStart, paneMs } from '../time/window.ts';

export interface WindowShape {
  readonly sizeMs: number;
  readonly slideMs: number;
  /** Length of a pane; the size of the window where there are no panes. */
  readonly stepMs: number;
  readonly panes: boolean;
  /** Whether each event time is a window of its own. */
  readonly instants: boolean;
}

/** Panes where windows overlap and the aggregation may be merged, else the windows themselves. */
export function windowShapeOf(
  window: Omit<TimeWindowSpec, 'kind'>,
  orderFree: boolean,
): WindowShape {
  const { sizeMs, slideMs } = window;
  const instants = sizeMs === 0;
  const panes = orderFree && slideMs < sizeMs;
  return { sizeMs, slideMs, panes, instants, stepMs: panes ? paneMs(window) : sizeMs };
}

/** The row key of an event time that is a window of its own. */
export const rowKeyOfInstant = (timeMs: number): number => Math.floor(2 * timeMs);

/** Start of a window, given what names it: its start, or the row key of an instant. */
export function startOf(window: number, { instants }: WindowShape): number {
  if (!instants) return window;
  return window % 2 === 0 ? window / 2 : (window + 1) / 2 - 0.001;
}

/** End of a window, given what names it. */
export function endOf(window: number, shape: WindowShape): number {
  return startOf(window, shape) + shape.sizeMs;
}

/** The first window that a row key is part of. */
function firstWindowOf(rowKey: number, shape: WindowShape): number {
  return shape.panes ? firstWindowStart(rowKey, shape) : rowKey;
}

/** The last window that a row key is part of; its rows are needed until that one is closed. */
export function lastWindowOf(rowKey: number, shape: WindowShape): number {
  return shape.panes ? lastWindowStart(rowKey, shape.slideMs) : rowKey;
}

/** The row keys that a window is made of: from the one that names it, in steps, to before the end. */
export function rowKeysOf(window: number, { panes, sizeMs, stepMs }: WindowShape) {
  return panes ? { end: window + sizeMs, step: stepMs } : { end: window + 1, step: 1 };
}

/**
 * The windows that row keys are part of, ascending, whose end lies in `(afterMs, untilMs]`.
 * Only these are counted up: a pane of a day's window is part of a thousand others.
 */
export function windowsEnding(
  rowKeys: readonly number[],
  shape: WindowShape,
  ends: { readonly afterMs: number; readonly untilMs: number },
): number[] {
  const { sizeMs, slideMs } = shape;
  if (shape.instants) {
    return rowKeys
      .filter((rowKey) => {
        const endMs = endOf(rowKey, shape);
        return ends.afterMs < endMs && endMs <= ends.untilMs;
      })
      .sort((left, right) => left - right);
  }
  const starts = new Set<number>();
  for (const rowKey of rowKeys) {
    let first = firstWindowOf(rowKey, shape);
    const skipped = Math.floor((ends.afterMs - sizeMs - first) / slideMs) + 1;
    if (skipped > 0) first += skipped * slideMs;
    const last = Math.min(lastWindowOf(rowKey, shape), ends.untilMs - sizeMs);
    for (let start = first; start <= last; start += slideMs) starts.add(start);
  }
  return [...starts].sort((left, right) => left - right);
}
