// Registered consumers (enhanced fan-out). The push of SubscribeToShard is a face's business: here
// a subscription is a position, and each call of `read` gives its next event.

import { type CallContext, ServiceError } from '../service.ts';
import { type Account, findStream, findUsableStream } from './account.ts';
import { childShardsOf, ITERATOR_TYPES, positionOf, presentRecord, readPage } from './read.ts';
import { type Consumer, findShard, type Stream } from './stream.ts';
import { integer, oneOf, required, text } from './validate.ts';

const CONSUMERS_MAX = 20;
const EVENT_RECORDS_MAX = 10_000;

export interface ConsumerInput {
  readonly StreamARN?: string;
  readonly ConsumerName?: string;
  readonly ConsumerARN?: string;
}

export function registerConsumer(
  account: Account,
  input: ConsumerInput,
  { nowMs }: CallContext,
): object {
  const stream = findStream(account, { StreamARN: required(input.StreamARN, 'streamARN') }, nowMs);
  const name = text(input.ConsumerName, 'consumerName', { max: 128, pattern: /^[a-zA-Z0-9_.-]+$/ });
  if (stream.consumers.some((consumer) => consumer.name === name)) {
    throw new ServiceError(
      'ResourceInUseException',
      `Consumer ${name} under stream ${stream.name} already exists for account ${account.accountId}.`,
    );
  }
  if (stream.consumers.length >= CONSUMERS_MAX) {
    throw new ServiceError(
      'LimitExceededException',
      `A stream has at most ${CONSUMERS_MAX} registered consumers.`,
    );
  }
  const arn = `${stream.arn}/consumer/${name}:${Math.floor(nowMs / 1_000)}`;
  const consumer = { name, arn, createdMs: nowMs };
  stream.consumers = [...stream.consumers, consumer];
  return { Consumer: presentConsumer(consumer) };
}

export function describeConsumer(
  account: Account,
  input: ConsumerInput,
  { nowMs }: CallContext,
): object {
  const { stream, consumer } = findConsumer(account, input, nowMs);
  return { ConsumerDescription: { ...presentConsumer(consumer), StreamARN: stream.arn } };
}

export function deregisterConsumer(
  account: Account,
  input: ConsumerInput,
  { nowMs }: CallContext,
): object {
  const { stream, consumer } = findConsumer(account, input, nowMs);
  stream.consumers = stream.consumers.filter((candidate) => candidate !== consumer);
  return {};
}

export function listConsumers(
  account: Account,
  input: { readonly StreamARN?: string; readonly NextToken?: string; readonly MaxResults?: number },
  { nowMs }: CallContext,
): object {
  const stream = findStream(account, { StreamARN: required(input.StreamARN, 'streamARN') }, nowMs);
  const max = integer(input.MaxResults, 'maxResults', { min: 1, max: 10_000, fallback: 100 });
  const after = input.NextToken ?? '';
  const sorted = [...stream.consumers].sort((left, right) => (left.name < right.name ? -1 : 1));
  const found = sorted.filter((consumer) => consumer.name > after);
  const shown = found.slice(0, max);
  return {
    Consumers: shown.map(presentConsumer),
    ...(found.length > max ? { NextToken: shown.at(-1)!.name } : {}),
  };
}

export interface SubscribeInput {
  readonly ConsumerARN?: string;
  readonly ShardId?: string;
  readonly StartingPosition?: {
    readonly Type?: string;
    readonly SequenceNumber?: string;
    readonly Timestamp?: number;
  };
}

/**
 * One event of a subscription: `{ Records, ContinuationSequenceNumber, MillisBehindLatest, ChildShards? }`.
 * The next one is asked for AFTER_SEQUENCE_NUMBER of the continuation; `ChildShards` is there at
 * the end of a closed shard. Registered consumers have their own throughput, so nothing is charged.
 */
export function subscribeToShard(
  account: Account,
  input: SubscribeInput,
  { nowMs }: CallContext,
): object {
  const { stream } = findConsumer(account, input, nowMs);
  const usable = findUsableStream(account, { StreamName: stream.name }, nowMs);
  const shard = findShard(usable, text(input.ShardId, 'shardId', { max: 128 }), account.accountId);
  const position = required(input.StartingPosition, 'startingPosition');
  const start = {
    type: oneOf(position.Type, 'startingPosition.type', ITERATOR_TYPES),
    sequenceNumber: position.SequenceNumber,
    timestampMs: position.Timestamp,
  };
  const place = { stream: usable, shard };
  const page = readPage(place, {
    position: positionOf(account, place, { start, nowMs }),
    limit: EVENT_RECORDS_MAX,
    nowMs,
  });
  return {
    Records: page.records.map((record) => presentRecord(usable, record)),
    ContinuationSequenceNumber: page.next.sequenceNumber,
    MillisBehindLatest: page.behindMs,
    ...(page.ended ? { ChildShards: childShardsOf(usable, shard) } : {}),
  };
}

function findConsumer(
  account: Account,
  input: ConsumerInput,
  nowMs: number,
): { readonly stream: Stream; readonly consumer: Consumer } {
  const streamArn = input.ConsumerARN?.split('/consumer/')[0] ?? input.StreamARN;
  const stream = findStream(account, { StreamARN: required(streamArn, 'streamARN') }, nowMs);
  const consumer = stream.consumers.find((candidate) =>
    input.ConsumerARN === undefined
      ? candidate.name === input.ConsumerName
      : candidate.arn === input.ConsumerARN,
  );
  if (consumer !== undefined) return { stream, consumer };
  throw new ServiceError(
    'ResourceNotFoundException',
    `Consumer ${input.ConsumerName ?? input.ConsumerARN}, account ${account.accountId} not found.`,
  );
}

function presentConsumer(consumer: Consumer): object {
  return {
    ConsumerName: consumer.name,
    ConsumerARN: consumer.arn,
    ConsumerStatus: 'ACTIVE',
    ConsumerCreationTimestamp: consumer.createdMs,
  };
}
