import { describe, expect, test } from 'vitest';
import { driveKinesis, driveStream, type ShownPuts, textsOf } from './driver.ts';

const MIB = 1_048_576;

describe('placing records', () => {
  test('two shards meet where the key space is halved', () => {
    const ranges = driveStream(2)
      .shards()
      .map((shard) => shard.HashKeyRange);
    expect(ranges).toEqual([
      { StartingHashKey: '0', EndingHashKey: '170141183460469231731687303715884105727' },
      {
        StartingHashKey: '170141183460469231731687303715884105728',
        EndingHashKey: '340282366920938463463374607431768211455',
      },
    ]);
  });

  test('three shards tile the key space as the service cuts it', () => {
    const starts = driveStream(3)
      .shards()
      .map((shard) => shard.HashKeyRange.StartingHashKey);
    expect(starts).toEqual([
      '0',
      '113427455640312821154458202477256070485',
      '226854911280625642308916404954512140970',
    ]);
  });

  test('a partition key is placed by the MD5 of its UTF-8', () => {
    const driver = driveStream(2);
    // MD5('PHL') begins with 02, MD5('LAS') with f1; of 'å' it is e7 in UTF-8, 73 in Latin-1.
    expect(driver.put('PHL').ShardId).toBe('shardId-000000000000');
    expect(driver.put('LAS').ShardId).toBe('shardId-000000000001');
    expect(driver.put('å').ShardId).toBe('shardId-000000000001');
  });

  test('an explicit hash key overrides the partition key', () => {
    const driver = driveStream(2);
    const boundary = 170141183460469231731687303715884105727n;
    expect(driver.put('a', 'x', String(boundary)).ShardId).toBe('shardId-000000000000');
    expect(driver.put('a', 'x', String(boundary + 1n)).ShardId).toBe('shardId-000000000001');
  });

  test('a hash key outside the space is refused', () => {
    const driver = driveStream(1);
    const record = { StreamName: 'events', PartitionKey: 'a', Data: Buffer.from('x') };
    for (const ExplicitHashKey of ['-1', '01', String(1n << 128n), 'x']) {
      expect(driver.refusal('PutRecord', { ...record, ExplicitHashKey })).toBe(
        'InvalidArgumentException',
      );
    }
  });
});

describe('sequence numbers', () => {
  test('are 56 digits, strictly increasing in a shard, and not dense', () => {
    const driver = driveStream(1);
    const numbers = Array.from({ length: 200 }, () => driver.put('a').SequenceNumber);
    for (const number of numbers) expect(number).toMatch(/^[1-9]\d{55}$/);
    const steps = numbers.slice(1).map((number, index) => BigInt(number) - BigInt(numbers[index]!));
    for (const step of steps) expect(step > 1n).toBe(true);
    expect(new Set(steps).size).toBeGreaterThan(100);
  });

  test('of a child are greater than all of its parents, also within one second', () => {
    const driver = driveStream(1);
    const before = driver.put('a').SequenceNumber;
    const parent = driver.shards()[0]!;
    driver.call('SplitShard', {
      StreamName: 'events',
      ShardToSplit: parent.ShardId,
      NewStartingHashKey: '1000',
    });
    const after = driver.put('a').SequenceNumber;
    const closed = driver.shards()[0]!.SequenceNumberRange.EndingSequenceNumber!;
    expect(BigInt(closed) > BigInt(before)).toBe(true);
    expect(BigInt(after) > BigInt(closed)).toBe(true);
  });

  test('repeat with the seed and the calls', () => {
    const numbers = (seed: number) => {
      const driver = driveStream(1, { seed });
      return Array.from({ length: 5 }, () => driver.put('a').SequenceNumber);
    };
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(8));
  });
});

describe('sizes', () => {
  const recordOf = (dataBytes: number, PartitionKey = 'k') => ({
    PartitionKey,
    Data: new Uint8Array(dataBytes),
  });

  test('a record may have 1 MiB of data, whatever its partition key', () => {
    const driver = driveStream(1);
    const StreamName = 'events';
    driver.call('PutRecord', { StreamName, ...recordOf(MIB, 'é'.repeat(256)) });
    expect(driver.refusal('PutRecord', { StreamName, ...recordOf(MIB + 1) })).toBe(
      'InvalidArgumentException',
    );
  });

  test('a stream can be told to take records of up to 10 MiB', () => {
    const driver = driveStream(1);
    const StreamName = 'events';
    driver.call('UpdateMaxRecordSize', { StreamName, MaxRecordSizeInKiB: 10_240 });
    driver.call('PutRecord', { StreamName, ...recordOf(10 * MIB) });
    expect(driver.refusal('PutRecord', { StreamName, ...recordOf(10 * MIB + 1) })).toBe(
      'InvalidArgumentException',
    );
    for (const MaxRecordSizeInKiB of [1_023, 10_241]) {
      expect(driver.refusal('UpdateMaxRecordSize', { StreamName, MaxRecordSizeInKiB })).toBe(
        'ValidationException',
      );
    }
  });

  test('a partition key has 1 to 256 characters, counted as Unicode', () => {
    const driver = driveStream(1);
    driver.put('🛫'.repeat(256));
    const put = (PartitionKey: string) =>
      driver.refusal('PutRecord', { StreamName: 'events', ...recordOf(1, PartitionKey) });
    expect(put('')).toBe('ValidationException');
    expect(put('x'.repeat(257))).toBe('ValidationException');
  });

  test('a request has 1 to 500 records', () => {
    const driver = driveStream(1);
    const StreamName = 'events';
    const records = (length: number) => Array.from({ length }, () => recordOf(1));
    const answer = driver.call<ShownPuts>('PutRecords', { StreamName, Records: records(500) });
    expect(answer.FailedRecordCount).toBe(0);
    expect(driver.refusal('PutRecords', { StreamName, Records: records(501) })).toBe(
      'ValidationException',
    );
    expect(driver.refusal('PutRecords', { StreamName, Records: [] })).toBe('ValidationException');
  });

  test('a request has at most 10 MiB, partition keys included', () => {
    const driver = driveStream(1);
    const StreamName = 'events';
    const full = Array.from({ length: 10 }, () => recordOf(MIB - 1));
    driver.call('PutRecords', { StreamName, Records: full });
    const Records = [...full.slice(1), recordOf(MIB - 2), recordOf(1)];
    expect(driver.refusal('PutRecords', { StreamName, Records })).toBe('InvalidArgumentException');
  });

  test('a refused request stores none of its records', () => {
    const driver = driveStream(1);
    const Records = [recordOf(1), recordOf(2 * MIB)];
    expect(driver.refusal('PutRecords', { StreamName: 'events', Records })).toBe(
      'InvalidArgumentException',
    );
    expect(driver.read(driver.iterator('shardId-000000000000')).Records).toEqual([]);
  });
});

describe('throughput, when it is enforced', () => {
  const many = (length: number, dataBytes = 1) =>
    Array.from({ length }, () => ({ PartitionKey: 'k', Data: new Uint8Array(dataBytes) }));

  test('a shard takes 1,000 records a second and refuses the rest entry by entry', () => {
    const driver = driveStream(1, { rates: true });
    const put = (length: number) =>
      driver.call<ShownPuts>('PutRecords', { StreamName: 'events', Records: many(length) });
    expect(put(500).FailedRecordCount).toBe(0);
    expect(put(499).FailedRecordCount).toBe(0);
    const answer = put(2);
    expect(answer.FailedRecordCount).toBe(1);
    expect(answer.Records[0]).toHaveProperty('SequenceNumber');
    expect(answer.Records[1]).toMatchObject({
      ErrorCode: 'ProvisionedThroughputExceededException',
    });
    driver.clock.nowMs += 1_000;
    expect(put(500).FailedRecordCount).toBe(0);
  });

  test('a shard takes 1 MiB a second', () => {
    const driver = driveStream(1, { rates: true });
    const half = { StreamName: 'events', Records: many(1, MIB / 2 - 1) };
    expect(driver.call<ShownPuts>('PutRecords', half).FailedRecordCount).toBe(0);
    expect(driver.call<ShownPuts>('PutRecords', half).FailedRecordCount).toBe(0);
    expect(driver.call<ShownPuts>('PutRecords', half).FailedRecordCount).toBe(1);
    const single = { StreamName: 'events', ...half.Records[0] };
    expect(driver.refusal('PutRecord', single)).toBe('ProvisionedThroughputExceededException');
    driver.clock.nowMs += 500;
    expect(driver.call<ShownPuts>('PutRecords', half).FailedRecordCount).toBe(0);
  });

  test('shards have their own allowance', () => {
    const driver = driveStream(2, { rates: true });
    const Records = Array.from({ length: 500 }, (_, index) => ({
      PartitionKey: 'k',
      Data: new Uint8Array(1),
      ExplicitHashKey: index % 2 === 0 ? '0' : String((1n << 128n) - 1n),
    }));
    for (let request = 0; request < 4; request += 1) {
      const answer = driver.call<ShownPuts>('PutRecords', { StreamName: 'events', Records });
      expect(answer.FailedRecordCount).toBe(0);
    }
    const answer = driver.call<ShownPuts>('PutRecords', { StreamName: 'events', Records });
    expect(answer.FailedRecordCount).toBe(500);
  });

  test('nothing is throttled unless it is asked for', () => {
    const driver = driveStream(1);
    for (let request = 0; request < 5; request += 1) {
      const input = { StreamName: 'events', Records: many(500) };
      expect(driver.call<ShownPuts>('PutRecords', input).FailedRecordCount).toBe(0);
    }
  });
});

test('a stored record shares no bytes with what was put or what was read', () => {
  const driver = driveStream(1);
  const Data = Buffer.from('before');
  driver.call('PutRecord', { StreamName: 'events', PartitionKey: 'a', Data });
  Data.fill(0);
  const iterator = driver.iterator('shardId-000000000000');
  driver.read(iterator).Records[0]!.Data.fill(1);
  expect(textsOf(driver.read(iterator))).toEqual(['before']);
});

test('an unknown stream and an unknown operation are refused', () => {
  const driver = driveKinesis();
  const record = { PartitionKey: 'a', Data: Buffer.from('x') };
  expect(driver.refusal('PutRecord', { StreamName: 'nowhere', ...record })).toBe(
    'ResourceNotFoundException',
  );
  expect(driver.refusal('PutRecord', record)).toBe('InvalidArgumentException');
  expect(driver.refusal('Teleport', {})).toBe('UnknownOperationException');
  expect(driver.refusal('toString', {})).toBe('UnknownOperationException');
});
