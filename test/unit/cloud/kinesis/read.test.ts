import { describe, expect, test } from 'vitest';
import { driveStream, START_MS, textsOf } from './driver.ts';

const SHARD = 'shardId-000000000000';
const HOUR_MS = 3_600_000;

function driveRecords(texts: readonly string[]) {
  const driver = driveStream(1);
  const numbers = texts.map((text) => {
    driver.clock.nowMs += 1_000;
    return driver.put('k', text).SequenceNumber;
  });
  return { ...driver, numbers };
}

describe('where reading begins', () => {
  const driver = driveRecords(['a', 'b', 'c', 'd']);
  const textsFrom = (type: string, more: object = {}) =>
    textsOf(driver.read(driver.iterator(SHARD, type, more)));

  test('TRIM_HORIZON: at the oldest record', () => {
    expect(textsFrom('TRIM_HORIZON')).toEqual(['a', 'b', 'c', 'd']);
  });

  test('AT_SEQUENCE_NUMBER: at that record', () => {
    const StartingSequenceNumber = driver.numbers[1];
    expect(textsFrom('AT_SEQUENCE_NUMBER', { StartingSequenceNumber })).toEqual(['b', 'c', 'd']);
  });

  test('AFTER_SEQUENCE_NUMBER: after that record', () => {
    const StartingSequenceNumber = driver.numbers[1];
    expect(textsFrom('AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber })).toEqual(['c', 'd']);
  });

  test('AT_TIMESTAMP: at the first record that arrived then or later', () => {
    const at = (Timestamp: number) => textsFrom('AT_TIMESTAMP', { Timestamp });
    expect(at(START_MS)).toEqual(['a', 'b', 'c', 'd']);
    expect(at(START_MS + 2_000)).toEqual(['b', 'c', 'd']);
    expect(at(START_MS + 2_001)).toEqual(['c', 'd']);
  });

  test('LATEST: after the newest record, whatever comes next is read', () => {
    const fresh = driveRecords(['a']);
    const iterator = fresh.iterator(SHARD, 'LATEST');
    expect(textsOf(fresh.read(iterator))).toEqual([]);
    fresh.put('k', 'b');
    expect(textsOf(fresh.read(iterator))).toEqual(['b']);
  });

  test('a number of another shard, no number, and a time to come are refused', () => {
    const iterator = (ShardIteratorType: string, more: object) =>
      driver.refusal('GetShardIterator', {
        StreamName: 'events',
        ShardId: SHARD,
        ShardIteratorType,
        ...more,
      });
    const another = driveStream(2).put('k', 'x', String((1n << 128n) - 1n)).SequenceNumber;
    const numbers = [driver.numbers[0]!.slice(1), 'x', '', another];
    for (const StartingSequenceNumber of numbers) {
      expect(iterator('AT_SEQUENCE_NUMBER', { StartingSequenceNumber })).toBe(
        'InvalidArgumentException',
      );
    }
    expect(iterator('AFTER_SEQUENCE_NUMBER', {})).toBe('InvalidArgumentException');
    expect(iterator('AT_TIMESTAMP', {})).toBe('InvalidArgumentException');
    expect(iterator('AT_TIMESTAMP', { Timestamp: driver.clock.nowMs + 1 })).toBe(
      'InvalidArgumentException',
    );
    expect(iterator('SOMEWHERE', {})).toBe('ValidationException');
    expect(
      driver.refusal('GetShardIterator', {
        StreamName: 'events',
        ShardId: 'shardId-000000000009',
        ShardIteratorType: 'LATEST',
      }),
    ).toBe('ResourceNotFoundException');
  });
});

describe('reading on', () => {
  test('pages of a limit give every record once, in order', () => {
    const texts = Array.from({ length: 25 }, (_, index) => String(index));
    const driver = driveRecords(texts);
    const read: string[] = [];
    let iterator = driver.iterator(SHARD);
    for (let page = 0; page < 5; page += 1) {
      const answer = driver.read(iterator, 7);
      read.push(...textsOf(answer));
      iterator = answer.NextShardIterator!;
    }
    expect(read).toEqual(texts);
    driver.put('k', 'later');
    expect(textsOf(driver.read(iterator))).toEqual(['later']);
  });

  test('an answer ends at 10 MiB', () => {
    const driver = driveStream(1);
    const Data = new Uint8Array(1_048_575);
    for (let count = 0; count < 21; count += 1) {
      driver.call('PutRecord', { StreamName: 'events', PartitionKey: 'k', Data });
    }
    const first = driver.read(driver.iterator(SHARD));
    const second = driver.read(first.NextShardIterator!);
    const third = driver.read(second.NextShardIterator!);
    expect([first, second, third].map((page) => page.Records.length)).toEqual([10, 10, 1]);
  });

  test('the largest record fits an answer', () => {
    const driver = driveStream(1);
    const StreamName = 'events';
    driver.call('UpdateMaxRecordSize', { StreamName, MaxRecordSizeInKiB: 10_240 });
    const Data = new Uint8Array(10_485_759);
    driver.call('PutRecord', { StreamName, PartitionKey: 'k', Data });
    expect(driver.read(driver.iterator(SHARD)).Records).toHaveLength(1);
  });

  test('MillisBehindLatest is the age of what is still to be read', () => {
    const driver = driveRecords(['a', 'b', 'c']);
    driver.clock.nowMs += 10_000;
    const first = driver.read(driver.iterator(SHARD), 1);
    expect(first.MillisBehindLatest).toBe(11_000);
    expect(driver.read(first.NextShardIterator!).MillisBehindLatest).toBe(0);
  });

  test('an iterator lives 5 minutes', () => {
    const driver = driveRecords(['a']);
    const ShardIterator = driver.iterator(SHARD);
    driver.clock.nowMs += 300_000;
    driver.read(ShardIterator);
    driver.clock.nowMs += 1;
    expect(driver.refusal('GetRecords', { ShardIterator })).toBe('ExpiredIteratorException');
  });

  test('an iterator that was made up or changed, and a limit above 10,000, are refused', () => {
    const driver = driveRecords(['a']);
    const ShardIterator = driver.iterator(SHARD);
    const changed = Buffer.from(ShardIterator, 'base64');
    changed[20] = changed[20]! ^ 1;
    for (const made of ['x', changed.toString('base64')]) {
      expect(driver.refusal('GetRecords', { ShardIterator: made })).toBe(
        'InvalidArgumentException',
      );
    }
    expect(driver.refusal('GetRecords', { ShardIterator, Limit: 10_001 })).toBe(
      'ValidationException',
    );
  });

  test('an iterator of a deleted stream does not read its successor', () => {
    const driver = driveRecords(['a']);
    const ShardIterator = driver.iterator(SHARD);
    driver.call('DeleteStream', { StreamName: 'events' });
    expect(driver.refusal('GetRecords', { ShardIterator })).toBe('ResourceNotFoundException');
    driver.call('CreateStream', { StreamName: 'events', ShardCount: 1 });
    expect(driver.refusal('GetRecords', { ShardIterator })).toBe('InvalidArgumentException');
  });
});

describe('the end of a shard', () => {
  const split = (driver: ReturnType<typeof driveStream>) =>
    driver.call('SplitShard', {
      StreamName: 'events',
      ShardToSplit: SHARD,
      NewStartingHashKey: String(1n << 127n),
    });

  test('a closed shard is read to its end, then has no next iterator but its children', () => {
    const driver = driveRecords(['a', 'b', 'c']);
    const open = driver.read(driver.iterator(SHARD), 2);
    split(driver);
    expect(open.NextShardIterator).toBeDefined();
    const last = driver.read(open.NextShardIterator!);
    expect(textsOf(last)).toEqual(['c']);
    expect(last.NextShardIterator).toBeUndefined();
    expect(last.ChildShards).toEqual([
      {
        ShardId: 'shardId-000000000001',
        ParentShards: [SHARD],
        HashKeyRange: { StartingHashKey: '0', EndingHashKey: String((1n << 127n) - 1n) },
      },
      {
        ShardId: 'shardId-000000000002',
        ParentShards: [SHARD],
        HashKeyRange: {
          StartingHashKey: String(1n << 127n),
          EndingHashKey: String((1n << 128n) - 1n),
        },
      },
    ]);
  });

  test('a closed shard is read page by page like an open one', () => {
    const driver = driveRecords(['a', 'b']);
    split(driver);
    const first = driver.read(driver.iterator(SHARD), 1);
    expect(first).not.toHaveProperty('ChildShards');
    const second = driver.read(first.NextShardIterator!, 1);
    expect([first, second].flatMap(textsOf)).toEqual(['a', 'b']);
    expect(second.ChildShards).toHaveLength(2);
  });

  test('an open shard that has nothing more keeps its iterator', () => {
    const driver = driveRecords(['a']);
    const answer = driver.read(driver.iterator(SHARD));
    expect(answer.NextShardIterator).toBeDefined();
    expect(answer).not.toHaveProperty('ChildShards');
  });
});

describe('retention', () => {
  test('records leave after 24 hours, and a reader goes on at the oldest one left', () => {
    const driver = driveRecords(['a', 'b', 'c']);
    const StartingSequenceNumber = driver.numbers[0];
    driver.clock.nowMs = START_MS + 2_000 + 24 * HOUR_MS;
    expect(textsOf(driver.read(driver.iterator(SHARD)))).toEqual(['b', 'c']);
    driver.clock.nowMs += 1;
    const after = driver.iterator(SHARD, 'AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber });
    expect(textsOf(driver.read(after))).toEqual(['c']);
  });

  test('a longer retention keeps records, a shorter one drops them at once', () => {
    const driver = driveRecords(['a']);
    const StreamName = 'events';
    driver.call('IncreaseStreamRetentionPeriod', { StreamName, RetentionPeriodHours: 48 });
    driver.clock.nowMs += 47 * HOUR_MS;
    expect(textsOf(driver.read(driver.iterator(SHARD)))).toEqual(['a']);
    driver.call('DecreaseStreamRetentionPeriod', { StreamName, RetentionPeriodHours: 24 });
    expect(textsOf(driver.read(driver.iterator(SHARD)))).toEqual([]);
  });

  test('a retention is changed only in the named direction and within 24 to 8,760 hours', () => {
    const driver = driveRecords([]);
    const refusal = (operation: string, RetentionPeriodHours: number) =>
      driver.refusal(operation, { StreamName: 'events', RetentionPeriodHours });
    expect(refusal('IncreaseStreamRetentionPeriod', 23)).toBe('ValidationException');
    expect(refusal('IncreaseStreamRetentionPeriod', 8_761)).toBe('ValidationException');
    expect(refusal('DecreaseStreamRetentionPeriod', 25)).toBe('InvalidArgumentException');
  });

  test('a closed shard disappears when its retention has ended', () => {
    const driver = driveRecords(['a']);
    const StreamName = 'events';
    const NewStartingHashKey = '5';
    driver.call('SplitShard', { StreamName, ShardToSplit: SHARD, NewStartingHashKey });
    driver.clock.nowMs += 24 * HOUR_MS;
    expect(driver.shards()).toHaveLength(3);
    driver.clock.nowMs += 1;
    expect(driver.shards().map((shard) => shard.ShardId)).toEqual([
      'shardId-000000000001',
      'shardId-000000000002',
    ]);
  });
});

describe('read throughput, when it is enforced', () => {
  test('a shard answers 5 reads a second', () => {
    const driver = driveStream(1, { rates: true });
    const ShardIterator = driver.iterator(SHARD);
    for (let count = 0; count < 5; count += 1) driver.read(ShardIterator);
    expect(driver.refusal('GetRecords', { ShardIterator })).toBe(
      'ProvisionedThroughputExceededException',
    );
    driver.clock.nowMs += 200;
    driver.read(ShardIterator);
  });

  test('an answer of 10 MiB stops reading for 5 seconds', () => {
    const driver = driveStream(1, { rates: true });
    for (let count = 0; count < 10; count += 1) {
      driver.clock.nowMs += 1_100;
      const Data = new Uint8Array(1_048_575);
      driver.call('PutRecord', { StreamName: 'events', PartitionKey: 'k', Data });
    }
    const ShardIterator = driver.iterator(SHARD);
    expect(driver.read(ShardIterator).Records).toHaveLength(10);
    driver.clock.nowMs += 4_999;
    expect(driver.refusal('GetRecords', { ShardIterator })).toBe(
      'ProvisionedThroughputExceededException',
    );
    driver.clock.nowMs += 1;
    driver.read(ShardIterator);
  });
});

describe('a registered consumer', () => {
  test('reads a shard by events that each say where to go on', () => {
    const driver = driveRecords(['a', 'b']);
    const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/events';
    const ConsumerARN = driver.call<{ Consumer: { ConsumerARN: string } }>(
      'RegisterStreamConsumer',
      { StreamARN, ConsumerName: 'fan' },
    ).Consumer.ConsumerARN;
    const event = (StartingPosition: object) =>
      driver.call<{ Records: { Data: Uint8Array }[]; ContinuationSequenceNumber: string }>(
        'SubscribeToShard',
        { ConsumerARN, ShardId: SHARD, StartingPosition },
      );
    const first = event({ Type: 'TRIM_HORIZON' });
    expect(first.Records).toHaveLength(2);
    driver.put('k', 'c');
    const second = event({
      Type: 'AFTER_SEQUENCE_NUMBER',
      SequenceNumber: first.ContinuationSequenceNumber,
    });
    expect(second.Records.map(({ Data }) => Buffer.from(Data).toString())).toEqual(['c']);
    const shown = driver.call<{ Consumers: object[] }>('ListStreamConsumers', { StreamARN });
    expect(shown.Consumers).toMatchObject([{ ConsumerName: 'fan', ConsumerStatus: 'ACTIVE' }]);
    expect(driver.refusal('RegisterStreamConsumer', { StreamARN, ConsumerName: 'fan' })).toBe(
      'ResourceInUseException',
    );
    expect(driver.refusal('DeleteStream', { StreamARN })).toBe('ResourceInUseException');
    driver.call('DeregisterStreamConsumer', { StreamARN, ConsumerName: 'fan' });
    expect(driver.refusal('DescribeStreamConsumer', { ConsumerARN })).toBe(
      'ResourceNotFoundException',
    );
  });
});
