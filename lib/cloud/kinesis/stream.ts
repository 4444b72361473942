// A stream and its shards: how they open, close, grow old and are found.

import type { HashRange } from '../../model/hash-range.ts';
import type { Seeded } from '../seeded.ts';
import { ServiceError } from '../service.ts';
import { uniformRanges } from './hash-key.ts';
import { freshReadMeter, freshWriteMeter, type ReadMeter, type WriteMeter } from './meters.ts';
import { sequenceNumberAt } from './sequence-number.ts';
import { createShardLog, type ShardLog } from './shard-log.ts';

const HOUR_MS = 3_600_000;
/** Steps between neighbouring sequence numbers are random, 1 to this: numbers are never dense. */
const SEQUENCE_GAP_MAX = 1_000;

export interface Shard {
  readonly id: string;
  readonly index: number;
  readonly epoch: number;
  readonly range: HashRange;
  /** None, the shard that was split, or the two that were merged. */
  readonly parents: readonly string[];
  readonly openedMs: number;
  readonly startingSequenceNumber: string;
  closedMs: number | null;
  endingSequenceNumber: string | null;
  counter: number;
  lastArrivalMs: number;
  readonly log: ShardLog;
  readonly writes: WriteMeter;
  readonly reads: ReadMeter;
}

export interface Consumer {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
}

export type StreamMode = 'PROVISIONED' | 'ON_DEMAND';
export type BusyStatus = 'CREATING' | 'UPDATING' | 'DELETING';

export interface Stream {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  mode: StreamMode;
  /** All shards within retention, by index. */
  shards: Shard[];
  /** The open ones, by hash range. */
  open: Shard[];
  shardsEver: number;
  retentionHours: number;
  recordBytesMax: number;
  keyId: string | null;
  policy: string | null;
  monitored: readonly string[];
  readonly tags: Map<string, string>;
  consumers: Consumer[];
  busy: { readonly status: BusyStatus; readonly untilMs: number } | null;
}

export interface StreamPlace {
  readonly name: string;
  readonly arn: string;
  readonly nowMs: number;
}

export function createStream(
  place: StreamPlace,
  shape: {
    readonly mode: StreamMode;
    readonly shardCount: number;
    readonly recordBytesMax: number;
  },
): Stream {
  const stream: Stream = {
    name: place.name,
    arn: place.arn,
    createdMs: place.nowMs,
    mode: shape.mode,
    shards: [],
    open: [],
    shardsEver: 0,
    retentionHours: 24,
    recordBytesMax: shape.recordBytesMax,
    keyId: null,
    policy: null,
    monitored: [],
    tags: new Map(),
    consumers: [],
    busy: null,
  };
  for (const range of uniformRanges(shape.shardCount)) {
    openShard(stream, { range, parents: [] }, place.nowMs);
  }
  return stream;
}

/** Opens a shard; its sequence numbers are greater than all of its parents'. */
export function openShard(
  stream: Stream,
  born: { readonly range: HashRange; readonly parents: readonly Shard[] },
  nowMs: number,
): Shard {
  const index = stream.shardsEver;
  const epoch = born.parents.reduce(
    (latest, parent) => Math.max(latest, parent.epoch + 1),
    Math.floor(nowMs / 1_000),
  );
  const shard: Shard = {
    id: `shardId-${String(index).padStart(12, '0')}`,
    index,
    epoch,
    range: born.range,
    parents: born.parents.map((parent) => parent.id),
    openedMs: nowMs,
    startingSequenceNumber: sequenceNumberAt({ epoch, shardIndex: index }, 0, nowMs),
    closedMs: null,
    endingSequenceNumber: null,
    counter: 0,
    lastArrivalMs: nowMs,
    log: createShardLog(),
    writes: freshWriteMeter(),
    reads: freshReadMeter(),
  };
  stream.shardsEver += 1;
  stream.shards.push(shard);
  stream.open = openByRange(stream.shards);
  return shard;
}

export function closeShard(stream: Stream, shard: Shard, clock: { seeded: Seeded; nowMs: number }) {
  shard.endingSequenceNumber = nextSequenceNumber(shard, clock.seeded, clock.nowMs);
  shard.closedMs = clock.nowMs;
  stream.open = openByRange(stream.shards);
}

/** Open shards in the order of their ranges. */
export function openByRange(shards: readonly Shard[]): Shard[] {
  return shards
    .filter((shard) => shard.closedMs === null)
    .sort((left, right) => (left.range.start < right.range.start ? -1 : 1));
}

/** The open shard that owns a place in the key space; open shards always tile it. */
export function shardAt(stream: Stream, place: bigint): Shard {
  let low = 0;
  let high = stream.open.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (stream.open[middle]!.range.end < place) low = middle + 1;
    else high = middle;
  }
  return stream.open[low]!;
}

/** Stores one record and answers its sequence number; `data` is copied. */
export function appendRecord(
  shard: Shard,
  record: { readonly partitionKey: string; readonly data: Uint8Array },
  clock: { readonly seeded: Seeded; readonly nowMs: number },
): string {
  // Arrival times of one shard never go back, so that both retention and iterators can search them.
  const arrivalMs = Math.max(clock.nowMs, shard.lastArrivalMs);
  shard.lastArrivalMs = arrivalMs;
  const sequenceNumber = nextSequenceNumber(shard, clock.seeded, arrivalMs);
  const data = new Uint8Array(record.data);
  shard.log.append({ sequenceNumber, partitionKey: record.partitionKey, data, arrivalMs });
  return sequenceNumber;
}

/** Forgets what retention has ended for: records by arrival, closed shards by the time they closed. */
export function expire(stream: Stream, nowMs: number): void {
  const keptFromMs = nowMs - stream.retentionHours * HOUR_MS;
  for (const shard of stream.shards) shard.log.trim(keptFromMs);
  const kept = (shard: Shard) => shard.closedMs === null || shard.closedMs >= keptFromMs;
  if (!stream.shards.every(kept)) stream.shards = stream.shards.filter(kept);
}

export function statusOf(stream: Stream, nowMs: number): 'ACTIVE' | BusyStatus {
  return stream.busy !== null && nowMs < stream.busy.untilMs ? stream.busy.status : 'ACTIVE';
}

export function findShard(stream: Stream, shardId: string, accountId: string): Shard {
  const shard = stream.shards.find((candidate) => candidate.id === shardId);
  if (shard !== undefined) return shard;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Could not find shard ${shardId} in stream ${stream.name} under account ${accountId}.`,
  );
}

function nextSequenceNumber(shard: Shard, seeded: Seeded, arrivalMs: number): string {
  shard.counter += 1 + seeded.below(SEQUENCE_GAP_MAX);
  return sequenceNumberAt(
    { epoch: shard.epoch, shardIndex: shard.index },
    shard.counter,
    arrivalMs,
  );
}
