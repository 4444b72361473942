import { describe, expect, test } from 'vitest';
import {
  createTask,
  driveLambda,
  driveMapping,
  FAILED,
  FUNCTION_ARN,
  failing,
  type LambdaDriver,
  RETURNED,
  ROLE_ARN,
  recordsOf,
  START_MS,
  STREAM_ARN,
  textOf,
} from './driver.ts';

const HIGH_KEY = String((1n << 128n) - 1n);
const LOW_KEY = '0';
const MIB = 1_048_576;

function putAll(driver: LambdaDriver, texts: string): string[] {
  return [...texts].map((text) => driver.put('k', text).SequenceNumber);
}

describe('the event', () => {
  test('is built as Lambda builds it', () => {
    const driver = driveMapping();
    driver.clock.nowMs += 987;
    const { SequenceNumber } = driver.put('a "key"', 'data');
    const [invocation] = driver.due();
    expect(JSON.parse(invocation!.payload())).toEqual({
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey: 'a "key"',
            sequenceNumber: SequenceNumber,
            data: 'ZGF0YQ==',
            approximateArrivalTimestamp: (START_MS + 987) / 1_000,
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: `shardId-000000000000:${SequenceNumber}`,
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: ROLE_ARN,
          awsRegion: 'us-east-1',
          eventSourceARN: STREAM_ARN,
        },
      ],
    });
    expect(invocation).toMatchObject({
      functionName: 'task',
      functionArn: FUNCTION_ARN,
      version: '$LATEST',
      trigger: {
        kind: 'stream',
        mappingId: driver.mappingId,
        shardId: 'shardId-000000000000',
        attempt: 1,
        recordCount: 1,
        firstSequenceNumber: SequenceNumber,
        lastSequenceNumber: SequenceNumber,
      },
    });
  });

  test('has at most 6 MB of JSON, to the byte', () => {
    const driver = driveMapping({ BatchSize: 10_000 });
    driver.kinesis.call(
      'UpdateMaxRecordSize',
      { StreamName: 'events', MaxRecordSizeInKiB: 10_240 },
      driver.clock,
    );
    driver.put('ключ\n', 'small');
    const overhead = Buffer.byteLength(driver.due()[0]!.payload());
    const baseBytes = Math.ceil(5 / 3) * 4;
    // Base64 comes in steps of 4 bytes; the partition key makes up the rest of the distance.
    const room = 6_291_456 - overhead + baseBytes;
    const largest = driveMapping({ BatchSize: 10_000 });
    largest.kinesis.call(
      'UpdateMaxRecordSize',
      { StreamName: 'events', MaxRecordSizeInKiB: 10_240 },
      largest.clock,
    );
    const text = 'x'.repeat(Math.floor(room / 4) * 3);
    largest.put(`ключ\n${'k'.repeat(room % 4)}`, text);
    const [fits] = largest.due();
    expect(Buffer.byteLength(fits!.payload())).toBe(6_291_456);
    largest.settle(fits!);
    largest.put(`ключ\n${'k'.repeat((room % 4) + 1)}`, text);
    expect(largest.due()).toEqual([]);
  });

  test('records that would exceed it wait for the next batch', () => {
    const driver = driveMapping({ BatchSize: 10_000 });
    for (let count = 0; count < 10; count += 1) driver.put('k', 'x'.repeat(MIB - 1));
    const counts: number[] = [];
    for (let [batch] = driver.due(); batch !== undefined; [batch] = driver.due()) {
      expect(Buffer.byteLength(batch.payload())).toBeLessThanOrEqual(6_291_456);
      counts.push(recordsOf(batch).length);
      driver.settle(batch);
    }
    expect(counts).toEqual([4, 4, 2]);
  });
});

describe('batches', () => {
  test('hold at most BatchSize records, in order', () => {
    const driver = driveMapping({ BatchSize: 3 });
    putAll(driver, 'abcdefgh');
    const texts: string[] = [];
    for (let [batch] = driver.due(); batch !== undefined; [batch] = driver.due()) {
      texts.push(textOf(batch));
      driver.settle(batch);
    }
    expect(texts).toEqual(['abc', 'def', 'gh']);
  });

  test('of one shard come one at a time, shards in parallel', () => {
    const driver = driveMapping({ BatchSize: 1 }, { shardCount: 2 });
    driver.put('k', 'a', LOW_KEY);
    driver.put('k', 'b', LOW_KEY);
    driver.put('k', 'c', HIGH_KEY);
    const started = driver.due();
    expect(started.map(textOf)).toEqual(['a', 'c']);
    expect(driver.due()).toEqual([]);
    driver.settle(started[0]!);
    expect(driver.due().map(textOf)).toEqual(['b']);
  });

  test('wait for the batching window to close', () => {
    const driver = driveMapping({ MaximumBatchingWindowInSeconds: 3 });
    for (const text of 'abcdef') {
      driver.put('k', text);
      expect(driver.due()).toEqual([]);
      driver.clock.nowMs += 300;
    }
    expect(driver.nextDueMs()).toBe(START_MS + 3_000);
    driver.clock.nowMs = START_MS + 2_999;
    expect(driver.due()).toEqual([]);
    driver.clock.nowMs = START_MS + 3_000;
    expect(driver.due().map(textOf)).toEqual(['abcdef']);
  });

  test('do not wait when they are full by number or by size', () => {
    const driver = driveMapping({ MaximumBatchingWindowInSeconds: 300, BatchSize: 5 });
    putAll(driver, 'abcdefg');
    const [first] = driver.due();
    expect(textOf(first)).toBe('abcde');
    driver.settle(first!);
    expect(driver.due()).toEqual([]);
    for (let count = 0; count < 3; count += 1) driver.put('k', 'x'.repeat(MIB - 1));
    const [second] = driver.due();
    expect(recordsOf(second!)).toHaveLength(5);
  });

  test('a window opens when the lane is free again', () => {
    const driver = driveMapping({ MaximumBatchingWindowInSeconds: 2 });
    driver.put('k', 'a');
    driver.clock.nowMs += 2_000;
    const [first] = driver.due();
    driver.put('k', 'b');
    driver.clock.nowMs += 10_000;
    driver.settle(first!);
    expect(driver.due()).toEqual([]);
    expect(driver.nextDueMs()).toBe(driver.clock.nowMs + 2_000);
  });

  test('nothing is due without records', () => {
    const driver = driveMapping();
    expect(driver.due()).toEqual([]);
    expect(driver.nextDueMs()).toBeNull();
  });

  test('with a ParallelizationFactor, the keys of a shard are shared out and each keeps its order', () => {
    const driver = driveMapping({ ParallelizationFactor: 3, BatchSize: 4 });
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (let round = 0; round < 6; round += 1) for (const key of keys) driver.put(key, key);
    const read = new Map<string, number>();
    let parallel = 0;
    for (let started = driver.due(); started.length > 0; started = driver.due()) {
      parallel = Math.max(parallel, started.length);
      const inFlight = started.map(
        (each) => new Set(recordsOf(each).map((r) => r.kinesis.partitionKey)),
      );
      for (const key of keys) {
        expect(inFlight.filter((held) => held.has(key)).length).toBeLessThanOrEqual(1);
      }
      for (const invocation of started) {
        for (const { kinesis } of recordsOf(invocation)) {
          read.set(kinesis.partitionKey, (read.get(kinesis.partitionKey) ?? 0) + 1);
        }
        driver.settle(invocation);
      }
    }
    expect(parallel).toBeGreaterThan(1);
    expect([...read.values()]).toEqual(keys.map(() => 6));
  });
});

describe('where a mapping begins', () => {
  test.each([
    ['TRIM_HORIZON', {}, 'abcd'],
    ['LATEST', {}, 'd'],
    ['AT_TIMESTAMP', { StartingPositionTimestamp: START_MS + 2_000 }, 'bcd'],
  ])('%s', (StartingPosition, more, expected) => {
    const driver = driveLambda();
    driver.kinesis.call('CreateStream', { StreamName: 'events', ShardCount: 1 }, driver.clock);
    createTask(driver);
    for (const text of 'abc') {
      driver.clock.nowMs += 1_000;
      driver.put('k', text);
    }
    const input = { FunctionName: 'task', EventSourceArn: STREAM_ARN, StartingPosition, ...more };
    driver.call('CreateEventSourceMapping', input);
    driver.put('k', 'd');
    expect(driver.due().map(textOf)).toEqual([expected]);
  });
});

describe('failures', () => {
  test('a failed batch is retried with the same records until it succeeds', () => {
    const driver = driveMapping({ BatchSize: 2 });
    putAll(driver, 'abc');
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      const [batch] = driver.due();
      expect(textOf(batch)).toBe('ab');
      expect(batch!.trigger).toMatchObject({ attempt });
      driver.settle(batch!, FAILED);
      expect(driver.due()).toEqual([]);
      driver.clock.nowMs = driver.nextDueMs()!;
    }
    driver.settle(driver.due()[0]!);
    expect(driver.due().map(textOf)).toEqual(['c']);
  });

  test('retries wait longer each time, up to a limit', () => {
    const driver = driveMapping({}, { retryDelayMaxMs: 1_000 });
    driver.put('k', 'a');
    const waits = Array.from({ length: 5 }, () => {
      driver.settle(driver.due()[0]!, FAILED);
      const waitMs = driver.nextDueMs()! - driver.clock.nowMs;
      driver.clock.nowMs += waitMs;
      return waitMs;
    });
    expect(waits).toEqual([200, 400, 800, 1_000, 1_000]);
  });

  test('with varied boundaries a retry begins where it failed and may end elsewhere', () => {
    const driver = driveMapping({ BatchSize: 8 }, { retryBoundaries: 'varied', seed: 3 });
    putAll(driver, 'abcdefgh');
    const texts = new Set<string>();
    for (let attempt = 0; attempt < 30; attempt += 1) {
      const [batch] = driver.due();
      texts.add(textOf(batch));
      driver.settle(batch!, FAILED);
      driver.clock.nowMs = driver.nextDueMs()!;
    }
    for (const text of texts) expect('abcdefgh'.startsWith(text)).toBe(true);
    expect(texts.size).toBeGreaterThan(3);
  });

  test('an invocation that could not be started uses up no attempt', () => {
    const driver = driveMapping({ MaximumRetryAttempts: 0 });
    driver.put('k', 'a');
    driver.settle(driver.due()[0]!, { kind: 'not-started' });
    driver.clock.nowMs = driver.nextDueMs()!;
    expect(driver.due().map(({ trigger }) => trigger)).toMatchObject([{ attempt: 1 }]);
  });

  test('after MaximumRetryAttempts the batch is given up and the shard goes on', () => {
    const driver = driveMapping({ BatchSize: 2, MaximumRetryAttempts: 2 });
    putAll(driver, 'abc');
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const [batch] = driver.due();
      expect(textOf(batch)).toBe('ab');
      driver.settle(batch!, FAILED);
      driver.clock.nowMs = driver.nextDueMs()!;
    }
    expect(driver.due().map(textOf)).toEqual(['c']);
  });

  test.each(['same', 'varied'] as const)(
    'bisection halves a failed batch, without using up retries, down to the bad record (%s)',
    (retryBoundaries) => {
      const settings = {
        BatchSize: 8,
        MaximumRetryAttempts: 1,
        BisectBatchOnFunctionError: true,
        DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:q' } },
      };
      const driver = driveMapping(settings, { retryBoundaries, seed: 2 });
      putAll(driver, 'abcXefgh');
      const tried: string[] = [];
      for (let step = 0; step < 20 && driver.nextDueMs() !== null; step += 1) {
        driver.clock.nowMs = driver.nextDueMs()!;
        const [batch] = driver.due();
        const text = textOf(batch);
        tried.push(text);
        driver.settle(batch!, text.includes('X') ? FAILED : RETURNED);
      }
      expect(tried).toEqual(['abcXefgh', 'abcX', 'ab', 'cX', 'c', 'X', 'X', 'efgh']);
      expect(driver.discarded).toHaveLength(1);
    },
  );

  test('records older than MaximumRecordAgeInSeconds are given up', () => {
    const driver = driveMapping({
      MaximumRecordAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:q' } },
    });
    putAll(driver, 'ab');
    driver.clock.nowMs += 30_000;
    driver.put('k', 'c');
    driver.settle(driver.due()[0]!, FAILED);
    driver.clock.nowMs = START_MS + 60_001;
    expect(driver.due().map(textOf)).toEqual(['c']);
    expect(JSON.parse(driver.discarded[0]!.body)).toMatchObject({
      requestContext: { condition: 'RecordAgeExceeded' },
      KinesisBatchInfo: { batchSize: 2 },
    });
  });
});

describe('partial batch responses', () => {
  const reporting = { FunctionResponseTypes: ['ReportBatchItemFailures'] };

  test('the lowest failed sequence number is where the retry begins', () => {
    const driver = driveMapping(reporting);
    const numbers = putAll(driver, 'abcde');
    driver.settle(driver.due()[0]!, failing(numbers[3], numbers[2], numbers[4]));
    expect(driver.due().map(textOf)).toEqual(['cde']);
  });

  test('each partial failure is a failed attempt of what is left', () => {
    const driver = driveMapping({ ...reporting, MaximumRetryAttempts: 2 });
    const numbers = putAll(driver, 'abpc');
    const tried: string[] = [];
    for (let [batch] = driver.due(); batch !== undefined; [batch] = driver.due()) {
      tried.push(textOf(batch));
      driver.settle(batch, failing(numbers[2]));
      driver.clock.nowMs = driver.nextDueMs() ?? driver.clock.nowMs;
    }
    expect(tried).toEqual(['abpc', 'pc', 'pc']);
  });

  test.each([
    ['nothing', null],
    ['an empty object', {}],
    ['no list', { batchItemFailures: null }],
    ['an empty list', { batchItemFailures: [] }],
  ])('%s is success', (_name, response) => {
    const driver = driveMapping(reporting);
    driver.put('k', 'a');
    driver.settle(driver.due()[0]!, { kind: 'returned', response });
    expect(driver.nextDueMs()).toBeNull();
  });

  test.each([
    ['an empty identifier', failing('')],
    ['a null identifier', failing(null)],
    ['an identifier that is not of the batch', failing('1')],
    ['another name', { kind: 'returned', response: { batchItemFailures: [{ id: '1' }] } } as const],
    ['no list', { kind: 'returned', response: { batchItemFailures: 'x' } } as const],
  ])('%s fails the batch as a whole', (_name, outcome) => {
    const driver = driveMapping(reporting);
    putAll(driver, 'ab');
    driver.settle(driver.due()[0]!, outcome);
    driver.clock.nowMs = driver.nextDueMs()!;
    expect(driver.due().map(textOf)).toEqual(['ab']);
  });

  test('are not looked at unless the mapping says so', () => {
    const driver = driveMapping();
    const numbers = putAll(driver, 'ab');
    driver.settle(driver.due()[0]!, failing(numbers[1]));
    expect(driver.nextDueMs()).toBeNull();
  });
});

describe('what is given up', () => {
  const give = (destination: string) => {
    const driver = driveMapping({
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: destination } },
    });
    const numbers = putAll(driver, 'ab');
    driver.clock.nowMs += 1_000;
    const [batch] = driver.due();
    driver.settle(batch!, FAILED);
    return { driver, numbers, event: batch!.payload(), given: driver.discarded[0]! };
  };

  test('leaves a document for a queue', () => {
    const { driver, numbers, given } = give('arn:aws:sqs:us-east-1:000000000000:lost');
    expect(JSON.parse(given.body)).toEqual({
      requestContext: {
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        functionArn: FUNCTION_ARN,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 1,
      },
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: 'Unhandled',
      },
      version: '1.0',
      timestamp: '2024-01-01T00:00:01.000Z',
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        startSequenceNumber: numbers[0],
        endSequenceNumber: numbers[1],
        approximateArrivalOfFirstRecord: '2024-01-01T00:00:00.000Z',
        approximateArrivalOfLastRecord: '2024-01-01T00:00:00.000Z',
        batchSize: 2,
        streamArn: STREAM_ARN,
      },
    });
    expect(driver.call('GetEventSourceMapping', { UUID: driver.mappingId })).toMatchObject({
      LastProcessingResult: 'PROBLEM: Function call failed',
    });
  });

  test('leaves the event as well in a bucket, under a key by mapping, shard and time', () => {
    const { driver, event, given } = give('arn:aws:s3:::lost');
    expect(JSON.parse(given.body)).toMatchObject({ payload: event });
    expect(given.key).toMatch(
      new RegExp(
        `^aws/lambda/${driver.mappingId}/shardId-000000000000/2024/01/01/` +
          '2024-01-01T00\\.00\\.01-[0-9a-f-]{36}$',
      ),
    );
  });

  test('a record too large for any event is given up without an attempt', () => {
    const driver = driveMapping({
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::lost' } },
    });
    const size = { StreamName: 'events', MaxRecordSizeInKiB: 10_240 };
    driver.kinesis.call('UpdateMaxRecordSize', size, driver.clock);
    driver.put('k', 'a');
    driver.settle(driver.due()[0]!);
    driver.put('k', 'x'.repeat(5 * MIB));
    driver.put('k', 'b');
    expect(driver.due().map(textOf)).toEqual(['b']);
    expect(JSON.parse(driver.discarded[0]!.body)).toMatchObject({
      requestContext: { condition: 'PayloadSizeExceeded', approximateInvokeCount: 0 },
    });
  });
});

describe('resharding', () => {
  const split = (driver: LambdaDriver, ShardToSplit: string, NewStartingHashKey: string) =>
    driver.kinesis.call(
      'SplitShard',
      { StreamName: 'events', ShardToSplit, NewStartingHashKey },
      driver.clock,
    );

  test('children are read only when their parent is drained', () => {
    const driver = driveMapping({ BatchSize: 2 });
    putAll(driver, 'abc');
    split(driver, 'shardId-000000000000', '5');
    driver.put('k', 'd', LOW_KEY);
    driver.put('k', 'e', HIGH_KEY);
    const [first] = driver.due();
    expect(textOf(first)).toBe('ab');
    driver.settle(first!);
    const [second] = driver.due();
    expect(textOf(second)).toBe('c');
    expect(driver.due()).toEqual([]);
    driver.settle(second!, FAILED);
    expect(driver.due()).toEqual([]);
    driver.clock.nowMs = driver.nextDueMs()!;
    driver.settle(driver.due()[0]!);
    expect(driver.due().map(textOf)).toEqual(['d', 'e']);
  });

  test('a merged child waits for both parents, and generations follow each other', () => {
    const driver = driveMapping({}, { shardCount: 2 });
    driver.put('k', 'a', LOW_KEY);
    driver.put('k', 'b', HIGH_KEY);
    const pair = {
      ShardToMerge: 'shardId-000000000000',
      AdjacentShardToMerge: 'shardId-000000000001',
    };
    driver.kinesis.call('MergeShards', { StreamName: 'events', ...pair }, driver.clock);
    driver.put('k', 'c');
    split(driver, 'shardId-000000000002', '5');
    driver.put('k', 'd', HIGH_KEY);
    const [low, high] = driver.due();
    driver.settle(low!);
    expect(driver.due()).toEqual([]);
    driver.settle(high!);
    const [middle, ...none] = driver.due();
    expect([textOf(middle), none]).toEqual(['c', []]);
    driver.settle(middle!);
    expect(driver.due().map(textOf)).toEqual(['d']);
  });

  test('a mapping that begins at LATEST reads shards that open later from their beginning', () => {
    const driver = driveMapping({ StartingPosition: 'LATEST' });
    split(driver, 'shardId-000000000000', '5');
    driver.put('k', 'a', LOW_KEY);
    expect(driver.due().map(textOf)).toEqual(['a']);
  });
});

describe('what the stream loses', () => {
  test('records trimmed before they were read are skipped without a word', () => {
    const driver = driveMapping({ BatchSize: 2 });
    putAll(driver, 'abc');
    driver.settle(driver.due()[0]!, FAILED);
    driver.clock.nowMs += 24 * 3_600_000 + 1;
    driver.put('k', 'd');
    expect(driver.due().map(textOf)).toEqual(['d']);
    expect(driver.discarded).toEqual([]);
  });

  test('a batch trimmed while it is under way is settled like any other', () => {
    const driver = driveMapping({
      BatchSize: 3,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
    });
    for (const end of ['success', 'failure', 'partial']) {
      const numbers = putAll(driver, 'abc');
      const [batch] = driver.due();
      expect(textOf(batch)).toBe('abc');
      driver.clock.nowMs += 24 * 3_600_000 + 1;
      driver.put('k', 'd');
      const outcomes = { success: RETURNED, failure: FAILED, partial: failing(numbers[1]) };
      driver.settle(batch!, outcomes[end as keyof typeof outcomes]);
      const [next] = driver.due();
      expect(textOf(next)).toBe('d');
      driver.settle(next!);
    }
  });

  test('a stream that was deleted and created again is read from its beginning', () => {
    const driver = driveMapping();
    putAll(driver, 'abc');
    driver.settle(driver.due()[0]!);
    driver.kinesis.call('DeleteStream', { StreamName: 'events' }, driver.clock);
    expect(driver.due()).toEqual([]);
    driver.clock.nowMs += 1_000;
    driver.kinesis.call('CreateStream', { StreamName: 'events', ShardCount: 1 }, driver.clock);
    driver.put('k', 'd');
    expect(driver.due().map(textOf)).toEqual(['d']);
  });
});

describe('keeping mappings', () => {
  test('a disabled mapping stands still and goes on where it was', () => {
    const driver = driveMapping();
    driver.call('UpdateEventSourceMapping', { UUID: driver.mappingId, Enabled: false });
    driver.put('k', 'a');
    expect([driver.due(), driver.nextDueMs()]).toEqual([[], null]);
    driver.call('UpdateEventSourceMapping', { UUID: driver.mappingId, Enabled: true });
    expect(driver.due().map(textOf)).toEqual(['a']);
  });

  test('an update changes what it names and keeps the rest', () => {
    const driver = driveMapping({ BatchSize: 7, MaximumRetryAttempts: 3 });
    const UUID = driver.mappingId;
    const updated = driver.call('UpdateEventSourceMapping', { UUID, BatchSize: 9 });
    expect(updated).toMatchObject({ BatchSize: 9, MaximumRetryAttempts: 3, State: 'Updating' });
    expect(driver.call('GetEventSourceMapping', { UUID })).toMatchObject({
      UUID,
      State: 'Enabled',
      EventSourceArn: STREAM_ARN,
      FunctionArn: FUNCTION_ARN,
      BatchSize: 9,
    });
    const listed = driver.call<{ EventSourceMappings: object[] }>('ListEventSourceMappings', {
      FunctionName: 'task',
    });
    expect(listed.EventSourceMappings).toHaveLength(1);
  });

  test('a ParallelizationFactor may change at any time; nothing is skipped', () => {
    const driver = driveMapping({ BatchSize: 1 });
    putAll(driver, 'ab');
    const [first] = driver.due();
    const UUID = driver.mappingId;
    driver.call('UpdateEventSourceMapping', { UUID, ParallelizationFactor: 4, BatchSize: 10 });
    expect(driver.due()).toEqual([]);
    driver.settle(first!);
    expect(driver.due().map(textOf)).toEqual(['b']);
  });

  test('a deleted mapping starts nothing, and the end of its last batch changes nothing', () => {
    const driver = driveMapping();
    driver.put('k', 'a');
    const [batch] = driver.due();
    driver.call('DeleteEventSourceMapping', { UUID: driver.mappingId });
    driver.settle(batch!, FAILED);
    driver.settle(batch!);
    expect([driver.due(), driver.nextDueMs()]).toEqual([[], null]);
    expect(driver.refusal('GetEventSourceMapping', { UUID: driver.mappingId })).toBe(
      'ResourceNotFoundException',
    );
  });

  test('one function and stream have one mapping', () => {
    const driver = driveMapping();
    const input = { EventSourceArn: STREAM_ARN, StartingPosition: 'LATEST', FunctionName: 'task' };
    expect(driver.refusal('CreateEventSourceMapping', input)).toBe('ResourceConflictException');
  });

  test.each([
    ['BatchSize', 10_001],
    ['BatchSize', 0],
    ['MaximumBatchingWindowInSeconds', 301],
    ['ParallelizationFactor', 11],
    ['MaximumRetryAttempts', 10_001],
    ['MaximumRecordAgeInSeconds', 604_801],
    ['MaximumRecordAgeInSeconds', 59],
    ['StartingPosition', 'SOMEWHERE'],
    ['StartingPositionTimestamp', START_MS],
    ['TumblingWindowInSeconds', 10],
    ['FilterCriteria', { Filters: [{}] }],
    ['DestinationConfig', { OnFailure: { Destination: 'arn:aws:lambda:x' } }],
    ['EventSourceArn', 'arn:aws:kinesis:us-east-1:000000000000:stream/other'],
  ])('%s of %j is refused', (member, value) => {
    const driver = driveMapping();
    driver.call('DeleteEventSourceMapping', { UUID: driver.mappingId });
    const input = {
      FunctionName: 'task',
      EventSourceArn: STREAM_ARN,
      StartingPosition: 'TRIM_HORIZON',
      [member]: value,
    };
    expect(driver.refusal('CreateEventSourceMapping', input)).toBe(
      'InvalidParameterValueException',
    );
  });

  test('a mapping whose function is gone starts nothing and says so', () => {
    const driver = driveMapping();
    driver.put('k', 'a');
    driver.call('DeleteFunction', { FunctionName: 'task' });
    expect(driver.due()).toEqual([]);
    expect(driver.call('GetEventSourceMapping', { UUID: driver.mappingId })).toMatchObject({
      LastProcessingResult: 'PROBLEM: Function not found: task',
    });
  });
});

describe('a restart', () => {
  test('delivers again what was under way, and keeps checkpoints and failed attempts', () => {
    const driver = driveMapping({ BatchSize: 2 });
    putAll(driver, 'abcd');
    driver.settle(driver.due()[0]!);
    driver.settle(driver.due()[0]!, FAILED);
    driver.clock.nowMs = driver.nextDueMs()!;
    const [lost] = driver.due();
    expect(lost!.trigger).toMatchObject({ attempt: 2 });
    driver.lambda.abandon();
    const [again] = driver.due();
    expect(textOf(again)).toBe('cd');
    expect(again!.trigger).toMatchObject({ attempt: 2 });
    driver.settle(lost!);
    expect(driver.due()).toEqual([]);
  });

  test('from a dump goes on like the original', () => {
    const driver = driveMapping({ BatchSize: 2 }, { shardCount: 2 });
    for (let index = 0; index < 20; index += 1) driver.put(`k${index}`, String(index % 10));
    driver.settle(driver.due()[0]!);
    const copy = driveLambda();
    copy.clock.nowMs = driver.clock.nowMs;
    copy.kinesis.load(structuredClone(driver.kinesis.dump()));
    copy.lambda.load(structuredClone(driver.lambda.dump()));
    driver.lambda.abandon();
    const [mine, theirs] = [driver.due(), copy.due()];
    expect(theirs.map((each) => each.payload())).toEqual(mine.map((each) => each.payload()));
    expect(theirs.map(({ id }) => id)).toEqual(mine.map(({ id }) => id));
  });

  test('asking what is due without answer leaves no trace', () => {
    const run = (curious: boolean) => {
      const driver = driveMapping({ MaximumBatchingWindowInSeconds: 2, BatchSize: 4 });
      const seen: unknown[] = [];
      for (let step = 0; step < 90; step += 1) {
        driver.clock.nowMs += 137;
        if (step % 3 === 0) driver.put('k', String(step));
        if (step === 10) split(driver);
        const asks = curious || (driver.nextDueMs() ?? Infinity) <= driver.clock.nowMs;
        for (const batch of asks ? driver.due() : []) {
          seen.push([driver.clock.nowMs, batch.id, batch.payload()]);
          driver.settle(batch);
        }
      }
      return seen;
    };
    const split = (driver: LambdaDriver) =>
      driver.kinesis.call(
        'UpdateShardCount',
        { StreamName: 'events', TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' },
        driver.clock,
      );
    expect(run(true)).toEqual(run(false));
    expect(run(true).length).toBeGreaterThan(3);
  });
});
