import pipeline from 'virtual:pipeline';
import type { Context, KinesisStreamEvent } from 'aws-lambda';
import { createClients } from '../lib/adapters/aws/clients.ts';
import { createDynamoDbCommitLog } from '../lib/adapters/aws/dynamodb-commit-log.ts';
import { createS3ObjectStore } from '../lib/adapters/aws/s3-object-store.ts';
import { createDynamoDbTablePublisher } from '../lib/adapters/aws/sinks/dynamodb-table-publisher.ts';
import { createS3ObjectPublisher } from '../lib/adapters/aws/sinks/s3-object-publisher.ts';
import { createStaticTableReader } from '../lib/adapters/aws/tables/static-table-reader.ts';
import { keepAwake } from '../lib/adapters/system/awake.ts';
import { systemClock } from '../lib/adapters/system/clock.ts';
import { systemIds } from '../lib/adapters/system/ids.ts';
import { systemLogger } from '../lib/adapters/system/logger.ts';
import { SINGLE_STAGE } from '../lib/contract/keys.ts';
import { RING_SIZE } from '../lib/model/limits.ts';
import { isKeyed } from '../lib/plan/plan.ts';
import { type BatchResponse, createPartitionTask } from '../lib/runtime/partition-task.ts';
import { compilePlan } from '../lib/runtime/process-batch.ts';
import { deployEpoch, onGap, required, sinkTargets, tablePlaces } from './environment.ts';
import { createSources } from './sources.ts';

const plan = pipeline.plan();
const clients = createClients();
const { streams, sources } = createSources(clients.kinesis);
const checkpointBucket = required('checkpointBucket');

const task = createPartitionTask(
  {
    commits: createDynamoDbCommitLog(clients.dynamodb, required('commitLogTable')),
    objects: createS3ObjectStore(clients.s3, checkpointBucket),
    tables: createDynamoDbTablePublisher(clients.dynamodb, systemClock),
    files: createS3ObjectPublisher(clients.s3, checkpointBucket, systemClock),
    streams,
    staticTables: createStaticTableReader(clients, tablePlaces()),
    clock: systemClock,
    ids: systemIds,
    logger: systemLogger,
  },
  {
    identity: {
      pipeline: required('pipeline'),
      stage: SINGLE_STAGE,
      sources,
      inOneTask: plan.inOneTask,
      planHash: plan.hash,
      isKeyed: isKeyed(plan),
      codeHash: required('codeHash'),
      deployEpoch: deployEpoch(),
      ringSize: RING_SIZE,
    },
    executable: compilePlan(plan, sinkTargets()),
    recordAgeMaxMs: Number(required('recordAgeMaxS')) * 1_000,
    onGap: onGap(),
  },
);

/** One invocation = one batch of one shard. */
export const handler = (event: KinesisStreamEvent, context: Context): Promise<BatchResponse> =>
  keepAwake(
    task.handle(event.Records, {
      deadlineMs: systemClock.nowMs() + context.getRemainingTimeInMillis(),
    }),
  );
