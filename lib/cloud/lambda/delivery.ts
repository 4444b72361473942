// A mapping's way through the shards of its stream: which lanes exist, which may go on, what they
// read. The rules of one lane are in lane.ts.

import type { StoredRecord } from '../kinesis/shard-log.ts';
import type { Shard, Stream } from '../kinesis/stream.ts';
import type { LaneView, Piece } from './lane.ts';
import type { LaneProgress, Mapping, ShardProgress } from './mapping.ts';

/** Where a new mapping begins in each shard; shards that open later are read from their beginning. */
export function beginShards(mapping: Mapping, stream: Stream, nowMs: number): void {
  mapping.streamCreatedMs = stream.createdMs;
  mapping.shards = stream.shards.map((shard) =>
    freshShard(mapping, shard.id, { cursor: startIn(mapping, shard), idleSinceMs: nowMs }),
  );
}

/**
 * Takes up shards that opened, forgets those that expired, follows a changed ParallelizationFactor.
 * When it is called leaves no trace: calling it now and later is the same as calling it later.
 */
export function followShards(mapping: Mapping, stream: Stream): void {
  if (mapping.streamCreatedMs !== stream.createdMs) {
    // Another stream took the name: nothing of the old progress applies to it.
    mapping.streamCreatedMs = stream.createdMs;
    mapping.shards = [];
  }
  const expired = (progress: ShardProgress) =>
    !stream.shards.some((shard) => shard.id === progress.shardId);
  if (mapping.shards.some(expired)) {
    mapping.shards = mapping.shards.filter((progress) => !expired(progress));
  }
  for (const shard of stream.shards) {
    const progress = mapping.shards.find((candidate) => candidate.shardId === shard.id);
    if (progress === undefined) {
      mapping.shards.push(
        freshShard(mapping, shard.id, { cursor: 0, idleSinceMs: shard.openedMs }),
      );
    } else if (progress.lanes.length !== mapping.settings.parallelization) {
      relane(mapping, progress);
    }
  }
}

/** Whether a shard may be read: all its parents are drained, or gone with their records. */
export function mayRead(mapping: Mapping, stream: Stream, shard: Shard): boolean {
  return shard.parents.every((parentId) => {
    const parent = stream.shards.find((candidate) => candidate.id === parentId);
    return parent === undefined || isDrained(mapping, parent);
  });
}

/** What a lane reads of its shard. */
export function viewOf(
  shard: Shard,
  progress: ShardProgress,
  lane: { readonly progress: LaneProgress; readonly fixedBytes: number },
): LaneView {
  const lanes = progress.lanes.length;
  const mine = progress.lanes.indexOf(lane.progress);
  const owns =
    lanes === 1
      ? null
      : (index: number) => laneOf(shard.log.at(index).partitionKey, lanes) === mine;
  return { log: shard.log, fixedBytes: lane.fixedBytes, owns };
}

/** The records of a piece that are the lane's. */
export function recordsOf(view: LaneView, piece: Piece): StoredRecord[] {
  const { owns } = view;
  const all = view.log.slice(piece.from, piece.to);
  return owns === null ? all : all.filter((_, place) => owns(piece.from + place));
}

function isDrained(mapping: Mapping, shard: Shard): boolean {
  const progress = mapping.shards.find((candidate) => candidate.shardId === shard.id);
  if (shard.closedMs === null || progress === undefined) return false;
  return progress.lanes.every((lane) => {
    if (lane.inFlight !== null || lane.lane.pieces.length > 0) return false;
    // The cursor may be behind records that other lanes own; only own ones hold the shard back.
    const { log, owns } = viewOf(shard, progress, { progress: lane, fixedBytes: 0 });
    let index = Math.max(lane.lane.cursor, log.first);
    if (owns !== null) while (index < log.end && !owns(index)) index += 1;
    return index >= log.end;
  });
}

function startIn(mapping: Mapping, shard: Shard): number {
  switch (mapping.startingPosition) {
    case 'TRIM_HORIZON':
      return shard.log.first;
    case 'LATEST':
      return shard.log.end;
    case 'AT_TIMESTAMP':
      return shard.log.indexOfArrival(mapping.startingTimestampMs!);
  }
}

function freshShard(
  mapping: Mapping,
  shardId: string,
  at: { readonly cursor: number; readonly idleSinceMs: number },
): ShardProgress {
  return { shardId, lanes: freshLanes(mapping, at) };
}

function freshLanes(
  mapping: Mapping,
  at: { readonly cursor: number; readonly idleSinceMs: number },
): LaneProgress[] {
  return Array.from({ length: mapping.settings.parallelization }, () => ({
    lane: { ...at, pieces: [] },
    inFlight: null,
  }));
}

/** All lanes begin again at the hindmost cursor: some records come twice, none is skipped. */
function relane(mapping: Mapping, progress: ShardProgress): void {
  if (progress.lanes.some(({ inFlight }) => inFlight !== null)) return;
  const cursor = Math.min(...progress.lanes.map(({ lane }) => lane.cursor));
  const idleSinceMs = Math.max(...progress.lanes.map(({ lane }) => lane.idleSinceMs));
  progress.lanes = freshLanes(mapping, { cursor, idleSinceMs });
}

/** FNV-1a: equal keys meet in one lane. */
function laneOf(partitionKey: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < partitionKey.length; index += 1) {
    hash = Math.imul(hash ^ partitionKey.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % lanes;
}
