// The resources of stacks, by their physical ids: what is there, what is gone, and how to remove what a
// destroyed stack leaves on purpose.

import {
  DeleteTableCommand,
  DescribeTableCommand,
  ResourceNotFoundException as NoTable,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  ResourceNotFoundException as NoStream,
} from '@aws-sdk/client-kinesis';
import {
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  GetEventSourceMappingCommand,
  GetFunctionCommand,
  ResourceNotFoundException as NoFunction,
} from '@aws-sdk/client-lambda';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { until } from './poll.ts';
import { RefusedCall } from './signed-calls.ts';
import type { Target } from './target.ts';

export interface Resource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
}

/** How a type of resource is looked for, and removed where a stack may leave it. */
interface Handling {
  exists(target: Target, id: string): Promise<unknown>;
  remove?(target: Target, id: string): Promise<unknown>;
}

const CHANGED_WITHIN_MS = 60_000;

/** Pages of objects that are deleted of one bucket. */
const PAGES_MAX = 1_000;

const HANDLINGS: Readonly<Record<string, Handling>> = {
  'AWS::Kinesis::Stream': {
    exists: ({ clients }, StreamName) =>
      clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName })),
    remove: ({ clients }, StreamName) =>
      clients.kinesis.send(new DeleteStreamCommand({ StreamName })),
  },
  'AWS::DynamoDB::Table': {
    exists: ({ clients }, TableName) =>
      clients.dynamodb.send(new DescribeTableCommand({ TableName })),
    async remove({ clients: { dynamodb } }, TableName) {
      const unprotected = { TableName, DeletionProtectionEnabled: false };
      await dynamodb.send(new UpdateTableCommand(unprotected));
      // A table that is being changed cannot be deleted.
      await until(
        `${TableName} changed`,
        () => dynamodb.send(new DescribeTableCommand({ TableName })),
        ({ Table }) => Table?.TableStatus !== 'UPDATING',
        CHANGED_WITHIN_MS,
      );
      await dynamodb.send(new DeleteTableCommand({ TableName }));
    },
  },
  'AWS::S3::Bucket': {
    exists: ({ clients }, Bucket) => clients.s3.send(new HeadBucketCommand({ Bucket })),
    async remove(target, Bucket) {
      await emptyBucket(target, Bucket);
      await target.clients.s3.send(new DeleteBucketCommand({ Bucket }));
    },
  },
  'AWS::Lambda::Function': {
    exists: ({ clients }, FunctionName) =>
      clients.lambda.send(new GetFunctionCommand({ FunctionName })),
    remove: ({ clients }, FunctionName) =>
      clients.lambda.send(new DeleteFunctionCommand({ FunctionName })),
  },
  'AWS::Lambda::EventSourceMapping': {
    exists: ({ clients }, UUID) => clients.lambda.send(new GetEventSourceMappingCommand({ UUID })),
    remove: ({ clients }, UUID) =>
      clients.lambda.send(new DeleteEventSourceMappingCommand({ UUID })),
  },
  'AWS::Events::Rule': {
    exists: ({ calls }, Name) => calls.json('events', 'DescribeRule', { Name }),
  },
  'AWS::IAM::Role': {
    exists: ({ calls }, RoleName) => calls.query('iam', 'GetRole', { RoleName }),
  },
  'AWS::Logs::LogGroup': {
    async exists({ calls }, logGroupNamePrefix) {
      const { logGroups } = await calls.json('logs', 'DescribeLogGroups', { logGroupNamePrefix });
      if ((logGroups as readonly unknown[]).length === 0) {
        throw new RefusedCall('ResourceNotFoundException', `no log group ${logGroupNamePrefix}`);
      }
    },
    remove: ({ calls }, logGroupName) => calls.json('logs', 'DeleteLogGroup', { logGroupName }),
  },
};

/** Whether resources of this type can outlive their stack; others are a part of such a one. */
export const standsAlone = ({ type }: Resource) => HANDLINGS[type] !== undefined;

/** All resources of a stack. */
export async function resourcesOf(target: Target, stack: string): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  let token: string | undefined;
  do {
    const page = await target.calls.query('cloudformation', 'ListStackResources', {
      StackName: stack,
      ...(token !== undefined && { NextToken: token }),
    });
    const summaries = page['StackResourceSummaries'] as
      | { readonly member?: readonly Readonly<Record<string, string>>[] }
      | undefined;
    for (const summary of summaries?.member ?? []) {
      found.push({
        stack,
        logicalId: summary['LogicalResourceId'] ?? '',
        type: summary['ResourceType'] ?? '',
        physicalId: summary['PhysicalResourceId'] ?? '',
      });
    }
    token = page['NextToken'] as string | undefined;
  } while (token !== undefined);
  return found;
}

/** Whether a resource that stands alone is there; `unknown` where the cloud has no such question. */
export async function presenceOf(
  target: Target,
  { type, physicalId }: Resource,
): Promise<'there' | 'gone' | 'unknown'> {
  try {
    await HANDLINGS[type]!.exists(target, physicalId);
    return 'there';
  } catch (error) {
    if (isMissing(error)) return 'gone';
    if (error instanceof RefusedCall && NOT_OFFERED.test(error.code)) return 'unknown';
    throw error;
  }
}

/** Removes what a stack may leave; no error where it is not there. */
export async function remove(target: Target, { type, physicalId }: Resource): Promise<void> {
  try {
    await HANDLINGS[type]?.remove?.(target, physicalId);
  } catch (error) {
    const isOffered = !(error instanceof RefusedCall && NOT_OFFERED.test(error.code));
    if (isOffered && !isMissing(error)) throw error;
  }
}

/** Deletes every version of every object. */
export async function emptyBucket({ clients }: Target, Bucket: string): Promise<void> {
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { Versions = [], DeleteMarkers = [] } = await clients.s3.send(
      new ListObjectVersionsCommand({ Bucket }),
    );
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    }));
    if (Objects.length === 0) return;
    await clients.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
  }
}

const NOT_OFFERED = /InvalidAction|UnknownOperation|NotImplemented|InternalFailure/;
const MISSING = /NotFound|NoSuch|NonExistent/;

function isMissing(error: unknown): boolean {
  if ([NoTable, NoStream, NoFunction].some((kind) => error instanceof kind)) return true;
  const { name, code = '' } = error as Error & { readonly code?: string };
  return MISSING.test(name) || MISSING.test(code);
}
