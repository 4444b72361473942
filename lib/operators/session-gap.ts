// The gap of a session window: a length, or a function of the user that gives it for each row.

import type { SessionWindowSpec } from '../plan/plan.ts';
import { DURATION_MS_MAX } from '../time/duration.ts';
import { operatorFailed, operatorReturned } from './record-fault.ts';

/** A gap in whole milliseconds, or what reads it of a row; a row whose gap is no number is a fault. */
export function gapOf(window: SessionWindowSpec, uid: string): number | ((row: unknown) => number) {
  if (typeof window.gap === 'number') return window.gap;
  const select = window.gap as (row: unknown) => unknown;
  return (row) => {
    let gap: unknown;
    try {
      gap = select(row);
    } catch (thrown) {
      throw operatorFailed(uid, thrown);
    }
    if (typeof gap !== 'number') throw operatorReturned(uid, 'gave a gap that is no number');
    // What is not finite leaves its row out; what is, must still end at a time that can be written.
    if (Number.isFinite(gap) && gap > DURATION_MS_MAX) {
      throw operatorReturned(uid, `gave a gap of more than ${DURATION_MS_MAX} ms`);
    }
    return Math.floor(gap);
  };
}
