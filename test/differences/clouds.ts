// The clouds that the conformance suite is run on, and which services each of them has.

import {
  type ForeignCloud,
  type ForeignOptions,
  startDynamoDbLocal,
  startLocalStack,
  startMiniStack,
} from '../../localstack/foreign/foreign-cloud.ts';
import { DYNAMODB_LOCAL } from '../../localstack/foreign/parts/dynamodb-local.ts';
import { LOCALSTACK, MINISTACK } from '../../localstack/foreign/parts/python-parts.ts';

/**
 * Each service with the files of the suite that state its rules, and what the engine's own adapter
 * gets from it; in the order of the table.
 */
export const SERVICES = {
  DynamoDB: ['dynamodb.test.ts', 'commit-log.test.ts'],
  Kinesis: ['kinesis.test.ts', 'source-stream.test.ts'],
  S3: ['s3.test.ts', 'object-store.test.ts'],
  Lambda: ['event-source-mapping.test.ts'],
  CloudFormation: ['cloudformation.test.ts'],
} as const;

export type Service = keyof typeof SERVICES;

export type CloudId = 'localstack' | 'ministack' | 'dynamodb-local';

export interface TestedCloud {
  readonly id: CloudId;
  /** With its version, as the table names it. */
  readonly name: string;
  readonly services: readonly Service[];
  start(options: ForeignOptions): Promise<ForeignCloud>;
}

export const SERVICE_NAMES = Object.keys(SERVICES) as readonly Service[];

export const CLOUDS: readonly TestedCloud[] = [
  { id: 'localstack', name: LOCALSTACK.name, services: SERVICE_NAMES, start: startLocalStack },
  { id: 'ministack', name: MINISTACK.name, services: SERVICE_NAMES, start: startMiniStack },
  {
    id: 'dynamodb-local',
    name: DYNAMODB_LOCAL.name,
    services: ['DynamoDB'],
    start: startDynamoDbLocal,
  },
];
