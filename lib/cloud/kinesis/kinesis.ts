import { createSeeded } from '../seeded.ts';
import { type CallContext, ServiceError, type ServiceModel } from '../service.ts';
import { type Account, createStreamIn, deleteStreamIn, findStream } from './account.ts';
import * as consumers from './consumers.ts';
import * as show from './describe.ts';
import { putRecord, putRecords } from './put.ts';
import { getRecords, getShardIterator } from './read.ts';
import { mergeShards, splitShard, updateShardCount } from './reshard.ts';
import * as settings from './settings.ts';
import { dumpStream, type KinesisState, loadStream } from './state.ts';
import type { Stream } from './stream.ts';

export interface KinesisOptions {
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default '000000000000' */
  readonly accountId?: string;
  /** Enforce 1,000 records and 1 MiB per second and shard in, 5 reads and 2 MiB out. @default false */
  readonly rates?: boolean;
  /** Spreads the gaps between sequence numbers. @default 1 */
  readonly seed?: number;
  /** How long a stream stays CREATING, UPDATING or DELETING, in milliseconds. @default 0 */
  readonly transitionMs?: number;
}

export interface Kinesis extends ServiceModel {
  /** The stream of an ARN for readers inside the cloud, `undefined` if there is none. Not to be changed. */
  stream(streamArn: string, nowMs: number): Stream | undefined;
  dump(): KinesisState;
  load(state: KinesisState): void;
}

// The face or the SDK has typed the input; each operation checks the members it relies on.
// biome-ignore lint/suspicious/noExplicitAny: one table holds operations of many input types
type Operation = (account: Account, input: any, context: CallContext) => object;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateStream: (account, input, { nowMs }) => createStreamIn(account, input, nowMs),
  DeleteStream: (account, input, { nowMs }) => deleteStreamIn(account, input, nowMs),
  DescribeStream: show.describeStream,
  DescribeStreamSummary: show.describeStreamSummary,
  DescribeLimits: show.describeLimits,
  ListStreams: show.listStreams,
  ListShards: show.listShards,
  PutRecord: putRecord,
  PutRecords: putRecords,
  GetShardIterator: getShardIterator,
  GetRecords: getRecords,
  SplitShard: splitShard,
  MergeShards: mergeShards,
  UpdateShardCount: updateShardCount,
  IncreaseStreamRetentionPeriod: (account, input, context) =>
    settings.changeRetention(account, { ...input, direction: 'increase' }, context),
  DecreaseStreamRetentionPeriod: (account, input, context) =>
    settings.changeRetention(account, { ...input, direction: 'decrease' }, context),
  StartStreamEncryption: settings.startEncryption,
  StopStreamEncryption: settings.stopEncryption,
  UpdateStreamMode: settings.updateStreamMode,
  UpdateMaxRecordSize: settings.updateMaxRecordSize,
  EnableEnhancedMonitoring: (account, input, context) =>
    settings.changeMonitoring(account, { ...input, enable: true }, context),
  DisableEnhancedMonitoring: (account, input, context) =>
    settings.changeMonitoring(account, { ...input, enable: false }, context),
  AddTagsToStream: settings.addTags,
  RemoveTagsFromStream: settings.removeTags,
  ListTagsForStream: settings.listTags,
  PutResourcePolicy: settings.putPolicy,
  GetResourcePolicy: settings.getPolicy,
  DeleteResourcePolicy: settings.deletePolicy,
  RegisterStreamConsumer: consumers.registerConsumer,
  DescribeStreamConsumer: consumers.describeConsumer,
  DeregisterStreamConsumer: consumers.deregisterConsumer,
  ListStreamConsumers: consumers.listConsumers,
  SubscribeToShard: consumers.subscribeToShard,
};

/**
 * The model of Kinesis Data Streams: hash ranges, ordered shards, iterators, resharding, retention
 * and, if wanted, throughput. Equal calls at equal times with an equal seed give equal answers.
 */
export function createKinesis(options: KinesisOptions = {}): Kinesis {
  const fresh = (seed: number, streams: Map<string, Stream>): Account => ({
    region: options.region ?? 'us-east-1',
    accountId: options.accountId ?? '000000000000',
    rates: options.rates ?? false,
    transitionMs: options.transitionMs ?? 0,
    seeded: createSeeded(seed),
    streams,
  });
  let account = fresh(options.seed ?? 1, new Map());
  return {
    call(operation, input, context) {
      const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
      if (run === undefined) {
        throw new ServiceError('UnknownOperationException', `Kinesis has no ${operation} here.`);
      }
      return run(account, input, context);
    },
    stream(streamArn, nowMs) {
      try {
        return findStream(account, { StreamARN: streamArn }, nowMs);
      } catch (error) {
        if (error instanceof ServiceError) return undefined;
        throw error;
      }
    },
    dump: () => ({
      seeded: account.seeded.state,
      streams: [...account.streams.values()].map(dumpStream),
    }),
    load(state) {
      const streams = state.streams.map(loadStream);
      account = fresh(state.seeded, new Map(streams.map((stream) => [stream.name, stream])));
    },
  };
}
