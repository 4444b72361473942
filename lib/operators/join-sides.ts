// What a join's bounds mean for each of its sides: which rows of the other side one can meet, and
// from which watermark on a stored row can meet none any more.
//
// A row has a place: the start of its window where the join has windows, else its event time. A left
// row at l and a right row at r meet when lower <= r - l <= upper. A row of the other side that is not
// late lies above the watermark, so a left row is of no use once l + upper is below the watermark, a
// right row once r - lower is; where the bound itself does not count, once it has reached it.
//
// So an expired row that is still in state (rows leave by the bucket) is out of reach of every row that
// is not late: for a left row, l + upper <= watermark < r, hence r - l > upper; for a right row,
// r - lower <= watermark < l, hence r - l < lower. Rows of a side without a watermark are never late,
// but then the other side never expires. Windows are the exception, since either watermark closes them
// for both sides: there it is the join that must leave closed windows alone.

import type { JoinNode } from '../plan/plan.ts';

/**
 * A row is of no use once its place is not above the watermark less `behindMs`. Where a bound counts
 * that is a whole millisecond beyond it, as it is for what comes out: the watermark has no finer steps,
 * but the times of window rows have.
 */
export interface Expiry {
  readonly behindMs: number;
}

/** What holds for one side of a join. */
export interface SideRules {
  readonly tag: 0 | 1;
  /** Rows that meet no other come out, too. */
  readonly kept: boolean;
  /** Whether a stored row must know that it has met one: else it would come out again. */
  readonly marks: boolean;
  /** Whether rows can be late. */
  readonly timed: boolean;
  /** `null`: rows stay for ever. */
  readonly expiry: Expiry | null;
  /** Length of a bucket of stored rows; `null`: all of a key's rows lie in one. */
  readonly widthMs: number | null;
  /** How far before the end of a bucket the last place in it lies. */
  readonly lastBeforeEndMs: number;
  /** Which places of the other side are looked at, relative to a row's own. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Narrower buckets would only be more of them. */
const WIDTH_MS_MIN = 1_000;
/** Where a bound is open all later buckets are looked at, so that they are few. */
const OPEN_WIDTH_MS_MIN = 60_000;
/** Of a bound's span: rows are forgotten bucket by bucket, so that a quarter more is kept than needed. */
const BUCKETS_PER_SPAN = 4;

export const LEFT = 0;
export const RIGHT = 1;

/** The rules of both sides; `timed` tells for each whether a watermark is declared in front of it. */
export function sideRules(
  node: JoinNode,
  timed: readonly boolean[],
): readonly [SideRules, SideRules] {
  return [rulesOf(node, LEFT, timed), rulesOf(node, RIGHT, timed)];
}

/** Whether a row can meet no row any more that is not late. */
export function isExpired({ behindMs }: Expiry, placeMs: number, watermarkMs: number): boolean {
  return placeMs <= watermarkMs - behindMs;
}

/**
 * How far the rows of a join may lag behind its watermark: they wait until they expire. Where the
 * bound counts they come out when the watermark has passed it, a millisecond later.
 */
export function joinLagMs({ within, window }: JoinNode): number {
  if (within === null || window !== null) return 0;
  const { lowerMs, lowerInclusive, upperMs, upperInclusive } = within;
  return Math.max(
    0,
    upperMs === null ? 0 : upperMs + (upperInclusive ? 1 : 0),
    lowerMs === null ? 0 : -lowerMs + (lowerInclusive ? 1 : 0),
  );
}

function rulesOf(node: JoinNode, tag: 0 | 1, timed: readonly boolean[]): SideRules {
  const { type, window } = node;
  const kept = type === 'full' || type === (tag === LEFT ? 'left' : 'right');
  const expiry = expiryOf(node, tag, timed);
  const reach = window === null ? reachOf(node, tag) : { fromMs: 0, toMs: 0 };
  return {
    tag,
    kept,
    marks: kept || (type === 'semi' && tag === LEFT),
    timed: timed[tag]!,
    expiry,
    widthMs: expiry === null ? null : widthOf(node, reach),
    lastBeforeEndMs: window === null || window.sizeMs === 0 ? 0 : window.slideMs,
    ...reach,
  };
}

/** It is the other side's late rows that let rows go; a window closes for both at once. */
function expiryOf(
  { window, within }: JoinNode,
  tag: 0 | 1,
  timed: readonly boolean[],
): Expiry | null {
  if (window !== null) {
    return timed.includes(true) ? { behindMs: window.sizeMs } : null;
  }
  if (within === null || !timed[1 - tag]) return null;
  if (tag === LEFT) {
    const { upperMs, upperInclusive } = within;
    return upperMs === null ? null : { behindMs: upperMs + (upperInclusive ? 1 : 0) };
  }
  const { lowerMs, lowerInclusive } = within;
  return lowerMs === null ? null : { behindMs: 0 - lowerMs + (lowerInclusive ? 1 : 0) };
}

function reachOf({ within }: JoinNode, tag: 0 | 1): { fromMs: number; toMs: number } {
  const lowerMs = within?.lowerMs ?? Number.NEGATIVE_INFINITY;
  const upperMs = within?.upperMs ?? Number.POSITIVE_INFINITY;
  return tag === LEFT
    ? { fromMs: lowerMs, toMs: upperMs }
    : { fromMs: 0 - upperMs, toMs: 0 - lowerMs };
}

function widthOf({ window, within }: JoinNode, reach: { fromMs: number; toMs: number }): number {
  if (window !== null) return window.slideMs * Math.ceil(WIDTH_MS_MIN / window.slideMs);
  const spanMs = reach.toMs - reach.fromMs;
  if (Number.isFinite(spanMs)) {
    return Math.max(WIDTH_MS_MIN, Math.ceil(spanMs / BUCKETS_PER_SPAN));
  }
  const boundMs = Math.abs(within!.upperMs ?? within!.lowerMs!);
  return Math.max(OPEN_WIDTH_MS_MIN, Math.ceil(boundMs / BUCKETS_PER_SPAN));
}
