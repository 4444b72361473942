// What all operations share: the account's streams, and how a request names one.

import type { Seeded } from '../seeded.ts';
import { ServiceError } from '../service.ts';
import { createStream, expire, type Stream, type StreamMode, statusOf } from './stream.ts';
import { invalidArgument, text, validationError } from './validate.ts';

export interface Account {
  readonly region: string;
  readonly accountId: string;
  /** Whether throughput limits are enforced. */
  readonly rates: boolean;
  /** How long a stream stays CREATING, UPDATING or DELETING. */
  readonly transitionMs: number;
  readonly seeded: Seeded;
  readonly streams: Map<string, Stream>;
}

/** How requests name a stream: by either, or by both if they agree. */
export interface StreamReference {
  readonly StreamName?: string;
  readonly StreamARN?: string;
}

const STREAM_NAME = { max: 128, pattern: /^[a-zA-Z0-9_.-]+$/ } as const;

function streamArnOf(account: Account, name: string): string {
  return `arn:aws:kinesis:${account.region}:${account.accountId}:stream/${name}`;
}

/** The stream as it is now: what has expired is gone. */
export function findStream(account: Account, input: StreamReference, nowMs: number): Stream {
  const name = nameIn(account, input);
  const stream = account.streams.get(name);
  if (stream === undefined || goneBy(stream, nowMs)) {
    account.streams.delete(name);
    throw new ServiceError(
      'ResourceNotFoundException',
      `Stream ${name} under account ${account.accountId} not found.`,
    );
  }
  expire(stream, nowMs);
  return stream;
}

/** The stream, refused while it is being changed. */
export function findActiveStream(account: Account, input: StreamReference, nowMs: number): Stream {
  const stream = findStream(account, input, nowMs);
  const status = statusOf(stream, nowMs);
  if (status === 'ACTIVE') return stream;
  throw new ServiceError(
    'ResourceInUseException',
    `Stream ${stream.name} under account ${account.accountId} not ACTIVE, instead in state ${status}`,
  );
}

/** The stream for records: it can be written and read while it is ACTIVE or UPDATING. */
export function findUsableStream(account: Account, input: StreamReference, nowMs: number): Stream {
  const stream = findStream(account, input, nowMs);
  const status = statusOf(stream, nowMs);
  if (status === 'ACTIVE' || status === 'UPDATING') return stream;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Stream ${stream.name} under account ${account.accountId} not found.`,
  );
}

/** Marks the stream as being changed. */
export function touch(account: Account, stream: Stream, nowMs: number): void {
  stream.busy = { status: 'UPDATING', untilMs: nowMs + account.transitionMs };
}

export interface CreateStreamInput {
  readonly StreamName?: string;
  readonly ShardCount?: number;
  readonly StreamModeDetails?: { readonly StreamMode?: StreamMode };
  readonly Tags?: Readonly<Record<string, string>>;
  readonly MaxRecordSizeInKiB?: number;
}

/** On-demand streams begin with four shards ("Choose the right mode"). */
const ON_DEMAND_SHARDS = 4;
/** Default quota of shards in most regions. */
export const SHARD_LIMIT = 500;
const RECORD_KIB_MIN = 1_024;
export const RECORD_KIB_MAX = 10_240;

export function createStreamIn(account: Account, input: CreateStreamInput, nowMs: number): object {
  const name = text(input.StreamName, 'streamName', STREAM_NAME);
  const mode = input.StreamModeDetails?.StreamMode ?? 'PROVISIONED';
  const recordKib = input.MaxRecordSizeInKiB ?? RECORD_KIB_MIN;
  assertRecordSize(recordKib);
  const old = account.streams.get(name);
  if (old !== undefined && !goneBy(old, nowMs)) {
    throw new ServiceError(
      'ResourceInUseException',
      `Stream ${name} under account ${account.accountId} already exists.`,
    );
  }
  const stream = createStream(
    { name, arn: streamArnOf(account, name), nowMs },
    { mode, shardCount: shardCountOf(mode, input), recordBytesMax: recordKib * 1_024 },
  );
  for (const [key, value] of Object.entries(input.Tags ?? {})) stream.tags.set(key, value);
  stream.busy = { status: 'CREATING', untilMs: nowMs + account.transitionMs };
  account.streams.set(name, stream);
  return {};
}

export function deleteStreamIn(
  account: Account,
  input: StreamReference & { readonly EnforceConsumerDeletion?: boolean },
  nowMs: number,
): object {
  const stream = findStream(account, input, nowMs);
  if (stream.consumers.length > 0 && input.EnforceConsumerDeletion !== true) {
    throw new ServiceError(
      'ResourceInUseException',
      `Stream ${stream.name} under account ${account.accountId} has consumers registered; ` +
        'deregister them or set EnforceConsumerDeletion.',
    );
  }
  if (account.transitionMs === 0) account.streams.delete(stream.name);
  else stream.busy = { status: 'DELETING', untilMs: nowMs + account.transitionMs };
  return {};
}

export function assertRecordSize(kib: number): void {
  if (Number.isInteger(kib) && kib >= RECORD_KIB_MIN && kib <= RECORD_KIB_MAX) return;
  throw new ServiceError(
    'ValidationException',
    `MaxRecordSizeInKiB must be between ${RECORD_KIB_MIN} and ${RECORD_KIB_MAX}, got ${kib}.`,
  );
}

function shardCountOf(mode: StreamMode, input: CreateStreamInput): number {
  if (mode === 'ON_DEMAND') {
    if (input.ShardCount === undefined) return ON_DEMAND_SHARDS;
    throw new ServiceError(
      'ValidationException',
      'ShardCount is not supported for a stream in on-demand mode.',
    );
  }
  const count = input.ShardCount ?? 1;
  if (!Number.isInteger(count) || count < 1) {
    throw validationError('shardCount', count, 'Member must have value greater than or equal to 1');
  }
  if (count <= SHARD_LIMIT) return count;
  throw new ServiceError(
    'LimitExceededException',
    `This request would exceed the shard limit of ${SHARD_LIMIT}: ${count} were asked for.`,
  );
}

function nameIn(account: Account, input: StreamReference): string {
  const { StreamName, StreamARN } = input;
  if (StreamName !== undefined) text(StreamName, 'streamName', STREAM_NAME);
  if (StreamARN === undefined) {
    if (StreamName !== undefined) return StreamName;
    throw invalidArgument('Either StreamName or StreamARN must be provided.');
  }
  const prefix = streamArnOf(account, '');
  if (!StreamARN.startsWith(prefix)) {
    throw invalidArgument(`StreamARN ${StreamARN} is not one of a stream in this account.`);
  }
  const name = StreamARN.slice(prefix.length);
  if (StreamName === undefined || StreamName === name) return name;
  throw invalidArgument(`StreamName ${StreamName} and StreamARN ${StreamARN} differ.`);
}

function goneBy(stream: Stream, nowMs: number): boolean {
  return stream.busy?.status === 'DELETING' && nowMs >= stream.busy.untilMs;
}
