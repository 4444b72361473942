// What all operators with state have in common: where they stand in the course of a batch. A batch
// goes like this, each step over all operators in the order of the plan:
//
//   begin        the draft of this batch is there
//   (rows are pushed, one record after the other)
//   finishRows   all rows have come; calls once per batch or group, timeouts by the clock
//   close        the watermark has advanced: give out what it closes, forget what it passed
//
// What an operator gives out in `finishRows` and `close` is taken by those behind it before their own
// turn. Lateness goes by the watermark of the previous commit, so that it is not late there.

import type { GroupWatermarks } from './group-watermarks.ts';

/** Watermarks as an operator sees them: behind a join they lag by what the join holds back. */
export interface Watermarks {
  readonly previous: GroupWatermarks;
  readonly current: GroupWatermarks;
}

export interface StatefulOperator {
  readonly uid: string;
  /** How far the watermark of this operator lags behind the one of the log. */
  readonly behindMs: number;
  begin(): void;
  finishRows(): void;
  close(watermarks: Watermarks): void;
  /** What it keeps now, as a user would count it: groups, rows of a join, keys. */
  countState(watermarks: GroupWatermarks): number;
}
