import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { driveKinesis, driveStream, type ShownShard, textsOf } from './driver.ts';

type Driver = ReturnType<typeof driveStream>;

const SPACE_END = (1n << 128n) - 1n;
const StreamName = 'events';

const isOpen = (shard: ShownShard) => shard.SequenceNumberRange.EndingSequenceNumber === undefined;
const startOf = (shard: ShownShard) => BigInt(shard.HashKeyRange.StartingHashKey);
const endOf = (shard: ShownShard) => BigInt(shard.HashKeyRange.EndingHashKey);

function openShards(driver: Driver): ShownShard[] {
  return driver
    .shards()
    .filter(isOpen)
    .sort((left, right) => (startOf(left) < startOf(right) ? -1 : 1));
}

function expectTiled(shards: readonly ShownShard[]): void {
  expect(startOf(shards[0]!)).toBe(0n);
  expect(endOf(shards.at(-1)!)).toBe(SPACE_END);
  for (let index = 1; index < shards.length; index += 1) {
    expect(startOf(shards[index]!)).toBe(endOf(shards[index - 1]!) + 1n);
  }
}

describe('splitting', () => {
  test('children share the range at the given key and name their parent', () => {
    const driver = driveStream(1);
    driver.call('SplitShard', {
      StreamName,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: '1000',
    });
    const [parent, low, high] = driver.shards();
    expect(isOpen(parent!)).toBe(false);
    expect(low).toMatchObject({
      ParentShardId: 'shardId-000000000000',
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: '999' },
    });
    expect(high).toMatchObject({
      ParentShardId: 'shardId-000000000000',
      HashKeyRange: { StartingHashKey: '1000', EndingHashKey: String(SPACE_END) },
    });
    expect(driver.put('a', 'x', '999').ShardId).toBe(low!.ShardId);
    expect(driver.put('a', 'x', '1000').ShardId).toBe(high!.ShardId);
  });

  test('a key outside the range, a closed shard and an unknown one are refused', () => {
    const driver = driveStream(2);
    const refusal = (ShardToSplit: string, NewStartingHashKey: string) =>
      driver.refusal('SplitShard', { StreamName, ShardToSplit, NewStartingHashKey });
    expect(refusal('shardId-000000000000', '0')).toBe('InvalidArgumentException');
    expect(refusal('shardId-000000000000', String(1n << 127n))).toBe('InvalidArgumentException');
    expect(refusal('shardId-000000000007', '5')).toBe('ResourceNotFoundException');
    driver.call('SplitShard', {
      StreamName,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: '5',
    });
    expect(refusal('shardId-000000000000', '5')).toBe('InvalidArgumentException');
  });
});

describe('merging', () => {
  test('the child has both parents and their joint range', () => {
    const driver = driveStream(2);
    driver.call('MergeShards', {
      StreamName,
      ShardToMerge: 'shardId-000000000001',
      AdjacentShardToMerge: 'shardId-000000000000',
    });
    expect(driver.shards()[2]).toMatchObject({
      ParentShardId: 'shardId-000000000001',
      AdjacentParentShardId: 'shardId-000000000000',
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(SPACE_END) },
    });
  });

  test('shards that do not touch are refused', () => {
    const driver = driveStream(3);
    const pair = (ShardToMerge: string, AdjacentShardToMerge: string) =>
      driver.refusal('MergeShards', { StreamName, ShardToMerge, AdjacentShardToMerge });
    expect(pair('shardId-000000000000', 'shardId-000000000002')).toBe('InvalidArgumentException');
    expect(pair('shardId-000000000000', 'shardId-000000000000')).toBe('InvalidArgumentException');
  });
});

describe('scaling to a count', () => {
  test.each([
    [2, 4],
    [4, 2],
    [3, 4],
    [5, 8],
    [7, 4],
    [4, 4],
  ])(
    'from %i to %i shards the ranges become uniform and every shard has its lineage',
    (from, to) => {
      const driver = driveStream(from);
      const answer = driver.call('UpdateShardCount', {
        StreamName,
        TargetShardCount: to,
        ScalingType: 'UNIFORM_SCALING',
      });
      expect(answer).toMatchObject({ CurrentShardCount: from, TargetShardCount: to });
      const open = openShards(driver);
      expectTiled(open);
      const fresh = driveStream(to).shards();
      expect(open.map((shard) => shard.HashKeyRange)).toEqual(
        fresh.map((shard) => shard.HashKeyRange),
      );
      const ids = new Set(driver.shards().map((shard) => shard.ShardId));
      const born = driver.shards().slice(from);
      for (const shard of born) expect(ids).toContain(shard.ParentShardId);
    },
  );

  test('more than double and less than half are refused', () => {
    const driver = driveStream(4);
    for (const TargetShardCount of [1, 9]) {
      const input = { StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' };
      expect(driver.refusal('UpdateShardCount', input)).toBe('InvalidArgumentException');
    }
  });
});

test('the shards of an on-demand stream are not ours to change', () => {
  const driver = driveKinesis();
  driver.call('CreateStream', {
    StreamName,
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
  });
  expect(driver.shards()).toHaveLength(4);
  const split = { StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '5' };
  expect(driver.refusal('SplitShard', split)).toBe('ValidationException');
  driver.call('UpdateStreamMode', { StreamName, StreamModeDetails: { StreamMode: 'PROVISIONED' } });
  driver.call('SplitShard', split);
});

test('a stream that is being changed refuses further changes and takes records', () => {
  const driver = driveStream(2, { transitionMs: 10_000 });
  expect(
    driver.refusal('PutRecord', { StreamName, PartitionKey: 'a', Data: new Uint8Array(1) }),
  ).toBe('ResourceNotFoundException');
  driver.clock.nowMs += 10_000;
  const split = { StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '5' };
  driver.call('SplitShard', split);
  const summary = driver.call('DescribeStreamSummary', { StreamName });
  expect(summary).toMatchObject({ StreamDescriptionSummary: { StreamStatus: 'UPDATING' } });
  expect(driver.refusal('SplitShard', split)).toBe('ResourceInUseException');
  driver.put('a');
  driver.call('DeleteStream', { StreamName });
  driver.clock.nowMs += 10_000;
  expect(driver.refusal('DescribeStream', { StreamName })).toBe('ResourceNotFoundException');
});

test('open shards tile the key space and every record is read once, whatever is split and merged', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('split' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({
      kind: fc.constant('merge' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({
      kind: fc.constant('scale' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({
      kind: fc.constant('put' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(step, { maxLength: 30 }),
      (count, steps) => {
        const driver = driveStream(count);
        const put: string[] = [];
        for (const { kind, at } of steps) {
          driver.clock.nowMs += 300;
          const open = openShards(driver);
          const place = Math.min(open.length - 1, Math.floor(at * open.length));
          const shard = open[place]!;
          if (kind === 'put') {
            const text = String(put.length);
            const key = BigInt(Math.floor(at * 2 ** 52)) << 76n;
            const { ShardId } = driver.put('k', text, String(key));
            const owner = open.find((each) => startOf(each) <= key && key <= endOf(each))!;
            expect(ShardId).toBe(owner.ShardId);
            put.push(text);
          } else if (kind === 'split' && endOf(shard) > startOf(shard)) {
            const width = endOf(shard) - startOf(shard);
            const NewStartingHashKey = String(startOf(shard) + 1n + (width - 1n) / 3n);
            driver.call('SplitShard', {
              StreamName,
              ShardToSplit: shard.ShardId,
              NewStartingHashKey,
            });
          } else if (kind === 'merge' && open.length > 1) {
            const next = open[place + 1] ?? open[place - 1]!;
            driver.call('MergeShards', {
              StreamName,
              ShardToMerge: shard.ShardId,
              AdjacentShardToMerge: next.ShardId,
            });
          } else if (kind === 'scale') {
            const TargetShardCount = Math.max(1, Math.min(open.length * 2, 3 + Math.floor(at * 6)));
            if (TargetShardCount < open.length / 2) continue;
            const ScalingType = 'UNIFORM_SCALING';
            driver.call('UpdateShardCount', { StreamName, TargetShardCount, ScalingType });
          }
          expectTiled(openShards(driver));
        }
        const read = driver
          .shards()
          .flatMap(({ ShardId }) => textsOf(driver.read(driver.iterator(ShardId))));
        expect(read.sort()).toEqual(put.sort());
        for (const shard of driver.shards()) {
          const parents = [shard.ParentShardId, shard.AdjacentParentShardId];
          for (const parent of driver.shards().filter(({ ShardId }) => parents.includes(ShardId))) {
            const ended = parent.SequenceNumberRange.EndingSequenceNumber!;
            const began = shard.SequenceNumberRange.StartingSequenceNumber;
            expect(BigInt(began) > BigInt(ended)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 150, seed: 20_240_101 },
  );
});
