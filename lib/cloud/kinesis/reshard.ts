// SplitShard, MergeShards and UpdateShardCount. Parents close, children open, and at every moment
// the open shards tile the key space.

import { type CallContext, ServiceError } from '../service.ts';
import {
  type Account,
  findActiveStream,
  SHARD_LIMIT,
  type StreamReference,
  touch,
} from './account.ts';
import { parseHashKey, uniformRanges } from './hash-key.ts';
import { closeShard, findShard, openShard, type Shard, type Stream } from './stream.ts';
import { integer, invalidArgument, oneOf, text } from './validate.ts';

export interface SplitShardInput extends StreamReference {
  readonly ShardToSplit?: string;
  readonly NewStartingHashKey?: string;
}

export interface MergeShardsInput extends StreamReference {
  readonly ShardToMerge?: string;
  readonly AdjacentShardToMerge?: string;
}

export interface UpdateShardCountInput extends StreamReference {
  readonly TargetShardCount?: number;
  readonly ScalingType?: string;
}

export function splitShard(account: Account, input: SplitShardInput, context: CallContext): object {
  const stream = provisioned(findActiveStream(account, input, context.nowMs));
  const shardId = text(input.ShardToSplit, 'shardToSplit', { max: 128 });
  const key = parseHashKey(text(input.NewStartingHashKey, 'newStartingHashKey', { max: 39 }));
  const shard = openOrRefuse(account, stream, shardId);
  if (key === undefined || key <= shard.range.start || key > shard.range.end) {
    throw invalidArgument(
      `NewStartingHashKey ${input.NewStartingHashKey} used in SplitShard() on shard ${shardId} in ` +
        `stream ${stream.name} under account ${account.accountId} is not both greater than one ` +
        "plus the shard's StartingHashKey " +
        `${shard.range.start} and less than the shard's EndingHashKey ${shard.range.end}.`,
    );
  }
  assertShardLimit(stream.open.length + 1);
  split(account, { stream, shard, key }, context.nowMs);
  touch(account, stream, context.nowMs);
  return {};
}

export function mergeShards(
  account: Account,
  input: MergeShardsInput,
  context: CallContext,
): object {
  const stream = provisioned(findActiveStream(account, input, context.nowMs));
  const ids = [
    text(input.ShardToMerge, 'shardToMerge', { max: 128 }),
    text(input.AdjacentShardToMerge, 'adjacentShardToMerge', { max: 128 }),
  ];
  const [shard, adjacent] = ids.map((id) => openOrRefuse(account, stream, id)) as [Shard, Shard];
  const touching =
    shard.range.end + 1n === adjacent.range.start || adjacent.range.end + 1n === shard.range.start;
  if (!touching) {
    throw invalidArgument(
      `Shards ${shard.id} and ${adjacent.id} in stream ${stream.name} under account ` +
        `${account.accountId} are not an adjacent pair of shards eligible for merging`,
    );
  }
  merge(account, { stream, pair: [shard, adjacent] }, context.nowMs);
  touch(account, stream, context.nowMs);
  return {};
}

/** Scales to uniform ranges; shards that are only needed on the way open and close at once, empty. */
export function updateShardCount(
  account: Account,
  input: UpdateShardCountInput,
  context: CallContext,
): object {
  const stream = provisioned(findActiveStream(account, input, context.nowMs));
  oneOf(input.ScalingType, 'scalingType', ['UNIFORM_SCALING']);
  const target = integer(input.TargetShardCount, 'targetShardCount', {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  });
  const current = stream.open.length;
  if (target > current * 2 || target < Math.ceil(current / 2)) {
    throw invalidArgument(
      `UpdateShardCount cannot scale stream ${stream.name} from ${current} to ${target} shards: ` +
        `the target must be from ${Math.ceil(current / 2)} to ${current * 2}.`,
    );
  }
  assertShardLimit(target);
  for (const range of uniformRanges(target).slice(1)) {
    const shard = stream.open.find(
      (candidate) => candidate.range.start < range.start && range.start <= candidate.range.end,
    );
    if (shard !== undefined) split(account, { stream, shard, key: range.start }, context.nowMs);
  }
  for (const range of uniformRanges(target)) {
    const inside = () =>
      stream.open.filter(
        (shard) => shard.range.start >= range.start && shard.range.end <= range.end,
      );
    for (let parts = inside(); parts.length > 1; parts = inside()) {
      merge(account, { stream, pair: [parts[0]!, parts[1]!] }, context.nowMs);
    }
  }
  touch(account, stream, context.nowMs);
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    CurrentShardCount: current,
    TargetShardCount: target,
  };
}

function split(
  account: Account,
  cut: { readonly stream: Stream; readonly shard: Shard; readonly key: bigint },
  nowMs: number,
): void {
  const { stream, shard, key } = cut;
  const { start, end } = shard.range;
  closeShard(stream, shard, { seeded: account.seeded, nowMs });
  openShard(stream, { range: { start, end: key - 1n }, parents: [shard] }, nowMs);
  openShard(stream, { range: { start: key, end }, parents: [shard] }, nowMs);
}

function merge(
  account: Account,
  joined: { readonly stream: Stream; readonly pair: readonly [Shard, Shard] },
  nowMs: number,
): void {
  const { stream, pair } = joined;
  const [low, high] = pair[0].range.start < pair[1].range.start ? pair : [pair[1], pair[0]];
  const clock = { seeded: account.seeded, nowMs };
  for (const shard of pair) closeShard(stream, shard, clock);
  openShard(
    stream,
    { range: { start: low.range.start, end: high.range.end }, parents: pair },
    nowMs,
  );
}

function provisioned(stream: Stream): Stream {
  if (stream.mode === 'PROVISIONED') return stream;
  throw new ServiceError(
    'ValidationException',
    `Stream ${stream.name} is in on-demand mode; its shards are not yours to change.`,
  );
}

function openOrRefuse(account: Account, stream: Stream, shardId: string): Shard {
  const shard = findShard(stream, shardId, account.accountId);
  if (shard.closedMs === null) return shard;
  throw invalidArgument(
    `Shard ${shardId} in stream ${stream.name} under account ${account.accountId} ` +
      'has already been merged or split, and thus is not eligible for merging or splitting.',
  );
}

function assertShardLimit(count: number): void {
  if (count <= SHARD_LIMIT) return;
  throw new ServiceError(
    'LimitExceededException',
    `This request would exceed the shard limit of ${SHARD_LIMIT}: ${count} were asked for.`,
  );
}
