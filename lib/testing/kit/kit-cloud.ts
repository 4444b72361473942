// The small cloud that a driven pipeline runs on: the models of the services, the deployed adapters
// over them, and a clock that is moved by hand. Nothing fails here, and nothing takes time.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import { createDynamoDbCommitLog } from '../../adapters/aws/dynamodb-commit-log.ts';
import { createKinesisSourceStream } from '../../adapters/aws/kinesis-source-stream.ts';
import { createS3ObjectStore } from '../../adapters/aws/s3-object-store.ts';
import { createDynamoDbTablePublisher } from '../../adapters/aws/sinks/dynamodb-table-publisher.ts';
import { createS3ObjectPublisher } from '../../adapters/aws/sinks/s3-object-publisher.ts';
import { createDynamoDb } from '../../cloud/dynamodb/dynamodb.ts';
import { createKinesis } from '../../cloud/kinesis/kinesis.ts';
import { createS3 } from '../../cloud/s3/s3.ts';
import type { SinkTargets } from '../../contract/environment.ts';
import type { CommitHeader } from '../../model/commit.ts';
import { asCommitId, type LogId } from '../../model/ids.ts';
import type { DeliveredRecord } from '../../model/record.ts';
import { type Plan, sourcesOf } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CommitLog } from '../../ports/commit-log.ts';
import type { EventRecord } from '../events.ts';
import {
  answerOf,
  operationOf,
  type SentCall,
  type ServiceOfEngine,
} from '../world/sdk-answers.ts';
import { OUTPUT_BUCKET, Published, prefixOf, tableOf } from './published.ts';

const ENGINE_BUCKET = 'engine';
const LOG_TABLE = 'log';
const RETENTION_HOURS = 8_760;

/** A record in its shard, as the mapping delivers it. */
export interface PlacedRecord {
  readonly shard: string;
  readonly record: DeliveredRecord;
}

export class KitCloud {
  readonly clock: Clock & { ms: number };
  readonly published: Published;
  /** Headers of all commits, in order. */
  readonly headers: CommitHeader[] = [];
  private readonly models = {
    dynamodb: createDynamoDb({}),
    s3: createS3({}),
    kinesis: createKinesis(),
  };
  private readonly clients = {
    dynamodb: this.clientOf('dynamodb') as unknown as DynamoDBClient,
    s3: this.clientOf('s3') as unknown as S3Client,
    kinesis: this.clientOf('kinesis') as unknown as KinesisClient,
  };
  private readonly sources: readonly string[];
  private idCount = 0;

  constructor(plan: Plan, options: { readonly shards: number; readonly startMs: number }) {
    const { shards, startMs } = options;
    const clock: Clock & { ms: number } = {
      ms: startMs,
      nowMs: () => clock.ms,
      // Nothing takes time, so that no deadline comes while anything runs.
      abortAt: () => new AbortController().signal,
    };
    this.clock = clock;
    this.published = new Published((...call) => this.call(...call));
    this.sources = sourcesOf(plan).map(({ name }) => name);
    for (const StreamName of this.sources) {
      this.call('kinesis', 'CreateStream', { StreamName, ShardCount: shards });
      this.call('kinesis', 'IncreaseStreamRetentionPeriod', {
        StreamName,
        RetentionPeriodHours: RETENTION_HOURS,
      });
    }
    this.createTable(LOG_TABLE, 'N');
    for (const { kind, uid } of plan.nodes) {
      if (kind === 'dynamodb-sink') this.createTable(tableOf(uid), 'S');
    }
    for (const Bucket of [ENGINE_BUCKET, OUTPUT_BUCKET]) {
      this.call('s3', 'CreateBucket', { Bucket });
    }
  }

  /** Where the sinks of a plan lead here. */
  targetsOf(plan: Plan): SinkTargets {
    const files = (uid: string) => ({
      kind: 's3' as const,
      bucketName: OUTPUT_BUCKET,
      prefix: prefixOf(uid),
    });
    const targets: Record<string, SinkTargets[string]> = { 'dead-letters': files('dead-letters') };
    for (const { kind, uid } of plan.nodes) {
      if (kind === 'dynamodb-sink') targets[uid] = { kind: 'dynamodb', tableName: tableOf(uid) };
      if (kind === 's3-sink') targets[uid] = files(uid);
    }
    return targets;
  }

  /** The ports of one sandbox; `committed` is told of each commit of it. */
  ports(committed: () => void = () => {}) {
    const { clients, clock } = this;
    return {
      commits: this.watchedLog(createDynamoDbCommitLog(clients.dynamodb, LOG_TABLE), committed),
      objects: createS3ObjectStore(clients.s3, ENGINE_BUCKET),
      tables: this.published.watchedTables(createDynamoDbTablePublisher(clients.dynamodb, clock)),
      files: this.published.watchedFiles(createS3ObjectPublisher(clients.s3, ENGINE_BUCKET, clock)),
      streams: new Map(
        this.sources.map((source) => [
          source,
          createKinesisSourceStream(clients.kinesis, this.arnOf(source)),
        ]),
      ),
      clock,
      ids: {
        commitId: () => {
          this.idCount += 1;
          return asCommitId(`id-${String(this.idCount).padStart(19, '0')}`);
        },
      },
      logger: { info: () => {}, warn: () => {} },
    };
  }

  /** Puts records into a stream, in a shard of choice or where their partition key belongs. */
  put(source: string, records: readonly EventRecord[], shard: number | null): PlacedRecord[] {
    const place = shard === null ? {} : { ExplicitHashKey: this.hashKeyOf(source, shard) };
    return records.map(({ data, partitionKey }) => {
      const answer = this.call('kinesis', 'PutRecord', {
        ...place,
        StreamName: source,
        PartitionKey: partitionKey,
        Data: data,
      });
      const sequenceNumber = String(answer['SequenceNumber']);
      const shardId = String(answer['ShardId']);
      return {
        shard: shardId,
        record: {
          eventID: `${shardId}:${sequenceNumber}`,
          eventSourceARN: this.arnOf(source),
          kinesis: {
            sequenceNumber,
            partitionKey,
            data: Buffer.from(data).toString('base64'),
            approximateArrivalTimestamp: this.clock.ms / 1_000,
          },
        },
      };
    });
  }

  /** The newest commit of a log. */
  headOf(log: LogId): CommitHeader | null {
    return this.headers.findLast((header) => header.log === log) ?? null;
  }

  /** The shards of a source, in order. */
  shardsOf(source: string): readonly string[] {
    return this.listShards(source).map(({ ShardId }) => ShardId);
  }

  arnOf(source: string): string {
    return `arn:aws:kinesis:us-east-1:000000000000:stream/${source}`;
  }

  private hashKeyOf(source: string, shard: number): string {
    return this.listShards(source)[shard]!.HashKeyRange.StartingHashKey;
  }

  private listShards(source: string) {
    const { Shards: shards } = this.call('kinesis', 'ListShards', { StreamName: source }) as {
      Shards: { ShardId: string; HashKeyRange: { StartingHashKey: string } }[];
    };
    return shards;
  }

  private createTable(TableName: string, type: 'N' | 'S'): void {
    this.call('dynamodb', 'CreateTable', {
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

  private call(service: ServiceOfEngine, operation: string, input: object) {
    return this.models[service].call(operation, input, { nowMs: this.clock.ms }) as Readonly<
      Record<string, unknown>
    >;
  }

  private clientOf(service: ServiceOfEngine) {
    return {
      send: async (command: { readonly input: object }) => {
        const input = command.input as SentCall['input'];
        const call = { service, operation: operationOf(command), input };
        const answer = answerOf(this.models[service], call, this.clock.ms);
        if (answer.kind === 'error') throw answer.error;
        return answer.output;
      },
    };
  }

  private watchedLog(commits: CommitLog, committed: () => void): CommitLog {
    return {
      ...commits,
      append: async (commit) => {
        const answer = await commits.append(commit);
        if (answer.kind === 'appended') {
          this.headers.push(commit.header);
          committed();
        }
        return answer;
      },
    };
  }
}
