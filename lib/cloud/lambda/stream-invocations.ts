// What mappings want to invoke now, and what the end of an invocation means for their lanes.

import type { StoredRecord } from '../kinesis/shard-log.ts';
import type { Shard, Stream } from '../kinesis/stream.ts';
import { ServiceError } from '../service.ts';
import type { LambdaAccount } from './account.ts';
import { followShards, mayRead, recordsOf, viewOf } from './delivery.ts';
import { type DiscardReason, describeDiscarded } from './discarded.ts';
import { type FunctionVersion, parseFunctionReference, resolveVersion } from './functions.ts';
import type { Invocation, Outcome } from './invocation.ts';
import { type EventFrame, encodeEvent, fixedRecordBytes } from './kinesis-event.ts';
import {
  afterFailure,
  completeUpTo,
  type LaneView,
  largestBatch,
  type Piece,
  planLane,
  skipTrimmed,
} from './lane.ts';
import { type LaneProgress, limitsOf, type Mapping, type ShardProgress } from './mapping.ts';
import { readBatchResponse } from './response.ts';

const RETRY_DELAY_MS = 200;

/** An idle lane of an enabled mapping whose shard may be read, and all that is needed to go on with it. */
interface Spot {
  readonly mapping: Mapping;
  readonly target: FunctionVersion;
  readonly shard: Shard;
  readonly progress: LaneProgress;
  readonly frame: EventFrame;
  readonly view: LaneView;
}

/** An invocation of a mapping that is under way. */
export interface StreamFlight {
  readonly id: string;
  readonly spot: Spot;
  readonly records: readonly StoredRecord[];
}

/** Starts every batch that is due; each lane has at most one under way. */
export function startBatches(account: LambdaAccount, nowMs: number): StreamFlight[] {
  const flights: StreamFlight[] = [];
  for (const spot of idleSpots(account, nowMs)) {
    const limits = limitsOf(spot.mapping.settings);
    const { progress, view } = spot;
    progress.lane = skipTrimmed(progress.lane, view.log);
    let plan = planLane(progress.lane, view, { limits, nowMs });
    while (plan.kind === 'discard') {
      const { piece, reason } = plan;
      discard(account, spot, { piece, reason, nowMs });
      const pieces = progress.lane.pieces.length === 0 ? [piece] : progress.lane.pieces;
      const { idleSinceMs } = progress.lane;
      progress.lane = completeUpTo({ ...progress.lane, pieces }, piece.to, idleSinceMs);
      plan = planLane(progress.lane, view, { limits, nowMs });
    }
    if (plan.kind === 'wait') continue;
    const piece = reboundPiece(account, spot, plan.piece);
    const records = recordsOf(view, piece);
    const id = account.seeded.uuid();
    progress.lane = { ...progress.lane, pieces: [piece, ...progress.lane.pieces.slice(1)] };
    progress.inFlight = id;
    flights.push({ id, spot, records });
  }
  return flights;
}

/** The earliest time at which a lane has something to do; `null` if all wait for records. */
export function nextBatchMs(account: LambdaAccount, nowMs: number): number | null {
  let earliest: number | null = null;
  for (const { mapping, progress, view } of idleSpots(account, nowMs)) {
    const plan = planLane(progress.lane, view, { limits: limitsOf(mapping.settings), nowMs });
    const dueMs = plan.kind === 'wait' ? plan.untilMs : nowMs;
    if (dueMs !== null) earliest = Math.min(earliest ?? dueMs, dueMs);
  }
  return earliest;
}

export function presentFlight({ id, spot, records }: StreamFlight): Invocation {
  const { mapping, target, frame, progress } = spot;
  return {
    id,
    functionName: target.functionName,
    functionArn: mapping.settings.functionArn,
    version: target.version,
    trigger: {
      kind: 'stream',
      mappingId: mapping.id,
      streamArn: mapping.streamArn,
      shardId: frame.shardId,
      attempt: progress.lane.pieces[0]!.failures + 1,
      recordCount: records.length,
      firstSequenceNumber: records[0]!.sequenceNumber,
      lastSequenceNumber: records.at(-1)!.sequenceNumber,
    },
    payload: () => encodeEvent(frame, records),
  };
}

/**
 * Moves the checkpoint, or prepares the retry. If the shard or the whole stream is gone meanwhile, so
 * is the progress that this changes.
 */
export function settleBatch(
  account: LambdaAccount,
  flight: StreamFlight,
  ended: { readonly outcome: Outcome; readonly nowMs: number },
): void {
  const { spot, records } = flight;
  const { mapping, progress } = spot;
  const { outcome, nowMs } = ended;
  progress.inFlight = null;
  const first = progress.lane.pieces[0]!;
  if (outcome.kind === 'not-started') {
    holdBack(progress, first, nowMs + RETRY_DELAY_MS);
    return;
  }
  const result = resultOf(mapping, records, outcome);
  mapping.lastResult = result.kind === 'success' ? 'OK' : 'PROBLEM: Function call failed';
  if (result.kind === 'success') {
    progress.lane = completeUpTo(progress.lane, first.to, nowMs);
  } else if (result.kind === 'partial' && result.firstFailed > 0) {
    settlePartly(account, flight, { firstFailed: result.firstFailed, nowMs });
  } else {
    fail(account, spot, { records, retryAtMs: retryTimeOf(account, first, nowMs), nowMs });
  }
}

/** Everything before the first failed record is done; what is left has failed once more. */
function settlePartly(
  account: LambdaAccount,
  { spot, records }: StreamFlight,
  { firstFailed, nowMs }: { readonly firstFailed: number; readonly nowMs: number },
): void {
  const { progress, view, mapping } = spot;
  const left = records.slice(firstFailed);
  const first = progress.lane.pieces[0]!;
  const from = view.log.indexOfSequence(left[0]!.sequenceNumber, false);
  progress.lane = completeUpTo(progress.lane, Math.min(from, first.to), nowMs);
  // What was left may have been trimmed from the stream meanwhile.
  if (from >= first.to) return;
  // "The batch is bisected at the returned sequence number, and Lambda retries only the remaining
  // records": a split, which uses up no retry.
  if (mapping.settings.bisect) return;
  fail(account, spot, { records: left, retryAtMs: nowMs, nowMs });
}

function fail(
  account: LambdaAccount,
  spot: Spot,
  failed: {
    readonly records: readonly StoredRecord[];
    readonly retryAtMs: number;
    readonly nowMs: number;
  },
): void {
  const { records, retryAtMs, nowMs } = failed;
  const { log } = spot.view;
  const half = records[records.length >>> 1]!;
  const next = afterFailure(spot.progress.lane, {
    limits: limitsOf(spot.mapping.settings),
    count: records.length,
    middle: log.indexOfSequence(half.sequenceNumber, false),
    retryAtMs,
    nowMs,
  });
  spot.progress.lane = next.lane;
  if (next.discarded === null) return;
  discard(account, spot, { piece: next.discarded, reason: 'RetryAttemptsExhausted', nowMs });
}

function resultOf(
  mapping: Mapping,
  records: readonly StoredRecord[],
  outcome: Exclude<Outcome, { kind: 'not-started' }>,
) {
  if (outcome.kind === 'failed') return { kind: 'failure' } as const;
  if (!mapping.settings.reportsItemFailures) return { kind: 'success' } as const;
  return readBatchResponse(
    outcome.response,
    records.map((record) => record.sequenceNumber),
  );
}

/** Every lane that is free to go on. */
function* idleSpots(account: LambdaAccount, nowMs: number): Generator<Spot> {
  for (const mapping of account.mappings.values()) {
    if (!mapping.settings.enabled) continue;
    const stream = account.stream(mapping.streamArn, nowMs);
    const target = targetOf(account, mapping);
    if (stream === undefined || target === undefined) continue;
    followShards(mapping, stream);
    for (const shardProgress of mapping.shards) {
      yield* spotsOf(account, { mapping, target, stream, shardProgress });
    }
  }
}

function* spotsOf(
  account: LambdaAccount,
  of: {
    readonly mapping: Mapping;
    readonly target: FunctionVersion;
    readonly stream: Stream;
    readonly shardProgress: ShardProgress;
  },
): Generator<Spot> {
  const { mapping, target, stream, shardProgress } = of;
  const shard = stream.shards.find((candidate) => candidate.id === shardProgress.shardId)!;
  if (!mayRead(mapping, stream, shard)) return;
  const frame = {
    shardId: shard.id,
    streamArn: mapping.streamArn,
    region: account.region,
    roleArn: target.roleArn,
  };
  for (const progress of shardProgress.lanes) {
    if (progress.inFlight !== null) continue;
    const view = viewOf(shard, shardProgress, { progress, fixedBytes: fixedRecordBytes(frame) });
    yield { mapping, target, shard, progress, frame, view };
  }
}

function targetOf(account: LambdaAccount, mapping: Mapping): FunctionVersion | undefined {
  try {
    const reference = parseFunctionReference(mapping.settings.functionArn);
    return resolveVersion(account.functions, reference);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    mapping.lastResult = `PROBLEM: ${error.message}`;
    return undefined;
  }
}

/** The service does not promise that a retry ends where the first delivery did. */
function reboundPiece(account: LambdaAccount, spot: Spot, piece: Piece): Piece {
  const only = spot.progress.lane.pieces.length === 1;
  if (account.retryBoundaries === 'same' || piece.failures === 0 || !only) return piece;
  const largest = largestBatch(piece.from, spot.view, spot.mapping.settings.batchSize);
  const to = piece.from + 1 + account.seeded.below(largest.to - piece.from);
  const varied = { ...piece, to };
  return recordsOf(spot.view, varied).length === 0 ? piece : varied;
}

function holdBack(progress: LaneProgress, first: Piece, untilMs: number): void {
  const rest = progress.lane.pieces.slice(1);
  progress.lane = { ...progress.lane, pieces: [{ ...first, notBeforeMs: untilMs }, ...rest] };
}

function retryTimeOf(account: LambdaAccount, piece: Piece, nowMs: number): number {
  const delayMs = RETRY_DELAY_MS * 2 ** Math.min(piece.failures, 30);
  return nowMs + Math.min(delayMs, account.retryDelayMaxMs);
}

function discard(
  account: LambdaAccount,
  spot: Spot,
  given: { readonly piece: Piece; readonly reason: DiscardReason; readonly nowMs: number },
): void {
  const { mapping, target, view, frame } = spot;
  const { piece, reason, nowMs } = given;
  const { destination } = mapping.settings;
  const records = recordsOf(view, piece);
  if (destination === null || records.length === 0) return;
  const batch = {
    mappingId: mapping.id,
    functionArn: mapping.settings.functionArn,
    version: target.version,
    streamArn: mapping.streamArn,
    shardId: frame.shardId,
    reason,
    invokeCount: piece.failures,
    records,
    nowMs,
  };
  const event = () => encodeEvent(frame, records);
  const uuid = () => account.seededDiscards.uuid();
  try {
    account.discard(describeDiscarded(batch, { destination, uuid, event }), nowMs);
  } catch (error) {
    // As in the service, records are lost when their destination fails; it shows in the mapping.
    if (!(error instanceof ServiceError)) throw error;
    mapping.lastResult = `PROBLEM: ${error.message}`;
  }
}
