// The decisions about one lane: the batches of one shard (or, with a ParallelizationFactor above 1,
// of a share of its keys), one at a time and in order. Pure: a lane and the log in, a plan out.
//
// A lane's `cursor` is its checkpoint: everything before it is done. `pieces` are the batches begun
// but not done, in order, from the cursor on: one, or more after a bisection. The first one is the
// one in flight or the next to go.

import type { ShardLog } from '../kinesis/shard-log.ts';
import type { DiscardReason } from './discarded.ts';
import { EVENT_BYTES_MAX, eventByteLength } from './kinesis-event.ts';

/** A run of record indexes, `[from, to)`. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  /** Failed deliveries so far. */
  readonly failures: number;
  readonly notBeforeMs: number;
}

export interface Lane {
  readonly cursor: number;
  readonly pieces: readonly Piece[];
  /** Since when the lane may gather records for its next batch. */
  readonly idleSinceMs: number;
}

export interface BatchLimits {
  readonly recordsMax: number;
  readonly windowMs: number;
  /** -1: never. */
  readonly recordAgeMaxMs: number;
  /** -1: no end. */
  readonly retriesMax: number;
  readonly bisect: boolean;
}

/** What a lane reads: the shard's records, of which it may own only some. */
export interface LaneView {
  readonly log: ShardLog;
  /** Bytes of the parts of an event's record that do not vary. */
  readonly fixedBytes: number;
  /** `null`: all records are the lane's. */
  readonly owns: ((index: number) => boolean) | null;
}

export type LanePlan =
  /** Nothing to do before `untilMs`; `null`: before new records arrive. */
  | { readonly kind: 'wait'; readonly untilMs: number | null }
  | { readonly kind: 'discard'; readonly piece: Piece; readonly reason: DiscardReason }
  | { readonly kind: 'invoke'; readonly piece: Piece };

/** The lane as it stands after the log lost its oldest records: it goes on at the oldest one left. */
export function skipTrimmed(lane: Lane, log: ShardLog): Lane {
  const { first } = log;
  if (lane.cursor >= first && (lane.pieces[0]?.from ?? first) >= first) return lane;
  const pieces = lane.pieces
    .filter((piece) => piece.to > first)
    .map((piece) => ({ ...piece, from: Math.max(piece.from, first) }));
  return { ...lane, cursor: Math.max(lane.cursor, first), pieces };
}

/** What to do next with an idle lane. */
export function planLane(
  lane: Lane,
  view: LaneView,
  now: { readonly limits: BatchLimits; readonly nowMs: number },
): LanePlan {
  const { limits, nowMs } = now;
  const current = skipTrimmed(lane, view.log);
  const retry = current.pieces[0];
  const planned = retry ?? gather(current, view, now);
  if ('kind' in planned) return planned;
  const aged = agedPart(planned, view.log, limits.recordAgeMaxMs, nowMs);
  if (aged !== undefined) return aged;
  if (planned.notBeforeMs > nowMs) return { kind: 'wait', untilMs: planned.notBeforeMs };
  return { kind: 'invoke', piece: planned };
}

/** The end of the largest batch from `from` on, and whether more records could not be added. */
export function largestBatch(
  from: number,
  view: LaneView,
  recordsMax: number,
): { readonly to: number; readonly count: number; readonly full: boolean } {
  return view.owns === null
    ? largestRun(from, view, recordsMax)
    : largestShare(from, { ...view, owns: view.owns }, recordsMax);
}

/** The lane after its first piece is done up to `to`. */
export function completeUpTo(lane: Lane, to: number, nowMs: number): Lane {
  const [first, ...rest] = lane.pieces as [Piece, ...Piece[]];
  const left = to < first.to ? [{ ...first, from: to }] : [];
  return { cursor: to, pieces: [...left, ...rest], idleSinceMs: nowMs };
}

/** The lane after its first piece failed: retried, halved, or given up. */
export function afterFailure(
  lane: Lane,
  failed: {
    readonly limits: BatchLimits;
    /** How many records failed, and the index that halves them. */
    readonly count: number;
    readonly middle: number;
    readonly retryAtMs: number;
    readonly nowMs: number;
  },
): { readonly lane: Lane; readonly discarded: Piece | null } {
  const [first, ...rest] = lane.pieces as [Piece, ...Piece[]];
  const { limits, count, middle, retryAtMs, nowMs } = failed;
  // "Splitting a batch doesn't consume the retry quota."
  if (limits.bisect && count > 1) {
    const halves = [
      { ...first, to: middle, notBeforeMs: retryAtMs },
      { ...first, from: middle, notBeforeMs: 0 },
    ];
    return { lane: { ...lane, pieces: [...halves, ...rest] }, discarded: null };
  }
  const failures = first.failures + 1;
  const retried = { ...first, failures, notBeforeMs: retryAtMs };
  if (limits.retriesMax >= 0 && failures > limits.retriesMax) {
    return { lane: completeUpTo(lane, first.to, nowMs), discarded: retried };
  }
  return { lane: { ...lane, pieces: [retried, ...rest] }, discarded: null };
}

function gather(
  lane: Lane,
  view: LaneView,
  { limits }: { readonly limits: BatchLimits },
): Piece | LanePlan {
  const { log } = view;
  const from = firstOwned(lane.cursor, view);
  if (from === log.end) return { kind: 'wait', untilMs: null };
  const batch = largestBatch(from, view, limits.recordsMax);
  if (batch.count === 0) {
    const piece = { from: lane.cursor, to: from + 1, failures: 0, notBeforeMs: 0 };
    return { kind: 'discard', piece, reason: 'PayloadSizeExceeded' };
  }
  // The window opens when the first record can be read: it has arrived and the lane is free.
  const closesMs = Math.max(log.at(from).arrivalMs, lane.idleSinceMs) + limits.windowMs;
  const notBeforeMs = batch.full ? 0 : closesMs;
  return { from: lane.cursor, to: batch.to, failures: 0, notBeforeMs };
}

/** The leading records of a piece that are too old to be delivered. */
function agedPart(
  piece: Piece,
  log: ShardLog,
  ageMaxMs: number,
  nowMs: number,
): LanePlan | undefined {
  if (ageMaxMs < 0 || log.at(piece.from).arrivalMs >= nowMs - ageMaxMs) return undefined;
  const to = Math.min(piece.to, log.indexOfArrival(nowMs - ageMaxMs));
  return { kind: 'discard', piece: { ...piece, to }, reason: 'RecordAgeExceeded' };
}

function firstOwned(from: number, { log, owns }: LaneView): number {
  let index = Math.max(from, log.first);
  if (owns !== null) while (index < log.end && !owns(index)) index += 1;
  return index;
}

/** All records are the lane's: the end is found by sums and a binary search. */
function largestRun(from: number, { log, fixedBytes }: LaneView, recordsMax: number) {
  const fits = (to: number) => {
    const sums = { fixedBytes, recordCount: to - from, varyingBytes: log.eventBytes(from, to) };
    return eventByteLength(sums) <= EVENT_BYTES_MAX;
  };
  const limit = Math.min(log.end, from + recordsMax);
  let low = from;
  let high = limit;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return { to: low, count: low - from, full: low < limit || low - from === recordsMax };
}

/** Only some records are the lane's: they are walked; the batch ends where the next would not fit. */
function largestShare(
  from: number,
  { log, fixedBytes, owns }: LaneView & { readonly owns: (index: number) => boolean },
  recordsMax: number,
) {
  let recordCount = 0;
  let varyingBytes = 0;
  for (let index = from; index < log.end; index += 1) {
    if (!owns(index)) continue;
    const more = varyingBytes + log.eventBytes(index, index + 1);
    const sums = { fixedBytes, recordCount: recordCount + 1, varyingBytes: more };
    if (recordCount === recordsMax || eventByteLength(sums) > EVENT_BYTES_MAX) {
      return { to: index, count: recordCount, full: true };
    }
    recordCount += 1;
    varyingBytes = more;
  }
  return { to: log.end, count: recordCount, full: recordCount === recordsMax };
}
