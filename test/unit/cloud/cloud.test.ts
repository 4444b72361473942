import { describe, expect, test } from 'vitest';
import { type Cloud, type CloudOptions, createCloud } from '../../../lib/cloud/cloud.ts';

const START_MS = Date.UTC(2024, 0, 1);
const ROLE = 'arn:aws:iam::000000000000:role/task';
const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:task';

function deploy(options: CloudOptions = {}, mapping: object = {}): Cloud {
  const cloud = createCloud(options);
  const call = (service: Parameters<Cloud['call']>[0], operation: string, input: object) =>
    cloud.call(service, operation, input, START_MS);
  call('kinesis', 'CreateStream', { StreamName: 'events', ShardCount: 1 });
  call('s3', 'CreateBucket', { Bucket: 'lost' });
  const Code = { ZipFile: Buffer.from('x') };
  call('lambda', 'CreateFunction', { FunctionName: 'task', Role: ROLE, Code });
  call('lambda', 'CreateEventSourceMapping', {
    FunctionName: 'task',
    EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
    StartingPosition: 'TRIM_HORIZON',
    ...mapping,
  });
  return cloud;
}

const put = (cloud: Cloud, text: string, nowMs: number) =>
  cloud.call(
    'kinesis',
    'PutRecord',
    { StreamName: 'events', PartitionKey: 'k', Data: Buffer.from(text) },
    nowMs,
  );

describe('one account', () => {
  test('carries a record from the stream to the function', () => {
    const cloud = deploy();
    put(cloud, 'a', START_MS);
    expect(cloud.nextDueMs(START_MS)).toBe(START_MS);
    const [invocation] = cloud.due(START_MS);
    expect(cloud.target(invocation!.functionArn)).toMatchObject({ functionName: 'task' });
    cloud.settle(invocation!.id, { kind: 'returned', response: null }, START_MS);
    expect(cloud.nextDueMs(START_MS)).toBeNull();
  });

  test('carries what a mapping gives up to the bucket, with the event', () => {
    const OnFailure = { Destination: 'arn:aws:s3:::lost' };
    const cloud = deploy({}, { MaximumRetryAttempts: 0, DestinationConfig: { OnFailure } });
    put(cloud, 'a', START_MS);
    const [invocation] = cloud.due(START_MS);
    const event = invocation!.payload();
    cloud.settle(invocation!.id, { kind: 'failed' }, START_MS);
    const listed = cloud.call('s3', 'ListObjectsV2', { Bucket: 'lost' }, START_MS) as {
      Contents: { Key: string }[];
    };
    expect(listed.Contents).toHaveLength(1);
    const { Key } = listed.Contents[0]!;
    const { Body } = cloud.call('s3', 'GetObject', { Bucket: 'lost', Key }, START_MS) as {
      Body: Uint8Array;
    };
    expect(JSON.parse(Buffer.from(Body).toString())).toMatchObject({ payload: event });
  });

  test('keeps what a mapping sends to a queue, and goes on when a bucket is missing', () => {
    const queue = 'arn:aws:sqs:us-east-1:000000000000:lost';
    for (const Destination of [queue, 'arn:aws:s3:::nowhere']) {
      const OnFailure = { Destination };
      const cloud = deploy({}, { MaximumRetryAttempts: 0, DestinationConfig: { OnFailure } });
      put(cloud, 'a', START_MS);
      cloud.settle(cloud.due(START_MS)[0]!.id, { kind: 'failed' }, START_MS);
      put(cloud, 'b', START_MS);
      expect(cloud.due(START_MS)).toHaveLength(1);
      expect(cloud.sentMessages(queue)).toHaveLength(Destination === queue ? 1 : 0);
    }
  });

  test('invokes the targets of its schedules', () => {
    const cloud = deploy();
    const rule = { Name: 'fold', ScheduleExpression: 'rate(1 minute)' };
    cloud.call('events', 'PutRule', rule, START_MS);
    const Targets = [
      { Id: 'a', Arn: FUNCTION_ARN },
      { Id: 'b', Arn: `${FUNCTION_ARN}-gone` },
    ];
    cloud.call('events', 'PutTargets', { Rule: 'fold', Targets }, START_MS);
    const dueMs = cloud.nextDueMs(START_MS)!;
    expect(dueMs).toBe(START_MS + 60_000);
    const [invocation, ...none] = cloud.due(dueMs);
    expect(none).toEqual([]);
    expect(invocation).toMatchObject({ functionName: 'task', trigger: { kind: 'async' } });
    expect(JSON.parse(invocation!.payload())).toMatchObject({ 'detail-type': 'Scheduled Event' });
  });

  test('goes on from a dump, with what was under way begun again', () => {
    const cloud = deploy({ seed: 9 });
    cloud.call('s3', 'PutObject', { Bucket: 'lost', Key: 'a', Body: Buffer.from('x') }, START_MS);
    put(cloud, 'a', START_MS);
    const [lost] = cloud.due(START_MS);
    const copy = createCloud();
    copy.load(structuredClone(cloud.dump()));
    const [again] = copy.due(START_MS);
    expect(again!.payload()).toBe(lost!.payload());
    expect(copy.call('s3', 'ListObjectsV2', { Bucket: 'lost' }, START_MS)).toMatchObject({
      KeyCount: 1,
    });
  });

  test('repeats itself exactly for equal calls and an equal seed', () => {
    const run = (seed: number) => {
      const OnFailure = { Destination: 'arn:aws:s3:::lost' };
      const cloud = deploy(
        { seed, retryBoundaries: 'varied' },
        { BatchSize: 5, MaximumRetryAttempts: 3, DestinationConfig: { OnFailure } },
      );
      const trace: unknown[] = [];
      for (let step = 0; step < 60; step += 1) {
        const nowMs = START_MS + step * 400;
        trace.push(put(cloud, String(step), nowMs));
        for (const invocation of cloud.due(nowMs)) {
          trace.push(invocation.id, invocation.payload());
          const outcome = step % 4 === 0 ? 'returned' : 'failed';
          cloud.settle(invocation.id, { kind: outcome, response: null }, nowMs);
        }
      }
      return [trace, cloud.call('s3', 'ListObjectsV2', { Bucket: 'lost' }, START_MS)];
    };
    expect(run(4)).toEqual(run(4));
    expect(run(4)).not.toEqual(run(5));
  });
});
