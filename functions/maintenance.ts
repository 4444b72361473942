import { createClients } from '../lib/adapters/aws/clients.ts';
import { createDynamoDbCommitLog } from '../lib/adapters/aws/dynamodb-commit-log.ts';
import { createS3ObjectStore } from '../lib/adapters/aws/s3-object-store.ts';
import { systemIds } from '../lib/adapters/system/ids.ts';
import { systemLogger } from '../lib/adapters/system/logger.ts';
import { SINGLE_STAGE } from '../lib/contract/keys.ts';
import { RING_SIZE } from '../lib/model/limits.ts';
import { type MaintenanceSummary, maintain } from '../lib/runtime/maintenance.ts';
import { inOneTask, required } from './environment.ts';
import { createSources } from './sources.ts';

const clients = createClients();
const { streams, sources } = createSources(clients.kinesis);

/** Scheduled: folds the logs that have grown enough and prunes what nothing needs any more. */
export const handler = (): Promise<MaintenanceSummary> =>
  maintain(
    {
      commits: createDynamoDbCommitLog(clients.dynamodb, required('commitLogTable')),
      objects: createS3ObjectStore(clients.s3, required('checkpointBucket')),
      streams,
      ids: systemIds,
      logger: systemLogger,
    },
    {
      pipeline: required('pipeline'),
      stage: SINGLE_STAGE,
      sources,
      inOneTask: inOneTask(),
      ringSize: RING_SIZE,
    },
  );
