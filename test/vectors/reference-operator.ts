// What the operators of the naive evaluation have in common.

import type { Row } from './expressions.ts';

export type Rows = Row[];

/** An operator: what it gives out for the rows of a batch, and when the watermark has moved on. */
export interface Operator {
  data(): Rows;
  close(): Rows;
  /** Rows of state, root first; `null` where nobody counts. */
  state(): (number | null)[];
  /** How far rows behind it lag, in seconds. */
  readonly lag: number;
}

/** What a batch goes by, in seconds. */
export interface Times {
  late: number;
  now: number;
  /** Rows that were late in this batch, but for those of aggregates. */
  dropped: number;
}

/** The watermark of an operator that lags: it starts at 0 as that of the whole plan. */
export const behind = (watermark: number, lag: number): number => Math.max(watermark - lag, 0);
