// A model of Kinesis with a hand-moved clock and the answers typed as the tests read them.

import { createKinesis, type KinesisOptions } from '../../../../lib/cloud/kinesis/kinesis.ts';
import { ServiceError } from '../../../../lib/cloud/service.ts';

export const START_MS = Date.UTC(2024, 0, 1);

export interface ShownShard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly AdjacentParentShardId?: string;
  readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    readonly EndingSequenceNumber?: string;
  };
}

export interface ShownPage {
  readonly Records: readonly {
    readonly SequenceNumber: string;
    readonly PartitionKey: string;
    readonly Data: Uint8Array;
    readonly ApproximateArrivalTimestamp: number;
  }[];
  readonly MillisBehindLatest: number;
  readonly NextShardIterator?: string;
  readonly ChildShards?: readonly { readonly ShardId: string; readonly ParentShards: string[] }[];
}

export interface ShownPut {
  readonly ShardId: string;
  readonly SequenceNumber: string;
}

export interface ShownPuts {
  readonly FailedRecordCount: number;
  readonly Records: readonly {
    readonly ShardId?: string;
    readonly SequenceNumber?: string;
    readonly ErrorCode?: string;
    readonly ErrorMessage?: string;
  }[];
}

export function driveKinesis(options: KinesisOptions = {}) {
  const kinesis = createKinesis(options);
  const clock = { nowMs: START_MS };
  const call = <Answer>(operation: string, input: object) =>
    kinesis.call(operation, input, clock) as Answer;
  return {
    kinesis,
    clock,
    call,
    shards: (StreamName = 'events') =>
      call<{ Shards: ShownShard[] }>('ListShards', { StreamName }).Shards,
    put: (PartitionKey: string, text = 'x', ExplicitHashKey?: string) =>
      call<ShownPut>('PutRecord', {
        StreamName: 'events',
        PartitionKey,
        Data: Buffer.from(text),
        ...(ExplicitHashKey === undefined ? {} : { ExplicitHashKey }),
      }),
    iterator: (ShardId: string, ShardIteratorType = 'TRIM_HORIZON', more: object = {}) =>
      call<{ ShardIterator: string }>('GetShardIterator', {
        StreamName: 'events',
        ShardId,
        ShardIteratorType,
        ...more,
      }).ShardIterator,
    read: (ShardIterator: string, Limit?: number) =>
      call<ShownPage>('GetRecords', {
        ShardIterator,
        ...(Limit === undefined ? {} : { Limit }),
      }),
    /** The code of the refusal; fails when the call is accepted. */
    refusal(operation: string, input: object): string {
      try {
        kinesis.call(operation, input, clock);
      } catch (error) {
        if (error instanceof ServiceError) return error.code;
        throw error;
      }
      throw new Error(`${operation} was accepted`);
    },
  };
}

/** As `driveKinesis`, with a stream `events`. */
export function driveStream(shardCount: number, options: KinesisOptions = {}) {
  const driver = driveKinesis(options);
  driver.call('CreateStream', { StreamName: 'events', ShardCount: shardCount });
  return driver;
}

export function textsOf(page: ShownPage): string[] {
  return page.Records.map((record) => Buffer.from(record.Data).toString());
}
