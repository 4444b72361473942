// GetShardIterator, GetRecords, and the same reading for a registered consumer.

import { type CallContext, ServiceError } from '../service.ts';
import { type Account, findUsableStream, type StreamReference } from './account.ts';
import {
  decodeIterator,
  encodeIterator,
  ITERATOR_LIFE_MS,
  type ShardIterator,
} from './iterator.ts';
import { admitRead, chargeRead } from './meters.ts';
import { belongsTo } from './sequence-number.ts';
import type { StoredRecord } from './shard-log.ts';
import { findShard, type Shard, type Stream } from './stream.ts';
import { integer, invalidArgument, oneOf, text } from './validate.ts';

const PAGE_RECORDS_MAX = 10_000;
const PAGE_BYTES_MAX = 10_485_760;

export const ITERATOR_TYPES = [
  'AT_SEQUENCE_NUMBER',
  'AFTER_SEQUENCE_NUMBER',
  'TRIM_HORIZON',
  'LATEST',
  'AT_TIMESTAMP',
] as const;
type IteratorType = (typeof ITERATOR_TYPES)[number];

/** Where to begin; timestamps are milliseconds. */
export interface Start {
  readonly type: IteratorType;
  readonly sequenceNumber?: string | undefined;
  readonly timestampMs?: number | undefined;
}

export interface GetShardIteratorInput extends StreamReference {
  readonly ShardId?: string;
  readonly ShardIteratorType?: string;
  readonly StartingSequenceNumber?: string;
  readonly Timestamp?: number;
}

export interface GetRecordsInput {
  readonly ShardIterator?: string;
  readonly Limit?: number;
}

export function getShardIterator(
  account: Account,
  input: GetShardIteratorInput,
  { nowMs }: CallContext,
): object {
  const stream = findUsableStream(account, input, nowMs);
  const shardId = text(input.ShardId, 'shardId', { max: 128 });
  const type = oneOf(input.ShardIteratorType, 'shardIteratorType', ITERATOR_TYPES);
  const shard = findShard(stream, shardId, account.accountId);
  const start = {
    type,
    sequenceNumber: input.StartingSequenceNumber,
    timestampMs: input.Timestamp,
  };
  const position = positionOf(account, { stream, shard }, { start, nowMs });
  return { ShardIterator: encodeIterator(iteratorAt({ stream, shard }, position, nowMs)) };
}

export function getRecords(account: Account, input: GetRecordsInput, context: CallContext): object {
  const { nowMs } = context;
  const iterator = decodeIterator(text(input.ShardIterator, 'shardIterator', { max: 512 }));
  if (iterator === undefined) throw invalidArgument('Invalid ShardIterator.');
  const limit = integer(input.Limit, 'limit', {
    min: 1,
    max: PAGE_RECORDS_MAX,
    fallback: PAGE_RECORDS_MAX,
  });
  if (nowMs - iterator.issuedMs > ITERATOR_LIFE_MS) throw expired(iterator, nowMs);
  const stream = findUsableStream(account, { StreamName: iterator.streamName }, nowMs);
  if (stream.createdMs !== iterator.streamCreatedMs) {
    throw invalidArgument(`The ShardIterator is of an earlier stream named ${stream.name}.`);
  }
  const shard = findShard(stream, iterator.shardId, account.accountId);
  if (account.rates && !admitRead(shard.reads, nowMs)) {
    throw new ServiceError(
      'ProvisionedThroughputExceededException',
      `Rate exceeded for shard ${shard.id} in stream ${stream.name} under account ${account.accountId}.`,
    );
  }
  const page = readPage({ stream, shard }, { position: iterator, limit, nowMs });
  chargeRead(shard.reads, page.byteLength, nowMs);
  const next = iteratorAt({ stream, shard }, page.next, nowMs);
  return {
    Records: page.records.map((record) => presentRecord(stream, record)),
    MillisBehindLatest: page.behindMs,
    ...(page.ended
      ? { ChildShards: childShardsOf(stream, shard) }
      : { NextShardIterator: encodeIterator(next) }),
  };
}

export interface Position {
  readonly sequenceNumber: string;
  readonly after: boolean;
}

export interface Place {
  readonly stream: Stream;
  readonly shard: Shard;
}

export interface Page {
  readonly records: readonly StoredRecord[];
  readonly byteLength: number;
  readonly next: Position;
  readonly behindMs: number;
  /** The shard is closed and nothing follows. */
  readonly ended: boolean;
}

/** One answer's worth of records: at most `limit` and 10 MiB, which the largest record just fits. */
export function readPage(
  { shard }: Place,
  from: { readonly position: Position; readonly limit: number; readonly nowMs: number },
): Page {
  const { log } = shard;
  const first = log.indexOfSequence(from.position.sequenceNumber, from.position.after);
  const last = Math.min(log.end, first + from.limit);
  let byteLength = 0;
  let to = first;
  while (to < last) {
    const { data, partitionKey } = log.at(to);
    const recordBytes = data.byteLength + Buffer.byteLength(partitionKey);
    if (byteLength + recordBytes > PAGE_BYTES_MAX) break;
    byteLength += recordBytes;
    to += 1;
  }
  const next =
    to > first ? { sequenceNumber: log.at(to - 1).sequenceNumber, after: true } : from.position;
  return {
    records: log.slice(first, to),
    byteLength,
    next,
    behindMs: to < log.end ? Math.max(0, from.nowMs - log.at(to).arrivalMs) : 0,
    ended: shard.closedMs !== null && to === log.end,
  };
}

/** Turns each way to begin into a sequence number that stays right as records come and go. */
export function positionOf(
  account: Account,
  { stream, shard }: Place,
  from: { readonly start: Start; readonly nowMs: number },
): Position {
  const { start, nowMs } = from;
  const oldest = { sequenceNumber: shard.startingSequenceNumber, after: false };
  const tip =
    shard.log.end > shard.log.first
      ? { sequenceNumber: shard.log.at(shard.log.end - 1).sequenceNumber, after: true }
      : oldest;
  switch (start.type) {
    case 'TRIM_HORIZON':
      return oldest;
    case 'LATEST':
      return tip;
    case 'AT_TIMESTAMP': {
      if (start.timestampMs === undefined) {
        throw invalidArgument('Must specify timestampInMillis for iterator type AT_TIMESTAMP.');
      }
      if (start.timestampMs > nowMs) {
        throw invalidArgument(
          `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ` +
            `timestampInMillis: ${start.timestampMs}, currentTimestampInMillis: ${nowMs}`,
        );
      }
      const index = shard.log.indexOfArrival(start.timestampMs);
      if (index === shard.log.end) return tip;
      return { sequenceNumber: shard.log.at(index).sequenceNumber, after: false };
    }
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      const { sequenceNumber } = start;
      if (sequenceNumber === undefined) {
        throw invalidArgument(
          `Must specify startingSequenceNumber for iterator type ${start.type}.`,
        );
      }
      if (!belongsTo({ epoch: shard.epoch, shardIndex: shard.index }, sequenceNumber)) {
        throw invalidArgument(
          `StartingSequenceNumber ${sequenceNumber} used in GetShardIterator on shard ${shard.id} ` +
            `in stream ${stream.name} under account ${account.accountId} is invalid because it ` +
            'did not come from this stream.',
        );
      }
      return { sequenceNumber, after: start.type === 'AFTER_SEQUENCE_NUMBER' };
    }
  }
}

export function childShardsOf(stream: Stream, shard: Shard): object[] {
  return stream.shards
    .filter((candidate) => candidate.parents.includes(shard.id))
    .map((child) => ({
      ShardId: child.id,
      ParentShards: [...child.parents],
      HashKeyRange: {
        StartingHashKey: String(child.range.start),
        EndingHashKey: String(child.range.end),
      },
    }));
}

/** The record as the API shows it; its bytes are a copy. */
export function presentRecord(stream: Stream, record: StoredRecord): object {
  return {
    SequenceNumber: record.sequenceNumber,
    ApproximateArrivalTimestamp: record.arrivalMs,
    Data: new Uint8Array(record.data),
    PartitionKey: record.partitionKey,
    ...(stream.keyId === null ? {} : { EncryptionType: 'KMS' }),
  };
}

function iteratorAt({ stream, shard }: Place, position: Position, nowMs: number): ShardIterator {
  return {
    streamName: stream.name,
    streamCreatedMs: stream.createdMs,
    shardId: shard.id,
    ...position,
    issuedMs: nowMs,
  };
}

function expired(iterator: ShardIterator, nowMs: number): ServiceError {
  return new ServiceError(
    'ExpiredIteratorException',
    `Iterator expired. The iterator was created at time ${new Date(iterator.issuedMs).toISOString()} ` +
      `while right now it is ${new Date(nowMs).toISOString()} which is further in the future than ` +
      `the tolerated delay of ${ITERATOR_LIFE_MS} milliseconds.`,
  );
}
