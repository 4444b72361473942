// What can be changed about a stream besides its shards.

import { type CallContext, ServiceError } from '../service.ts';
import {
  type Account,
  assertRecordSize,
  findActiveStream,
  findStream,
  type StreamReference,
  touch,
} from './account.ts';
import type { StreamMode } from './stream.ts';
import { integer, invalidArgument, oneOf, required, text } from './validate.ts';

const RETENTION_HOURS_MIN = 24;
/** 365 days */
const RETENTION_HOURS_MAX = 8_760;
const TAGS_MAX = 50;

export interface RetentionInput extends StreamReference {
  readonly RetentionPeriodHours?: number;
}

/** Sets the retention; `direction` is the operation's, so that a mistake in sign is refused. */
export function changeRetention(
  account: Account,
  input: RetentionInput & { readonly direction: 'increase' | 'decrease' },
  { nowMs }: CallContext,
): object {
  const stream = findActiveStream(account, input, nowMs);
  const hours = integer(input.RetentionPeriodHours, 'retentionPeriodHours', {
    min: RETENTION_HOURS_MIN,
    max: RETENTION_HOURS_MAX,
  });
  const current = stream.retentionHours;
  if (input.direction === 'increase' ? hours < current : hours > current) {
    throw invalidArgument(
      `Requested retention period (${hours} hours) for stream ${stream.name} can not be ` +
        `${input.direction === 'increase' ? 'shorter' : 'longer'} than existing retention period ` +
        `(${current} hours).`,
    );
  }
  stream.retentionHours = hours;
  touch(account, stream, nowMs);
  return {};
}

export interface EncryptionInput extends StreamReference {
  readonly EncryptionType?: string;
  readonly KeyId?: string;
}

export function startEncryption(account: Account, input: EncryptionInput, context: CallContext) {
  const stream = findActiveStream(account, input, context.nowMs);
  oneOf(input.EncryptionType, 'encryptionType', ['KMS']);
  stream.keyId = text(input.KeyId, 'keyId', { max: 2_048 });
  touch(account, stream, context.nowMs);
  return {};
}

export function stopEncryption(account: Account, input: EncryptionInput, context: CallContext) {
  const stream = findActiveStream(account, input, context.nowMs);
  stream.keyId = null;
  touch(account, stream, context.nowMs);
  return {};
}

export function updateStreamMode(
  account: Account,
  input: StreamReference & { readonly StreamModeDetails?: { readonly StreamMode?: StreamMode } },
  { nowMs }: CallContext,
): object {
  const stream = findActiveStream(account, input, nowMs);
  const details = required(input.StreamModeDetails, 'streamModeDetails');
  stream.mode = oneOf(details.StreamMode, 'streamModeDetails.streamMode', [
    'PROVISIONED',
    'ON_DEMAND',
  ]);
  touch(account, stream, nowMs);
  return {};
}

export function updateMaxRecordSize(
  account: Account,
  input: StreamReference & { readonly MaxRecordSizeInKiB?: number },
  { nowMs }: CallContext,
): object {
  const stream = findActiveStream(account, input, nowMs);
  const kib = required(input.MaxRecordSizeInKiB, 'maxRecordSizeInKiB');
  assertRecordSize(kib);
  stream.recordBytesMax = kib * 1_024;
  touch(account, stream, nowMs);
  return {};
}

export interface MonitoringInput extends StreamReference {
  readonly ShardLevelMetrics?: readonly string[];
}

const METRICS = [
  'IncomingBytes',
  'IncomingRecords',
  'IteratorAgeMilliseconds',
  'OutgoingBytes',
  'OutgoingRecords',
  'ReadProvisionedThroughputExceeded',
  'WriteProvisionedThroughputExceeded',
];

export function changeMonitoring(
  account: Account,
  input: MonitoringInput & { readonly enable: boolean },
  { nowMs }: CallContext,
): object {
  const stream = findActiveStream(account, input, nowMs);
  const named = required(input.ShardLevelMetrics, 'shardLevelMetrics');
  const chosen = named.includes('ALL') ? METRICS : METRICS.filter((name) => named.includes(name));
  const current = stream.monitored;
  stream.monitored = METRICS.filter((name) =>
    chosen.includes(name) ? input.enable : current.includes(name),
  );
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    CurrentShardLevelMetrics: current,
    DesiredShardLevelMetrics: stream.monitored,
  };
}

export function addTags(
  account: Account,
  input: StreamReference & { readonly Tags?: Readonly<Record<string, string>> },
  { nowMs }: CallContext,
): object {
  const stream = findStream(account, input, nowMs);
  const added = Object.entries(required(input.Tags, 'tags'));
  const keys = new Set([...stream.tags.keys(), ...added.map(([key]) => key)]);
  if (keys.size > TAGS_MAX) {
    throw invalidArgument(
      `Failed to add tags to stream ${stream.name} under account ${account.accountId} because a ` +
        `given stream cannot have more than ${TAGS_MAX} tags associated with it.`,
    );
  }
  for (const [key, value] of added) stream.tags.set(key, value);
  return {};
}

export function removeTags(
  account: Account,
  input: StreamReference & { readonly TagKeys?: readonly string[] },
  { nowMs }: CallContext,
): object {
  const stream = findStream(account, input, nowMs);
  for (const key of required(input.TagKeys, 'tagKeys')) stream.tags.delete(key);
  return {};
}

export function listTags(
  account: Account,
  input: StreamReference & { readonly ExclusiveStartTagKey?: string; readonly Limit?: number },
  { nowMs }: CallContext,
): object {
  const stream = findStream(account, input, nowMs);
  const limit = integer(input.Limit, 'limit', { min: 1, max: TAGS_MAX, fallback: TAGS_MAX });
  const after = input.ExclusiveStartTagKey ?? '';
  const tags = [...stream.tags]
    .filter(([key]) => key > after)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    Tags: tags.slice(0, limit).map(([Key, Value]) => ({ Key, Value })),
    HasMoreTags: tags.length > limit,
  };
}

export interface PolicyInput {
  readonly ResourceARN?: string;
  readonly Policy?: string;
}

export function putPolicy(account: Account, input: PolicyInput, { nowMs }: CallContext): object {
  const stream = findStream(account, { StreamARN: arnIn(input) }, nowMs);
  const policy = required(input.Policy, 'policy');
  try {
    JSON.parse(policy);
  } catch {
    throw invalidArgument('Policy is not valid JSON.');
  }
  stream.policy = policy;
  return {};
}

export function getPolicy(account: Account, input: PolicyInput, { nowMs }: CallContext): object {
  const stream = findStream(account, { StreamARN: arnIn(input) }, nowMs);
  return { Policy: stream.policy ?? noPolicy(input) };
}

export function deletePolicy(account: Account, input: PolicyInput, { nowMs }: CallContext): object {
  const stream = findStream(account, { StreamARN: arnIn(input) }, nowMs);
  if (stream.policy === null) noPolicy(input);
  stream.policy = null;
  return {};
}

function noPolicy(input: PolicyInput): never {
  throw new ServiceError(
    'ResourceNotFoundException',
    `No resource policy found for resource ARN ${input.ResourceARN}`,
  );
}

function arnIn(input: PolicyInput): string {
  return text(input.ResourceARN, 'resourceARN', { max: 2_048 });
}
