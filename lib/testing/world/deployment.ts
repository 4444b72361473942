// What is deployed for a run, as the construct would do it: the stream, the tables, the buckets, the
// function with its versions behind an alias, and the mapping between them.

import type { Invocation } from '../../cloud/lambda/invocation.ts';
import { asShardId } from '../../model/ids.ts';
import { RECORD_AGE_MAX_S } from '../../model/limits.ts';
import { sourcesOf } from '../../plan/plan.ts';
import type { RecordOrigin } from '../../runtime/batch.ts';
import type { Chance } from '../faults/chance.ts';
import { ENGINE_BUCKET, OUTPUT_BUCKET } from '../watch/sink-watch.ts';
import { MINUTE_MS, type Run } from './run.ts';
import type { Arrival } from './scenario.ts';
import { tablesOf } from './targets.ts';

export const LOG_TABLE = 'log';
const FUNCTION = 'partition-task';
/** A moved alias is moved everywhere after this time. */
const ALIAS_MOVES_MS = 2 * MINUTE_MS;

export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly data: Uint8Array;
  readonly arrivalMs: number;
}

export class Deployment {
  /** Names of the plan's sources by the ARN of the stream that each reads; the stream has that name. */
  readonly sources: ReadonlyMap<string, string>;
  /** The newest version of the function. */
  version = 1;
  private readonly run: Run;
  private movedMs = -Infinity;

  constructor(run: Run) {
    this.run = run;
    this.sources = this.createAll();
  }

  get recordAgeMaxMs(): number {
    return this.run.scenario.task?.recordAgeMaxMs ?? RECORD_AGE_MAX_S * 1_000;
  }

  /** Puts a record into the stream of its source. */
  put({ source, partitionKey: PartitionKey, data: Data }: Omit<Arrival, 'atMs'>): void {
    const [first] = this.sources.values();
    this.run.call('kinesis', 'PutRecord', { StreamName: source ?? first, PartitionKey, Data });
  }

  /** A moved alias is not moved everywhere at once: some invocations still go to the version before. */
  versionFor(invocation: Invocation, chance: Chance): number {
    const { calm, scheduler } = this.run;
    const isMoving = !calm && scheduler.nowMs < this.movedMs + ALIAS_MOVES_MS;
    return isMoving && chance.percent(40) ? this.version - 1 : Number(invocation.version);
  }

  deployAgain(): void {
    const code = {
      FunctionName: FUNCTION,
      ZipFile: Uint8Array.of(this.version + 1),
      Publish: true,
    };
    const { Version: version } = this.run.call('lambda', 'UpdateFunctionCode', code) as {
      Version: string;
    };
    this.version = Number(version);
    this.run.call('lambda', 'UpdateAlias', {
      FunctionName: FUNCTION,
      Name: 'live',
      FunctionVersion: version,
    });
    this.movedMs = this.run.scheduler.nowMs;
  }

  /** Splits or merges the shards of every stream. */
  reshard(): void {
    for (const StreamName of this.sources.values()) {
      const { Shards: shards } = this.run.call('kinesis', 'ListShards', {
        StreamName,
        ShardFilter: { Type: 'AT_LATEST' },
      }) as { Shards: { ShardId: string }[] };
      const TargetShardCount = shards.length === 1 ? 2 : 1;
      this.run.call('kinesis', 'UpdateShardCount', {
        StreamName,
        TargetShardCount,
        ScalingType: 'UNIFORM_SCALING',
      });
    }
  }

  /** All shards that there ever were. */
  get shards(): readonly RecordOrigin[] {
    return [...this.sources.values()].flatMap((source) => {
      const { Shards: shards } = this.run.call('kinesis', 'ListShards', {
        StreamName: source,
      }) as { Shards: { ShardId: string }[] };
      return shards.map(({ ShardId }) => ({ source, shardId: asShardId(ShardId) }));
    });
  }

  /** Every record that a shard took, in the order of its log. */
  recordsOf({ source, shardId }: RecordOrigin): readonly StreamRecord[] {
    const { ShardIterator: first } = this.run.call('kinesis', 'GetShardIterator', {
      StreamName: source,
      ShardId: shardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }) as { ShardIterator: string };
    const { Records: records } = this.run.call('kinesis', 'GetRecords', {
      StreamName: source,
      ShardIterator: first,
    }) as {
      Records: { SequenceNumber: string; Data: Uint8Array; ApproximateArrivalTimestamp: number }[];
    };
    return records.map((record) => ({
      sequenceNumber: record.SequenceNumber,
      data: record.Data,
      arrivalMs: record.ApproximateArrivalTimestamp,
    }));
  }

  private createAll(): ReadonlyMap<string, string> {
    const { run } = this;
    const streams = sourcesOf(run.pipeline).map(
      ({ name }) => [this.createStream(name), name] as const,
    );
    for (const TableName of [LOG_TABLE, ...tablesOf(run.pipeline)]) {
      const type = TableName === LOG_TABLE ? 'N' : 'S';
      run.call('dynamodb', 'CreateTable', {
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: type },
        ],
      });
    }
    for (const Bucket of [ENGINE_BUCKET, OUTPUT_BUCKET]) run.call('s3', 'CreateBucket', { Bucket });
    run.call('lambda', 'CreateFunction', {
      FunctionName: FUNCTION,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/task',
      Code: { ZipFile: Uint8Array.of(1) },
      Publish: true,
    });
    run.call('lambda', 'CreateAlias', {
      FunctionName: FUNCTION,
      Name: 'live',
      FunctionVersion: '1',
    });
    for (const [arn] of streams) this.createMapping(arn);
    return new Map(streams);
  }

  private createStream(StreamName: string): string {
    const { run } = this;
    const ShardCount = run.scenario.shardCount;
    run.call('kinesis', 'CreateStream', { StreamName, ShardCount });
    run.call('kinesis', 'IncreaseStreamRetentionPeriod', {
      StreamName,
      // The longest there is: a run is judged by the records of its stream when all of it is over.
      RetentionPeriodHours: 8_760,
    });
    const { StreamDescriptionSummary: stream } = run.call('kinesis', 'DescribeStreamSummary', {
      StreamName,
    }) as { StreamDescriptionSummary: { StreamARN: string } };
    return stream.StreamARN;
  }

  private createMapping(EventSourceArn: string): void {
    this.run.call('lambda', 'CreateEventSourceMapping', {
      FunctionName: `${FUNCTION}:live`,
      EventSourceArn,
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: this.run.scenario.batchSize,
      MaximumBatchingWindowInSeconds: 1,
      ParallelizationFactor: 1,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: this.recordAgeMaxMs / 1_000,
      BisectBatchOnFunctionError: false,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: `arn:aws:s3:::${ENGINE_BUCKET}` } },
    });
  }
}
