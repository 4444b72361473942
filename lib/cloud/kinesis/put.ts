// PutRecord and PutRecords. Sizes and shapes are refused as a whole, throughput entry by entry.

import { type CallContext, ServiceError } from '../service.ts';
import { type Account, findUsableStream, type StreamReference } from './account.ts';
import { hashKeyOf, parseHashKey } from './hash-key.ts';
import { admitWrite } from './meters.ts';
import { appendRecord, type Shard, type Stream, shardAt } from './stream.ts';
import { invalidArgument, required, validationError } from './validate.ts';

const RECORDS_PER_REQUEST = 500;
const REQUEST_BYTES_MAX = 10_485_760;
const PARTITION_KEY_CHARACTERS_MAX = 256;

interface PutEntry {
  readonly Data?: Uint8Array;
  readonly PartitionKey?: string;
  readonly ExplicitHashKey?: string;
}

export type PutRecordInput = StreamReference & PutEntry;

export interface PutRecordsInput extends StreamReference {
  readonly Records?: readonly PutEntry[];
}

interface Accepted {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  readonly byteLength: number;
  readonly place: bigint;
}

export function putRecord(account: Account, input: PutRecordInput, context: CallContext): object {
  const stream = findUsableStream(account, input, context.nowMs);
  const record = accept(stream, input, '');
  const shard = shardAt(stream, record.place);
  if (throttled(account, shard, record, context.nowMs)) throw throttle(account, stream, shard);
  const clock = { seeded: account.seeded, nowMs: context.nowMs };
  return {
    ShardId: shard.id,
    SequenceNumber: appendRecord(shard, record, clock),
    ...encryptionOf(stream),
  };
}

export function putRecords(account: Account, input: PutRecordsInput, context: CallContext): object {
  const entries = required(input.Records, 'records');
  if (entries.length < 1) {
    throw validationError('records', '[]', 'Member must have length greater than or equal to 1');
  }
  if (entries.length > RECORDS_PER_REQUEST) {
    throw validationError(
      'records',
      `[${entries.length} records]`,
      `Member must have length less than or equal to ${RECORDS_PER_REQUEST}`,
    );
  }
  const stream = findUsableStream(account, input, context.nowMs);
  const records = entries.map((entry, index) =>
    accept(stream, entry, `records.${index + 1}.member.`),
  );
  const byteLength = records.reduce((sum, record) => sum + record.byteLength, 0);
  if (byteLength > REQUEST_BYTES_MAX) throw invalidArgument('Records size exceeds 10 MB limit');
  const clock = { seeded: account.seeded, nowMs: context.nowMs };
  let failed = 0;
  const results = records.map((record) => {
    const shard = shardAt(stream, record.place);
    if (throttled(account, shard, record, context.nowMs)) {
      failed += 1;
      const { code, message } = throttle(account, stream, shard);
      return { ErrorCode: code, ErrorMessage: message };
    }
    return { SequenceNumber: appendRecord(shard, record, clock), ShardId: shard.id };
  });
  return { FailedRecordCount: failed, Records: results, ...encryptionOf(stream) };
}

function accept(stream: Stream, entry: PutEntry, path: string): Accepted {
  const data = required(entry.Data, `${path}data`);
  const partitionKey = required(entry.PartitionKey, `${path}partitionKey`);
  if (partitionKey.length < 1 || characterCount(partitionKey) > PARTITION_KEY_CHARACTERS_MAX) {
    throw validationError(
      `${path}partitionKey`,
      partitionKey,
      partitionKey.length < 1
        ? 'Member must have length greater than or equal to 1'
        : `Member must have length less than or equal to ${PARTITION_KEY_CHARACTERS_MAX}`,
    );
  }
  // The API reference adds the partition key to the record's size, the service's own validation
  // bounds the data alone: a client is refused here only when it would be refused there.
  if (data.byteLength > stream.recordBytesMax) {
    throw invalidArgument(
      `Record size of ${data.byteLength} bytes exceeds the limit of ${stream.recordBytesMax} ` +
        `bytes of stream ${stream.name}.`,
    );
  }
  const byteLength = data.byteLength + Buffer.byteLength(partitionKey);
  return { partitionKey, data, byteLength, place: placeOf(entry, partitionKey) };
}

function placeOf(entry: PutEntry, partitionKey: string): bigint {
  if (entry.ExplicitHashKey === undefined || entry.ExplicitHashKey === null) {
    return hashKeyOf(partitionKey);
  }
  const place = parseHashKey(entry.ExplicitHashKey);
  if (place !== undefined) return place;
  throw invalidArgument(
    'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. ' +
      `Specified value was ${entry.ExplicitHashKey}`,
  );
}

/** Unicode characters; a text is only walked when its length in UTF-16 leaves a doubt. */
function characterCount(text: string): number {
  return text.length <= PARTITION_KEY_CHARACTERS_MAX ? text.length : [...text].length;
}

function throttled(account: Account, shard: Shard, record: Accepted, nowMs: number): boolean {
  return account.rates && !admitWrite(shard.writes, record.byteLength, nowMs);
}

function throttle(account: Account, stream: Stream, shard: Shard): ServiceError {
  return new ServiceError(
    'ProvisionedThroughputExceededException',
    `Rate exceeded for shard ${shard.id} in stream ${stream.name} under account ${account.accountId}.`,
  );
}

function encryptionOf(stream: Stream): object {
  return stream.keyId === null ? {} : { EncryptionType: 'KMS' };
}
