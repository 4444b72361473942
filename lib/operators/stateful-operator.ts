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
import type { KeyOrigin } from './key.ts';
import type { Pass, Push } from './pass.ts';

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

/** What an operator is made of besides its node. */
export interface OperatorContext {
  readonly pass: Pass;
  /** Takes what it gives out. */
  readonly next: Push;
  /** Takes a row that came too late: it is counted, and goes to the sink of late rows if there is one. */
  readonly refuse: Push;
  /** Where its keys come from. */
  readonly source: KeyOrigin['source'];
  /** How far the watermark of this operator lags behind the one of the log. */
  readonly behindMs: number;
  /** Whether event time is declared in front of it, for each of its inputs. */
  readonly timed: readonly boolean[];
  /** Whether rows come to it only when the watermark has advanced, besides those of records. */
  readonly takesResults: boolean;
  /** Whether functions of the pipeline see rows: they may change them, or make them other than JSON. */
  readonly userCode: boolean;
  /** Whether such functions see what it gives out. */
  readonly codeBehind: boolean;
}

/** An operator and the way into it. */
export interface WiredOperator {
  readonly operator: StatefulOperator;
  /** One for each input of the node. */
  readonly pushes: readonly Push[];
}
