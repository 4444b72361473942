// A stream, a function and a mapping between them, with a hand-moved clock. Tests play the runner:
// they take what is due and say how it ended.

import { createKinesis, type KinesisOptions } from '../../../../lib/cloud/kinesis/kinesis.ts';
import type { Discarded } from '../../../../lib/cloud/lambda/discarded.ts';
import type { Invocation, Outcome } from '../../../../lib/cloud/lambda/invocation.ts';
import { createLambda, type LambdaOptions } from '../../../../lib/cloud/lambda/lambda.ts';
import { ServiceError } from '../../../../lib/cloud/service.ts';

export const START_MS = Date.UTC(2024, 0, 1);
export const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/events';
export const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:task';
export const ROLE_ARN = 'arn:aws:iam::000000000000:role/task';

export const RETURNED: Outcome = { kind: 'returned', response: null };
export const FAILED: Outcome = { kind: 'failed' };

export interface KinesisEventRecord {
  readonly kinesis: {
    readonly kinesisSchemaVersion: string;
    readonly partitionKey: string;
    readonly sequenceNumber: string;
    readonly data: string;
    readonly approximateArrivalTimestamp: number;
  };
  readonly eventID: string;
}

export function driveLambda(
  options: Partial<LambdaOptions> & { readonly kinesis?: KinesisOptions } = {},
) {
  const clock = { nowMs: START_MS };
  const discarded: Discarded[] = [];
  const kinesis = createKinesis(options.kinesis);
  const lambda = createLambda({
    stream: (arn, nowMs) => kinesis.stream(arn, nowMs),
    discard: (batch) => discarded.push(batch),
    ...options,
  });
  const call = <Answer>(operation: string, input: object) =>
    lambda.call(operation, input, clock) as Answer;
  return {
    clock,
    kinesis,
    lambda,
    discarded,
    call,
    refusal(operation: string, input: object): string {
      try {
        lambda.call(operation, input, clock);
      } catch (error) {
        if (error instanceof ServiceError) return error.code;
        throw error;
      }
      throw new Error(`${operation} was accepted`);
    },
    due: () => lambda.due(clock.nowMs),
    settle: (invocation: Invocation, outcome: Outcome = RETURNED) =>
      lambda.settle(invocation.id, outcome, clock.nowMs),
    nextDueMs: () => lambda.nextDueMs(clock.nowMs),
    put: (PartitionKey: string, text: string, ExplicitHashKey?: string) =>
      kinesis.call(
        'PutRecord',
        {
          StreamName: 'events',
          PartitionKey,
          Data: Buffer.from(text),
          ...(ExplicitHashKey === undefined ? {} : { ExplicitHashKey }),
        },
        clock,
      ) as { readonly ShardId: string; readonly SequenceNumber: string },
  };
}

export type LambdaDriver = ReturnType<typeof driveLambda>;

/** As `driveLambda`, with a stream, a function `task` and a mapping from the one to the other. */
export function driveMapping(
  settings: object = {},
  options: Parameters<typeof driveLambda>[0] & { readonly shardCount?: number } = {},
) {
  const driver = driveLambda(options);
  const { shardCount = 1 } = options;
  driver.kinesis.call(
    'CreateStream',
    { StreamName: 'events', ShardCount: shardCount },
    driver.clock,
  );
  createTask(driver);
  const { UUID } = driver.call<{ UUID: string }>('CreateEventSourceMapping', {
    FunctionName: 'task',
    EventSourceArn: STREAM_ARN,
    StartingPosition: 'TRIM_HORIZON',
    ...settings,
  });
  return { ...driver, mappingId: UUID };
}

export function createTask(driver: LambdaDriver): void {
  const Code = { ZipFile: Buffer.from('code 1') };
  driver.call('CreateFunction', { FunctionName: 'task', Role: ROLE_ARN, Code });
}

export function recordsOf(invocation: Invocation): readonly KinesisEventRecord[] {
  return (JSON.parse(invocation.payload()) as { Records: KinesisEventRecord[] }).Records;
}

/** The data of an invocation's records as text, joined. */
export function textOf(invocation: Invocation | undefined): string {
  if (invocation === undefined) return '';
  const texts = recordsOf(invocation).map(({ kinesis }) => Buffer.from(kinesis.data, 'base64'));
  return texts.join('');
}

/** An answer that names records as failed. */
export function failing(...identifiers: readonly unknown[]): Outcome {
  const batchItemFailures = identifiers.map((itemIdentifier) => ({ itemIdentifier }));
  return { kind: 'returned', response: { batchItemFailures } };
}
