// Everything that only shows streams and shards.

import { type CallContext, ServiceError } from '../service.ts';
import {
  type Account,
  findStream,
  RECORD_KIB_MAX,
  SHARD_LIMIT,
  type StreamReference,
} from './account.ts';
import { type Shard, type Stream, statusOf } from './stream.ts';
import { integer, invalidArgument, oneOf } from './validate.ts';

const HOUR_MS = 3_600_000;
/** "Tokens expire after 300 seconds." */
const TOKEN_LIFE_MS = 300_000;

export interface DescribeStreamInput extends StreamReference {
  readonly Limit?: number;
  readonly ExclusiveStartShardId?: string;
}

export interface ListShardsInput extends StreamReference {
  readonly NextToken?: string;
  readonly ExclusiveStartShardId?: string;
  readonly MaxResults?: number;
  readonly StreamCreationTimestamp?: number;
  readonly ShardFilter?: ShardFilter;
}

interface ShardFilter {
  readonly Type?: string;
  readonly ShardId?: string;
  readonly Timestamp?: number;
}

export interface ListStreamsInput {
  readonly Limit?: number;
  readonly ExclusiveStartStreamName?: string;
  readonly NextToken?: string;
}

const FILTER_TYPES = [
  'AFTER_SHARD_ID',
  'AT_TRIM_HORIZON',
  'FROM_TRIM_HORIZON',
  'AT_LATEST',
  'AT_TIMESTAMP',
  'FROM_TIMESTAMP',
] as const;

export function describeStream(
  account: Account,
  input: DescribeStreamInput,
  { nowMs }: CallContext,
): object {
  const stream = findStream(account, input, nowMs);
  const limit = integer(input.Limit, 'limit', { min: 1, max: 10_000, fallback: 100 });
  const shards = shardsAfter(visibleShards(stream, nowMs), input.ExclusiveStartShardId);
  return {
    StreamDescription: {
      ...commonDescription(stream, nowMs),
      Shards: shards.slice(0, limit).map(presentShard),
      HasMoreShards: shards.length > limit,
    },
  };
}

export function describeStreamSummary(
  account: Account,
  input: StreamReference,
  { nowMs }: CallContext,
): object {
  const stream = findStream(account, input, nowMs);
  return {
    StreamDescriptionSummary: {
      ...commonDescription(stream, nowMs),
      OpenShardCount: stream.open.length,
      ConsumerCount: stream.consumers.length,
      MaxRecordSizeInKiB: stream.recordBytesMax / 1_024,
    },
  };
}

export function listShards(account: Account, input: ListShardsInput, context: CallContext): object {
  const { nowMs } = context;
  const max = integer(input.MaxResults, 'maxResults', { min: 1, max: 10_000, fallback: 1_000 });
  const page = input.NextToken === undefined ? firstPage(input) : nextPage(input, nowMs);
  const stream = findStream(account, page.reference, nowMs);
  if (page.createdMs !== undefined && page.createdMs !== stream.createdMs) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Stream ${stream.name} created at ${page.createdMs} under account ${account.accountId} not found.`,
    );
  }
  const filtered = filterShards(stream, page.filter, nowMs);
  const shards = shardsAfter(filtered, page.after);
  const shown = shards.slice(0, Math.min(max, 1_000));
  const token = {
    name: stream.name,
    createdMs: stream.createdMs,
    after: shown.at(-1)?.id,
    filter: page.filter,
    issuedMs: nowMs,
  };
  return {
    Shards: shown.map(presentShard),
    ...(shown.length < shards.length ? { NextToken: encodeToken(token) } : {}),
  };
}

export function listStreams(
  account: Account,
  input: ListStreamsInput,
  context: CallContext,
): object {
  const limit = integer(input.Limit, 'limit', { min: 1, max: 10_000, fallback: 100 });
  const after = input.NextToken ?? input.ExclusiveStartStreamName ?? '';
  const names = [...account.streams.keys()].sort().filter((name) => name > after);
  const shown = names.slice(0, limit);
  const more = names.length > limit;
  return {
    StreamNames: shown,
    HasMoreStreams: more,
    ...(more ? { NextToken: shown.at(-1) } : {}),
    StreamSummaries: shown.map((name) => {
      const stream = account.streams.get(name)!;
      return {
        StreamName: name,
        StreamARN: stream.arn,
        StreamStatus: statusOf(stream, context.nowMs),
        StreamModeDetails: { StreamMode: stream.mode },
        StreamCreationTimestamp: stream.createdMs,
      };
    }),
  };
}

export function describeLimits(account: Account): object {
  const streams = [...account.streams.values()];
  return {
    ShardLimit: SHARD_LIMIT,
    OpenShardCount: streams.reduce((sum, stream) => sum + stream.open.length, 0),
    OnDemandStreamCount: streams.filter((stream) => stream.mode === 'ON_DEMAND').length,
    OnDemandStreamCountLimit: 50,
    MaxRecordSizeInKiBLimit: RECORD_KIB_MAX,
  };
}

/** A stream that is being created shows no shards yet. */
function visibleShards(stream: Stream, nowMs: number): readonly Shard[] {
  return statusOf(stream, nowMs) === 'CREATING' ? [] : stream.shards;
}

function commonDescription(stream: Stream, nowMs: number): object {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: statusOf(stream, nowMs),
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: stream.createdMs,
    EnhancedMonitoring: [{ ShardLevelMetrics: [...stream.monitored] }],
    EncryptionType: stream.keyId === null ? 'NONE' : 'KMS',
    ...(stream.keyId === null ? {} : { KeyId: stream.keyId }),
  };
}

function presentShard(shard: Shard): object {
  const [parent, adjacent] = shard.parents;
  return {
    ShardId: shard.id,
    ...(parent === undefined ? {} : { ParentShardId: parent }),
    ...(adjacent === undefined ? {} : { AdjacentParentShardId: adjacent }),
    HashKeyRange: {
      StartingHashKey: String(shard.range.start),
      EndingHashKey: String(shard.range.end),
    },
    SequenceNumberRange: {
      StartingSequenceNumber: shard.startingSequenceNumber,
      ...(shard.endingSequenceNumber === null
        ? {}
        : { EndingSequenceNumber: shard.endingSequenceNumber }),
    },
  };
}

/** Ids are of one length and rise with age, so `after` may name a shard that has expired. */
function shardsAfter(shards: readonly Shard[], after: string | undefined): readonly Shard[] {
  return after === undefined ? shards : shards.filter((shard) => shard.id > after);
}

function filterShards(stream: Stream, filter: ShardFilter | undefined, nowMs: number) {
  const shards = visibleShards(stream, nowMs);
  if (filter === undefined) return shards;
  const type = oneOf(filter.Type, 'shardFilter.type', FILTER_TYPES);
  const horizonMs = nowMs - stream.retentionHours * HOUR_MS;
  const openAt = (timeMs: number) => (shard: Shard) =>
    shard.openedMs <= timeMs && (shard.closedMs === null || shard.closedMs >= timeMs);
  switch (type) {
    case 'FROM_TRIM_HORIZON':
      return shards;
    case 'AT_LATEST':
      return shards.filter((shard) => shard.closedMs === null);
    case 'AT_TRIM_HORIZON':
      return shards.filter(openAt(Math.max(horizonMs, stream.createdMs)));
    case 'AFTER_SHARD_ID':
      if (filter.ShardId === undefined) throw invalidArgument('ShardFilter needs a ShardId.');
      return shardsAfter(shards, filter.ShardId);
    case 'AT_TIMESTAMP':
      return shards.filter(openAt(timestampOf(filter)));
    case 'FROM_TIMESTAMP': {
      const fromMs = timestampOf(filter);
      return shards.filter((shard) => shard.closedMs === null || shard.closedMs >= fromMs);
    }
  }
}

function timestampOf(filter: ShardFilter): number {
  if (filter.Timestamp !== undefined) return filter.Timestamp;
  throw invalidArgument(`ShardFilter of type ${filter.Type} needs a Timestamp.`);
}

interface ShardPage {
  readonly reference: StreamReference;
  readonly createdMs: number | undefined;
  readonly after: string | undefined;
  readonly filter: ShardFilter | undefined;
}

interface ShardToken {
  readonly name: string;
  readonly createdMs: number;
  readonly after: string | undefined;
  readonly filter: ShardFilter | undefined;
  readonly issuedMs: number;
}

function firstPage(input: ListShardsInput): ShardPage {
  return {
    reference: input,
    createdMs: input.StreamCreationTimestamp,
    after: input.ExclusiveStartShardId,
    filter: input.ShardFilter,
  };
}

function nextPage(input: ListShardsInput, nowMs: number): ShardPage {
  const excluded = [input.StreamName, input.StreamCreationTimestamp, input.ExclusiveStartShardId];
  if (excluded.some((member) => member !== undefined)) {
    throw invalidArgument(
      'NextToken excludes StreamName, StreamCreationTimestamp and ExclusiveStartShardId.',
    );
  }
  const token = decodeToken(input.NextToken!);
  if (nowMs - token.issuedMs > TOKEN_LIFE_MS) {
    throw new ServiceError('ExpiredNextTokenException', 'The pagination token has expired.');
  }
  const { createdMs, after, filter } = token;
  return { reference: { StreamName: token.name }, createdMs, after, filter };
}

function encodeToken(token: ShardToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64');
}

function decodeToken(text: string): ShardToken {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64').toString()) as ShardToken;
    if (typeof token.name === 'string' && typeof token.issuedMs === 'number') return token;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw invalidArgument('Invalid NextToken.');
}
