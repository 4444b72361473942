import { describe, expect, test } from 'vitest';
import { driveKinesis, driveStream, type ShownShard, START_MS } from './driver.ts';

const StreamName = 'events';
const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/events';

describe('a stream', () => {
  test('is described by name or by ARN', () => {
    const driver = driveStream(2);
    const expected = {
      StreamDescriptionSummary: {
        StreamName,
        StreamARN,
        StreamStatus: 'ACTIVE',
        StreamModeDetails: { StreamMode: 'PROVISIONED' },
        RetentionPeriodHours: 24,
        StreamCreationTimestamp: START_MS,
        EncryptionType: 'NONE',
        OpenShardCount: 2,
        ConsumerCount: 0,
        MaxRecordSizeInKiB: 1_024,
      },
    };
    expect(driver.call('DescribeStreamSummary', { StreamName })).toMatchObject(expected);
    expect(driver.call('DescribeStreamSummary', { StreamARN })).toMatchObject(expected);
    expect(driver.refusal('DescribeStreamSummary', { StreamARN, StreamName: 'other' })).toBe(
      'InvalidArgumentException',
    );
    const foreign = StreamARN.replace('000000000000', '111111111111');
    expect(driver.refusal('DescribeStreamSummary', { StreamARN: foreign })).toBe(
      'InvalidArgumentException',
    );
  });

  test('exists once; its name and its number of shards are checked', () => {
    const driver = driveStream(1);
    expect(driver.refusal('CreateStream', { StreamName, ShardCount: 1 })).toBe(
      'ResourceInUseException',
    );
    expect(driver.refusal('CreateStream', { StreamName: 'a b', ShardCount: 1 })).toBe(
      'ValidationException',
    );
    expect(driver.refusal('CreateStream', { StreamName: 'many', ShardCount: 501 })).toBe(
      'LimitExceededException',
    );
    expect(driver.refusal('CreateStream', { StreamName: 'none', ShardCount: 0 })).toBe(
      'ValidationException',
    );
  });

  test('shows its encryption', () => {
    const driver = driveStream(1);
    driver.call('StartStreamEncryption', {
      StreamName,
      EncryptionType: 'KMS',
      KeyId: 'alias/aws/kinesis',
    });
    expect(driver.call('DescribeStream', { StreamName })).toMatchObject({
      StreamDescription: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
    });
    expect(driver.put('a')).toMatchObject({ EncryptionType: 'KMS' });
    driver.call('StopStreamEncryption', { StreamName, EncryptionType: 'KMS', KeyId: 'x' });
    expect(driver.call('DescribeStream', { StreamName })).toMatchObject({
      StreamDescription: { EncryptionType: 'NONE' },
    });
  });

  test('keeps tags, a policy and metrics', () => {
    const driver = driveStream(1);
    driver.call('AddTagsToStream', { StreamName, Tags: { b: '2', a: '1' } });
    driver.call('RemoveTagsFromStream', { StreamName, TagKeys: ['b'] });
    expect(driver.call('ListTagsForStream', { StreamName })).toEqual({
      Tags: [{ Key: 'a', Value: '1' }],
      HasMoreTags: false,
    });
    const ResourceARN = StreamARN;
    expect(driver.refusal('GetResourcePolicy', { ResourceARN })).toBe('ResourceNotFoundException');
    driver.call('PutResourcePolicy', { ResourceARN, Policy: '{}' });
    expect(driver.call('GetResourcePolicy', { ResourceARN })).toEqual({ Policy: '{}' });
    driver.call('DeleteResourcePolicy', { ResourceARN });
    expect(driver.refusal('DeleteResourcePolicy', { ResourceARN })).toBe(
      'ResourceNotFoundException',
    );
    const ShardLevelMetrics = ['IncomingBytes'];
    expect(
      driver.call('EnableEnhancedMonitoring', { StreamName, ShardLevelMetrics }),
    ).toMatchObject({ CurrentShardLevelMetrics: [], DesiredShardLevelMetrics: ['IncomingBytes'] });
  });

  test('streams are listed by name, page by page', () => {
    const driver = driveKinesis();
    for (const name of ['c', 'a', 'b']) driver.call('CreateStream', { StreamName: name });
    const first = driver.call<{ StreamNames: string[]; NextToken: string }>('ListStreams', {
      Limit: 2,
    });
    expect(first).toMatchObject({ StreamNames: ['a', 'b'], HasMoreStreams: true });
    expect(driver.call('ListStreams', { NextToken: first.NextToken })).toMatchObject({
      StreamNames: ['c'],
      HasMoreStreams: false,
    });
    expect(driver.call('DescribeLimits', {})).toMatchObject({ OpenShardCount: 3 });
  });
});

describe('listing shards', () => {
  type Listed = { readonly Shards: ShownShard[]; readonly NextToken?: string };
  const idsOf = (listed: Listed) => listed.Shards.map((shard) => Number(shard.ShardId.slice(-3)));

  test('pages give every shard once', () => {
    const driver = driveStream(7);
    const ids: number[] = [];
    let listed = driver.call<Listed>('ListShards', { StreamName, MaxResults: 3 });
    ids.push(...idsOf(listed));
    while (listed.NextToken !== undefined) {
      const { NextToken } = listed;
      listed = driver.call<Listed>('ListShards', { NextToken, MaxResults: 3 });
      ids.push(...idsOf(listed));
    }
    expect(ids).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('a token lives 300 seconds and stands alone', () => {
    const driver = driveStream(2);
    const { NextToken } = driver.call<Listed>('ListShards', { StreamName, MaxResults: 1 });
    expect(driver.refusal('ListShards', { NextToken, StreamName })).toBe(
      'InvalidArgumentException',
    );
    expect(driver.refusal('ListShards', { NextToken: 'x' })).toBe('InvalidArgumentException');
    driver.clock.nowMs += 300_001;
    expect(driver.refusal('ListShards', { NextToken })).toBe('ExpiredNextTokenException');
  });

  test('ExclusiveStartShardId and filters choose', () => {
    const driver = driveStream(2);
    driver.clock.nowMs += 1_000;
    driver.call('SplitShard', {
      StreamName,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: '5',
    });
    const splitMs = driver.clock.nowMs;
    driver.clock.nowMs += 1_000;
    const list = (more: object) =>
      idsOf(driver.call<Listed>('ListShards', { StreamName, ...more }));
    const filter = (Type: string, more: object = {}) => list({ ShardFilter: { Type, ...more } });
    expect(list({})).toEqual([0, 1, 2, 3]);
    expect(list({ ExclusiveStartShardId: 'shardId-000000000001' })).toEqual([2, 3]);
    expect(filter('AFTER_SHARD_ID', { ShardId: 'shardId-000000000002' })).toEqual([3]);
    expect(filter('AT_LATEST')).toEqual([1, 2, 3]);
    expect(filter('AT_TRIM_HORIZON')).toEqual([0, 1]);
    expect(filter('FROM_TRIM_HORIZON')).toEqual([0, 1, 2, 3]);
    expect(filter('AT_TIMESTAMP', { Timestamp: splitMs - 1 })).toEqual([0, 1]);
    expect(filter('FROM_TIMESTAMP', { Timestamp: splitMs + 1 })).toEqual([1, 2, 3]);
    expect(driver.refusal('ListShards', { StreamName, ShardFilter: { Type: 'X' } })).toBe(
      'ValidationException',
    );
    const described = driver.call<{ StreamDescription: { HasMoreShards: boolean } }>(
      'DescribeStream',
      { StreamName, Limit: 3 },
    );
    expect(described.StreamDescription.HasMoreShards).toBe(true);
  });
});

test('a dump taken elsewhere goes on as the original does', () => {
  const original = driveStream(2, { seed: 5 });
  original.call('AddTagsToStream', { StreamName, Tags: { a: '1' } });
  for (let count = 0; count < 20; count += 1) original.put(`k${count}`, String(count));
  const copy = driveKinesis();
  copy.kinesis.load(structuredClone(original.kinesis.dump()));
  const iterator = original.iterator('shardId-000000000000');
  expect(copy.read(iterator)).toEqual(original.read(iterator));
  expect(copy.put('k', 'next')).toEqual(original.put('k', 'next'));
  expect(copy.call('ListTagsForStream', { StreamName })).toEqual(
    original.call('ListTagsForStream', { StreamName }),
  );
  expect(copy.shards()).toEqual(original.shards());
});
