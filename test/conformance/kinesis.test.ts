// The rules of Kinesis that the engine relies on, each with the page that states it. They run against
// the embedded cloud, or against any endpoint: `AWS_ENDPOINT_URL=… npx vitest run --mode endpoint`.

import { createHash } from 'node:crypto';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  MergeShardsCommand,
  ProvisionedThroughputExceededException,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  active,
  aStream,
  dropStream,
  type KinesisTarget,
  openKinesis,
  readShard,
  shardsOf,
  textOf,
} from './kinesis.streams.ts';

const MIB = 1_048_576;
const MIDDLE = 1n << 127n;
const FIRST_SHARD = 'shardId-000000000000';

let target: KinesisTarget;
const streams: string[] = [];

beforeAll(async () => {
  target = await openKinesis();
});

afterAll(async () => {
  for (const name of streams) await dropStream(target.kinesis, name);
  await target.stop();
});

async function stream(shardCount: number): Promise<string> {
  const name = await aStream(target.kinesis, shardCount);
  streams.push(name);
  return name;
}

async function put(StreamName: string, text: string, PartitionKey = 'k', ExplicitHashKey?: string) {
  const record = { StreamName, PartitionKey, Data: Buffer.from(text), ExplicitHashKey };
  const { ShardId, SequenceNumber } = await target.kinesis.send(new PutRecordCommand(record));
  return { shardId: ShardId!, sequenceNumber: SequenceNumber! };
}

async function putAll(StreamName: string, texts: Iterable<string>): Promise<string[]> {
  const numbers: string[] = [];
  for (const text of texts) numbers.push((await put(StreamName, text)).sequenceNumber);
  return numbers;
}

const entries = (count: number, dataBytes: number) =>
  Array.from({ length: count }, () => ({ PartitionKey: 'k', Data: new Uint8Array(dataBytes) }));

// Developer Guide, "Kinesis Data Streams terminology": MD5 maps partition keys to 128-bit integers.
describe('where records go', () => {
  test('the open shards of a stream tile the key space; two meet at 2^127', async () => {
    const shards = await shardsOf(target.kinesis, await stream(2));
    expect(shards.map((shard) => shard.HashKeyRange)).toEqual([
      { StartingHashKey: '0', EndingHashKey: String(MIDDLE - 1n) },
      { StartingHashKey: String(MIDDLE), EndingHashKey: String((1n << 128n) - 1n) },
    ]);
  });

  test('a partition key goes to the shard whose range holds the MD5 of its UTF-8', async () => {
    const name = await stream(3);
    const shards = await shardsOf(target.kinesis, name);
    for (const key of ['LAS', 'å', 'a̱', '🛫', '__proto__', ' ']) {
      const place = BigInt(`0x${createHash('md5').update(key, 'utf8').digest('hex')}`);
      const owner = shards.find(
        ({ HashKeyRange: range }) =>
          BigInt(range!.StartingHashKey!) <= place && place <= BigInt(range!.EndingHashKey!),
      );
      expect((await put(name, 'x', key)).shardId).toBe(owner!.ShardId);
    }
  });

  // API Reference, PutRecords: ExplicitHashKey "overrides the partition key to shard mapping".
  test('an explicit hash key overrides the partition key', async () => {
    const name = await stream(2);
    expect((await put(name, 'x', 'k', String(MIDDLE - 1n))).shardId).toBe(FIRST_SHARD);
    expect((await put(name, 'x', 'k', String(MIDDLE))).shardId).not.toBe(FIRST_SHARD);
  });
});

// API Reference, PutRecord: "Sequence numbers increase over time and are specific to a shard".
describe('order', () => {
  test('records of a shard are read in the order of their sequence numbers, compared as numbers', async () => {
    const name = await stream(1);
    const texts = Array.from({ length: 60 }, (_, index) => String(index));
    const numbers = await putAll(name, texts);
    const { records } = await readShard(target.kinesis, { StreamName: name, ShardId: FIRST_SHARD });
    expect(records.map(textOf)).toEqual(texts);
    expect(records.map((record) => record.SequenceNumber)).toEqual(numbers);
    const values = numbers.map(BigInt);
    for (let index = 1; index < values.length; index += 1) {
      expect(values[index]! > values[index - 1]!).toBe(true);
    }
  });

  test('sequence numbers are not dense: a hole cannot be seen', async () => {
    const values = (await putAll(await stream(1), 'abcdefgh')).map(BigInt);
    const steps = values.slice(1).map((value, index) => value - values[index]!);
    expect(steps.some((step) => step > 1n)).toBe(true);
  });

  test('sequence numbers of children are greater than those of their parent', async () => {
    const name = await stream(1);
    const before = await put(name, 'a');
    const split = { ShardToSplit: FIRST_SHARD, NewStartingHashKey: String(MIDDLE) };
    await target.kinesis.send(new SplitShardCommand({ StreamName: name, ...split }));
    await active(target.kinesis, name);
    const after = await put(name, 'b');
    expect(BigInt(after.sequenceNumber) > BigInt(before.sequenceNumber)).toBe(true);
  });
});

// API Reference, GetShardIterator.
describe('where reading begins', () => {
  test('TRIM_HORIZON, AT_ and AFTER_SEQUENCE_NUMBER, AT_TIMESTAMP and LATEST', async () => {
    const name = await stream(1);
    const numbers = await putAll(name, 'abc');
    const place = { StreamName: name, ShardId: FIRST_SHARD };
    const read = async (from: object) =>
      (await readShard(target.kinesis, { ...place, ...from })).records.map(textOf).join('');
    const StartingSequenceNumber = numbers[1]!;
    expect(await read({ ShardIteratorType: 'TRIM_HORIZON' })).toBe('abc');
    expect(await read({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber })).toBe(
      'bc',
    );
    expect(await read({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber })).toBe(
      'c',
    );
    expect(await read({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(0) })).toBe('abc');
    expect(await read({ ShardIteratorType: 'LATEST' })).toBe('');
  });

  test('an iterator that was given out once may be used again', async () => {
    const name = await stream(1);
    await putAll(name, 'ab');
    const { ShardIterator } = await target.kinesis.send(
      new GetShardIteratorCommand({
        StreamName: name,
        ShardId: FIRST_SHARD,
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    for (let repeat = 0; repeat < 2; repeat += 1) {
      const page = await target.kinesis.send(new GetRecordsCommand({ ShardIterator }));
      expect(page.Records!.map(textOf).join('')).toBe('ab');
    }
  });
});

// Developer Guide, "Reshard a stream"; API Reference, GetRecords: "If the shard has been closed, the
// shard iterator can't return more data and GetRecords returns null in NextShardIterator."
describe('resharding', () => {
  test('a closed shard is still read to its end, then names its children', async () => {
    const name = await stream(1);
    await putAll(name, 'abc');
    const split = { ShardToSplit: FIRST_SHARD, NewStartingHashKey: String(MIDDLE) };
    await target.kinesis.send(new SplitShardCommand({ StreamName: name, ...split }));
    await active(target.kinesis, name);
    const parent = await readShard(target.kinesis, { StreamName: name, ShardId: FIRST_SHARD });
    expect(parent.records.map(textOf).join('')).toBe('abc');
    expect(parent.ended).toBe(true);
    const shards = await shardsOf(target.kinesis, name);
    const children = shards.filter((shard) => shard.ParentShardId === FIRST_SHARD);
    expect(parent.children).toEqual(children.map((child) => child.ShardId));
    expect(children.map((child) => child.HashKeyRange)).toEqual([
      { StartingHashKey: '0', EndingHashKey: String(MIDDLE - 1n) },
      { StartingHashKey: String(MIDDLE), EndingHashKey: String((1n << 128n) - 1n) },
    ]);
    expect(shards[0]!.SequenceNumberRange!.EndingSequenceNumber).toBeDefined();
  });

  test('a merged shard names both parents', async () => {
    const name = await stream(2);
    const [low, high] = await shardsOf(target.kinesis, name);
    const pair = { ShardToMerge: low!.ShardId, AdjacentShardToMerge: high!.ShardId };
    await target.kinesis.send(new MergeShardsCommand({ StreamName: name, ...pair }));
    await active(target.kinesis, name);
    const child = (await shardsOf(target.kinesis, name)).at(-1)!;
    expect([child.ParentShardId, child.AdjacentParentShardId].sort()).toEqual([
      low!.ShardId,
      high!.ShardId,
    ]);
  });
});

// Developer Guide, "Quotas and limits"; API Reference, PutRecords.
describe('sizes', () => {
  test('500 records a request are taken, 501 refused', async () => {
    const name = await stream(1);
    const send = (count: number) =>
      target.strict.send(new PutRecordsCommand({ StreamName: name, Records: entries(count, 1) }));
    expect((await send(500)).FailedRecordCount).toBe(0);
    await expect(send(501)).rejects.toThrow();
  });

  test('a record of 1 MiB of data is taken; one byte more is refused', async () => {
    const name = await stream(1);
    const send = (dataBytes: number) =>
      target.kinesis.send(new PutRecordCommand({ StreamName: name, ...entries(1, dataBytes)[0]! }));
    await send(MIB);
    await expect(send(MIB + 1)).rejects.toThrow();
    const { records } = await readShard(target.kinesis, { StreamName: name, ShardId: FIRST_SHARD });
    expect(records.map((record) => record.Data!.byteLength)).toEqual([MIB]);
  });

  test('a request of 10 MiB is taken, one byte more refused as a whole', async () => {
    const name = await stream(1);
    const full = entries(10, MIB - 1);
    const Records = [...full.slice(1), ...entries(1, MIB - 2), ...entries(1, 1)];
    const send = (records: typeof full) =>
      target.strict.send(new PutRecordsCommand({ StreamName: name, Records: records }));
    await expect(send(Records)).rejects.toThrow();
    expect((await send(full)).Records).toHaveLength(10);
  });

  test('a partition key of 256 characters is taken; an empty one and one of 257 are refused', async () => {
    const name = await stream(1);
    await put(name, 'x', 'k'.repeat(256));
    await expect(put(name, 'x', '')).rejects.toThrow();
    await expect(put(name, 'x', 'k'.repeat(257))).rejects.toThrow();
  });
});

// Developer Guide, "Quotas and limits": per shard 1,000 records and 1 MB a second in, 5 reads a second.
describe('throughput', () => {
  test('above 1,000 records a second single entries are refused, and only those', async () => {
    const name = await stream(1);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        target.strict.send(new PutRecordsCommand({ StreamName: name, Records: entries(500, 1) })),
      ),
    );
    const results = answers.flatMap((answer) => answer.Records!);
    const refused = results.filter((result) => result.ErrorCode !== undefined);
    expect(refused.length).toBeGreaterThan(0);
    for (const { ErrorCode } of refused) {
      expect(ErrorCode).toBe('ProvisionedThroughputExceededException');
    }
    const counted = answers.reduce((sum, answer) => sum + answer.FailedRecordCount!, 0);
    expect(counted).toBe(refused.length);
    const { records } = await readShard(target.kinesis, { StreamName: name, ShardId: FIRST_SHARD });
    expect(records).toHaveLength(results.length - refused.length);
  });

  test('above 1 MiB a second entries are refused', async () => {
    const name = await stream(1);
    const Records = entries(10, MIB - 1);
    const answer = await target.strict.send(new PutRecordsCommand({ StreamName: name, Records }));
    expect(answer.FailedRecordCount).toBeGreaterThan(0);
    expect(answer.FailedRecordCount).toBeLessThan(10);
  });

  test('above 5 reads a second a shard refuses to be read', async () => {
    const name = await stream(1);
    const place = { StreamName: name, ShardId: FIRST_SHARD };
    const { ShardIterator } = await target.kinesis.send(
      new GetShardIteratorCommand({ ...place, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    const reads = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        target.strict.send(new GetRecordsCommand({ ShardIterator })),
      ),
    );
    const refusals = reads.filter((read) => read.status === 'rejected').map((read) => read.reason);
    expect(refusals.length).toBeGreaterThan(0);
    for (const reason of refusals) {
      expect(reason).toBeInstanceOf(ProvisionedThroughputExceededException);
    }
  });
});

test("the SDK's default client, HTTP/2, writes and reads as well", async () => {
  const http2 = new KinesisClient(target.options('default'));
  const name = await stream(1);
  const Records = entries(200, 2_000);
  await http2.send(new PutRecordsCommand({ StreamName: name, Records }));
  const { records } = await readShard(http2, { StreamName: name, ShardId: FIRST_SHARD });
  expect(records).toHaveLength(200);
  http2.destroy();
});
