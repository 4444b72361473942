// Clouds that others wrote, brought up on this machine: LocalStack, MiniStack and DynamoDB Local.
// What is not installed is installed first; all that a run stores is new and goes with it.

import type { ForeignCloud, ForeignOptions } from './clouds/cloud.ts';
import { DYNAMODB_LOCAL_ALONE } from './clouds/dynamodb-local-alone.ts';
import { LOCALSTACK_IN_DOCKER } from './clouds/localstack-in-docker.ts';
import { LOCALSTACK_ON_HOST } from './clouds/localstack-on-host.ts';
import { MINISTACK_ON_HOST } from './clouds/ministack-on-host.ts';
import { startCloud } from './clouds/start.ts';

export type { ForeignCloud, ForeignOptions };

/** LocalStack in Docker, which must be ready. */
export function startLocalStackInDocker(options: ForeignOptions): Promise<ForeignCloud> {
  return startCloud(LOCALSTACK_IN_DOCKER, options);
}

/** LocalStack without Docker, with functions in processes of node. */
export function startLocalStack(options: ForeignOptions): Promise<ForeignCloud> {
  return startCloud(LOCALSTACK_ON_HOST, options);
}

export function startMiniStack(options: ForeignOptions): Promise<ForeignCloud> {
  return startCloud(MINISTACK_ON_HOST, options);
}

/** DynamoDB Local alone: nothing but DynamoDB answers there. */
export function startDynamoDbLocal(options: ForeignOptions): Promise<ForeignCloud> {
  return startCloud(DYNAMODB_LOCAL_ALONE, options);
}
