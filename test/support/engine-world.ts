// A small cloud for a plan's streams and tasks that run on it: the real runtime, the real adapters, the
// models of the services, a clock that is moved by hand. A task is a sandbox: it keeps its warm state
// until it is thrown away.

import { createDynamoDbCommitLog } from '../../lib/adapters/aws/dynamodb-commit-log.ts';
import { createKinesisSourceStream } from '../../lib/adapters/aws/kinesis-source-stream.ts';
import { createS3ObjectStore } from '../../lib/adapters/aws/s3-object-store.ts';
import { createDynamoDbTablePublisher } from '../../lib/adapters/aws/sinks/dynamodb-table-publisher.ts';
import { createS3ObjectPublisher } from '../../lib/adapters/aws/sinks/s3-object-publisher.ts';
import { createStaticTableReader } from '../../lib/adapters/aws/tables/static-table-reader.ts';
import { createDynamoDb } from '../../lib/cloud/dynamodb/dynamodb.ts';
import { createKinesis } from '../../lib/cloud/kinesis/kinesis.ts';
import { createS3 } from '../../lib/cloud/s3/s3.ts';
import type { SinkTargets, TablePlaces } from '../../lib/contract/environment.ts';
import { SINGLE_STAGE } from '../../lib/contract/keys.ts';
import { asCommitId, asShardId } from '../../lib/model/ids.ts';
import type { DeliveredRecord } from '../../lib/model/record.ts';
import { isKeyed, type Plan, sourcesOf } from '../../lib/plan/plan.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import type { ExecutablePlan } from '../../lib/runtime/batch.ts';
import { scopeOf } from '../../lib/runtime/log-scope.ts';
import { maintain } from '../../lib/runtime/maintenance.ts';
import {
  createPartitionTask,
  type PartitionTask,
  type TaskOptions,
} from '../../lib/runtime/partition-task.ts';
import { compilePlan } from '../../lib/runtime/process-batch.ts';
import { createModelClients, type SentCall } from './model-clients.ts';

const arnOf = (source: string) => `arn:aws:kinesis:us-east-1:000000000000:stream/${source}`;
const SHARD = asShardId('shardId-000000000000');
const START_MS = Date.UTC(2026, 0, 1);
const TIMEOUT_MS = 60_000;

export interface WorldOptions {
  readonly plan: Plan;
  readonly ringSize?: number;
  /** Shards of each stream. @default 1 */
  readonly shardCount?: number;
  readonly task?: Partial<TaskOptions>;
  /** Where static tables are read, in the buckets and tables of this world. */
  readonly tables?: TablePlaces;
  /** Wraps the executable plan, for operators that a process does not survive. */
  readonly wrap?: (executable: ExecutablePlan) => ExecutablePlan;
}

/** What a process that died throws; nothing catches it on the way out of a real one. */
export class Death extends Error {}

export function createEngineWorld(options: WorldOptions) {
  const { plan, ringSize = 8, shardCount = 1 } = options;
  const dynamodb = createDynamoDb({});
  const s3 = createS3({});
  const kinesis = createKinesis();
  const models = { dynamodb, s3, kinesis };
  const clock: Clock & { ms: number } = {
    ms: START_MS,
    nowMs: () => clock.ms,
    abortAt: () => new AbortController().signal,
  };
  const calls: SentCall[] = [];
  let idCount = 0;
  const ids = {
    commitId: () => {
      idCount += 1;
      return asCommitId(`id-${String(idCount).padStart(19, '0')}`);
    },
  };
  const logged: object[] = [];
  const logger = {
    info: (message: string, fields: object) => void logged.push({ message, ...fields }),
    warn: (message: string, fields: object) => void logged.push({ message, ...fields }),
  };
  const call = (service: SentCall['service'], operation: string, input: object) =>
    models[service].call(operation, input, { nowMs: clock.ms }) as Record<string, never>;

  const sources = sourcesOf(plan).map(({ name }) => name);
  for (const source of sources) {
    call('kinesis', 'CreateStream', { StreamName: source, ShardCount: shardCount });
  }
  for (const TableName of ['log', 'rows']) {
    call('dynamodb', 'CreateTable', {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: TableName === 'log' ? 'N' : 'S' },
      ],
    });
  }
  for (const Bucket of ['engine', 'outputs']) call('s3', 'CreateBucket', { Bucket });

  const targets: Record<string, SinkTargets[string]> = {
    'dead-letters': { kind: 's3', bucketName: 'outputs', prefix: 'dead-letters/' },
  };
  for (const node of plan.nodes) {
    if (node.kind === 'dynamodb-sink') targets[node.uid] = { kind: 'dynamodb', tableName: 'rows' };
    if (node.kind !== 's3-sink') continue;
    const prefix = `${node.inputs.length === 0 ? 'late' : 'rows'}/${node.name}/`;
    targets[node.uid] = { kind: 's3', bucketName: 'outputs', prefix };
  }
  const names = {
    pipeline: plan.name,
    stage: SINGLE_STAGE,
    sources: new Map(sources.map((source) => [arnOf(source), source])),
    inOneTask: plan.inOneTask,
  };
  const [source = ''] = sources;
  const { log } = scopeOf(names, { source, shardId: SHARD });

  /** Faults are given per sandbox: calls are counted from its first one. */
  const portsOf = (faults: Partial<Parameters<typeof createModelClients>[2]> = {}) => {
    const clients = createModelClients(models, clock, {
      beforeApply: (sent) => {
        calls.push(sent);
        return faults.beforeApply?.(sent);
      },
      beforeReply: (sent) => faults.beforeReply?.(sent),
    });
    return {
      commits: createDynamoDbCommitLog(clients.dynamodb, 'log'),
      objects: createS3ObjectStore(clients.s3, 'engine'),
      tables: createDynamoDbTablePublisher(clients.dynamodb, clock),
      files: createS3ObjectPublisher(clients.s3, 'engine', clock),
      streams: new Map(
        sources.map((name) => [name, createKinesisSourceStream(clients.kinesis, arnOf(name))]),
      ),
      staticTables: createStaticTableReader(clients, options.tables ?? {}),
      clock,
      ids,
      logger,
    };
  };

  return {
    clock,
    calls,
    logged,
    log,
    call,

    /** A new sandbox with cold state, of this or of a later version of the pipeline. */
    sandbox(
      faults?: Parameters<typeof portsOf>[0],
      overrides: Partial<TaskOptions> = {},
      version = plan,
    ) {
      const executable = compilePlan(version, targets);
      const task = createPartitionTask(portsOf(faults), {
        identity: {
          ...names,
          planHash: version.hash,
          isKeyed: isKeyed(version),
          codeHash: 'code',
          deployEpoch: 1,
          ringSize,
        },
        executable: options.wrap?.(executable) ?? executable,
        recordAgeMaxMs: 604_800_000,
        onGap: 'fail',
        ...options.task,
        ...overrides,
      });
      const handle = (records: readonly DeliveredRecord[], timeoutMs = TIMEOUT_MS) =>
        task.handle(records, { deadlineMs: clock.ms + timeoutMs });
      const tick = (given: Omit<Parameters<PartitionTask['tick']>[0], 'deadlineMs'> = {}) =>
        task.tick({ deadlineMs: clock.ms + TIMEOUT_MS, ...given });
      return Object.assign(handle, { tick });
    },

    maintain: (faults?: Parameters<typeof portsOf>[0]) =>
      maintain(portsOf(faults), { ...names, ringSize }),

    /** Puts events into a stream, the first one if none is named, and returns them as Lambda delivers them. */
    push(events: readonly unknown[], partitionKey = 'key', stream = source): DeliveredRecord[] {
      return events.map((event) => {
        const data = bytesOf(event);
        const { SequenceNumber: sequenceNumber, ShardId: shardId } = call('kinesis', 'PutRecord', {
          StreamName: stream,
          PartitionKey: partitionKey,
          Data: data,
        });
        return {
          eventID: `${shardId}:${sequenceNumber}`,
          eventSourceARN: arnOf(stream),
          kinesis: {
            sequenceNumber: String(sequenceNumber),
            partitionKey,
            data: data.toString('base64'),
            approximateArrivalTimestamp: clock.ms / 1_000,
          },
        };
      });
    },

    /** Result rows of the table without the engine's own attributes, in key order. */
    tableRows(): Record<string, unknown>[] {
      const { Items: items } = call('dynamodb', 'Scan', { TableName: 'rows' }) as unknown as {
        Items: Record<string, { S?: string; N?: string }>[];
      };
      return items
        .map((item) =>
          Object.fromEntries(
            Object.entries(item)
              .filter(([name]) => name !== 'pk' && name !== 'sk' && !name.startsWith('_'))
              .map(([name, { S, N }]) => [name, N === undefined ? S : Number(N)]),
          ),
        )
        .sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
    },

    /** Every NDJSON line of the objects under a prefix of the outputs bucket. */
    lines(prefix: string): Record<string, unknown>[] {
      const { Contents: objects = [] } = call('s3', 'ListObjectsV2', {
        Bucket: 'outputs',
        Prefix: prefix,
      }) as unknown as { Contents?: { Key: string }[] };
      return objects.flatMap(({ Key }) => {
        const { Body: body } = call('s3', 'GetObject', { Bucket: 'outputs', Key }) as unknown as {
          Body: Uint8Array;
        };
        const text = Buffer.from(body).toString('utf8');
        return text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      });
    },

    /** Slots of the log in batch order, as stored. */
    slots(): Record<string, { S?: string; N?: string; L?: { N: string }[] }>[] {
      const { Items: items } = call('dynamodb', 'Scan', { TableName: 'log' }) as unknown as {
        Items: Record<string, { S?: string; N?: string; L?: { N: string }[] }>[];
      };
      return items
        .filter((item) => item['n'] !== undefined)
        .sort((left, right) => Number(left['n']!.N) - Number(right['n']!.N));
    },
  };
}

/** Bytes and text are put as they are. */
function bytesOf(event: unknown): Buffer {
  if (event instanceof Uint8Array) return Buffer.from(event);
  return Buffer.from(typeof event === 'string' ? event : JSON.stringify(event), 'utf8');
}
