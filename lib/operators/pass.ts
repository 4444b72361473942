// What operators share while one batch passes through them. The wiring is made once per sandbox; a
// pass is begun for each batch and holds all that changes, so that nothing is left of a batch that
// failed.

import type { HashRange } from '../model/hash-range.ts';
import type { StateDraft } from '../state/draft.ts';
import type { GroupWatermarks } from './group-watermarks.ts';

/** Hands a row on; `timeMs` is its event time, NaN before a watermark is declared. */
export type Push = (row: unknown, timeMs: number) => void;

/** The mutable side of one batch. */
export class Pass {
  draft!: StateDraft;
  hashRange!: HashRange;
  /** What the late filter goes by: watermarks of the previous commit. */
  previous!: GroupWatermarks;
  /** Greatest event time of the records that stayed, -Infinity before any. */
  maxSeenMs = Number.NEGATIVE_INFINITY;
  /** Arrival time of the record that passes now. */
  arrivedAtMs = 0;
  /** Whether a row of the record that passes now reached a keyed operator or a sink. */
  reached = false;
  /** Rows of the record that passes now that came too late for at least one window. */
  lateRows = 0;
  /** Greatest event time of the record that passes now; it counts once the record has stayed. */
  recordMaxMs = Number.NEGATIVE_INFINITY;

  /** Begins a batch. */
  begin(batch: {
    readonly draft: StateDraft;
    readonly hashRange: HashRange;
    readonly previous: GroupWatermarks;
  }): void {
    this.draft = batch.draft;
    this.hashRange = batch.hashRange;
    this.previous = batch.previous;
    this.maxSeenMs = Number.NEGATIVE_INFINITY;
  }

  /** Begins a record. */
  beginRecord(arrivedAtMs: number): void {
    this.arrivedAtMs = arrivedAtMs;
    this.reached = false;
    this.lateRows = 0;
    this.recordMaxMs = Number.NEGATIVE_INFINITY;
  }

  /** The record stayed: its time moves the watermark. */
  endRecord(): void {
    if (this.recordMaxMs > this.maxSeenMs) this.maxSeenMs = this.recordMaxMs;
  }
}
