// How windows lie over the row keys of state. A row key is the start of what a row is added to: the
// window itself, or a pane, the part of time between two window bounds. With panes a row is added
// once however many windows overlap, and a window is the merge of its panes; without, a row is added
// to every window that holds its time, which keeps the order of arrival where that matters.

import type { TimeWindowSpec } from '../plan/plan.ts';
import { firstWindowStart, lastWindowStart, paneMs } from '../time/window.ts';

export interface WindowShape {
  readonly sizeMs: number;
  readonly slideMs: number;
  /** Length of a pane; the size of the window where there are no panes. */
  readonly stepMs: number;
  readonly panes: boolean;
}

/** Panes where windows overlap and the aggregation may be merged, else the windows themselves. */
export function windowShapeOf(
  window: Omit<TimeWindowSpec, 'kind'>,
  orderFree: boolean,
): WindowShape {
  const panes = orderFree && window.slideMs < window.sizeMs;
  const { sizeMs, slideMs } = window;
  return { sizeMs, slideMs, panes, stepMs: panes ? paneMs(window) : window.sizeMs };
}

/** Start of the first window that a row key is part of. */
function firstWindowOf(rowKey: number, shape: WindowShape): number {
  return shape.panes ? firstWindowStart(rowKey, shape) : rowKey;
}

/** Start of the last window that a row key is part of; its rows are needed until that one is closed. */
export function lastWindowOf(rowKey: number, shape: WindowShape): number {
  return shape.panes ? lastWindowStart(rowKey, shape.slideMs) : rowKey;
}

/**
 * Starts of the windows that row keys are part of, ascending, whose end lies in `(afterMs, untilMs]`.
 * Only these are counted up: a pane of a day's window is part of a thousand others.
 */
export function windowsEnding(
  rowKeys: readonly number[],
  shape: WindowShape,
  ends: { readonly afterMs: number; readonly untilMs: number },
): number[] {
  const { sizeMs, slideMs } = shape;
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
