// The rules of Kinesis that the engine relies on, each with the page that states it. They run against
// the embedded cloud, or against any endpoint: `AWS_ENDPOINT_URL=… npx vitest run --mode endpoint`.

import { createHash } from 'node:crypto';
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  MergeShardsCommand,
  ProvisionedThroughputExceededException,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
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
import { refusalOf } from './target.ts';

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
    const [low] = shards;
    const ending = low!.HashKeyRange!.EndingHashKey;
    expect(
      shards.map((shard) => shard.HashKeyRange),
      `the first ends at 2^127 - ${MIDDLE - BigInt(ending!)}`,
    ).toEqual([
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
    for (const { ShardId, HashKeyRange } of await shardsOf(target.kinesis, name)) {
      const { StartingHashKey, EndingHashKey } = HashKeyRange!;
      expect((await put(name, 'x', 'k', StartingHashKey)).shardId).toBe(ShardId);
      expect((await put(name, 'x', 'k', EndingHashKey)).shardId).toBe(ShardId);
    }
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
  test('reading begins at TRIM_HORIZON, AT_ or AFTER_SEQUENCE_NUMBER, AT_TIMESTAMP or LATEST', async () => {
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

/** A stream of one shard that holds `abc` and was split in the middle. */
async function splitStream(): Promise<string> {
  const name = await stream(1);
  await putAll(name, 'abc');
  const split = { ShardToSplit: FIRST_SHARD, NewStartingHashKey: String(MIDDLE) };
  await target.kinesis.send(new SplitShardCommand({ StreamName: name, ...split }));
  await active(target.kinesis, name);
  return name;
}

// Developer Guide, "Reshard a stream" and "After resharding".
describe('resharding', () => {
  test('the children of a split divide the range of their parent', async () => {
    const shards = await shardsOf(target.kinesis, await splitStream());
    const children = shards.filter((shard) => shard.ParentShardId === FIRST_SHARD);
    expect(children.map((child) => child.HashKeyRange)).toEqual([
      { StartingHashKey: '0', EndingHashKey: String(MIDDLE - 1n) },
      { StartingHashKey: String(MIDDLE), EndingHashKey: String((1n << 128n) - 1n) },
    ]);
  });

  // API Reference, ListShards: closed shards are listed within the retention period.
  test('a closed shard stays in the list, with its last sequence number', async () => {
    const shards = await shardsOf(target.kinesis, await splitStream());
    const parent = shards.find((shard) => shard.ShardId === FIRST_SHARD);
    expect(parent, 'the parent is not listed').toBeDefined();
    expect(parent!.SequenceNumberRange!.EndingSequenceNumber).toBeDefined();
  });

  // API Reference, GetRecords: "If the shard has been closed, the shard iterator can't return more
  // data and GetRecords returns null in NextShardIterator."
  test('a closed shard is still read to its end, then names its children', async () => {
    const name = await splitStream();
    const parent = await readShard(target.kinesis, { StreamName: name, ShardId: FIRST_SHARD });
    expect(parent.records.map(textOf).join('')).toBe('abc');
    expect(parent.ended, 'the closed shard does not end').toBe(true);
    const shards = await shardsOf(target.kinesis, name);
    const children = shards.filter((shard) => shard.ParentShardId === FIRST_SHARD);
    expect(parent.children).toEqual(children.map((child) => child.ShardId));
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

  // API Reference, UpdateShardCount: it "performs splits or merges on individual shards".
  test('changing the number of shards splits those that are there', async () => {
    const name = await stream(2);
    const parents = (await shardsOf(target.kinesis, name)).map((shard) => shard.ShardId!);
    const scaling = { TargetShardCount: 4, ScalingType: 'UNIFORM_SCALING' as const };
    await target.kinesis.send(new UpdateShardCountCommand({ StreamName: name, ...scaling }));
    await active(target.kinesis, name);
    const open = (await shardsOf(target.kinesis, name)).filter(
      (shard) => (shard.SequenceNumberRange!.EndingSequenceNumber ?? null) === null,
    );
    expect(open).toHaveLength(4);
    const lineage = open.map((shard) => shard.ParentShardId);
    expect(new Set(lineage), 'the open shards have no parents').toEqual(new Set(parents));
  });
});

// API Reference, ListShards.
describe('listing shards', () => {
  const list = async (input: ListShardsCommandInput) => {
    const { Shards, NextToken } = await target.kinesis.send(new ListShardsCommand(input));
    return { ids: Shards!.map((shard) => shard.ShardId!), NextToken };
  };

  test('the shards of a stream are listed page by page', async () => {
    const StreamName = await stream(3);
    const { ids } = await list({ StreamName });
    const first = await list({ StreamName, MaxResults: 2 });
    const rest = await list({ NextToken: first.NextToken });
    expect([first.ids, rest.ids]).toEqual([ids.slice(0, 2), ids.slice(2)]);
    expect(rest.NextToken ?? undefined).toBeUndefined();
    const behind = await list({ StreamName, ExclusiveStartShardId: ids[0] });
    expect(behind.ids).toEqual(ids.slice(1));
  });

  test('a filter lists the open shards alone, or those behind a shard', async () => {
    const StreamName = await splitStream();
    const [parent, low, high] = (await list({ StreamName })).ids;
    const open = await list({ StreamName, ShardFilter: { Type: 'AT_LATEST' } });
    const all = await list({ StreamName, ShardFilter: { Type: 'FROM_TRIM_HORIZON' } });
    const after = { Type: 'AFTER_SHARD_ID' as const, ShardId: low };
    const behind = await list({ StreamName, ShardFilter: after });
    const answers = [open, all, behind].map(({ ids }) => ids);
    expect(answers, 'the filter is ignored').toEqual([[low, high], [parent, low, high], [high]]);
  });

  // API Reference, the parameter StreamARN of each operation.
  test('a stream is named by its ARN as well', async () => {
    const StreamName = await stream(1);
    const { StreamDescriptionSummary: summary } = await target.kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    const { StreamARN, RetentionPeriodHours } = summary!;
    expect(RetentionPeriodHours).toBe(24);
    expect((await list({ StreamARN })).ids).toEqual([FIRST_SHARD]);
    const Records = entries(1, 1);
    await target.kinesis.send(new PutRecordsCommand({ StreamARN, Records }));
    const { records } = await readShard(target.kinesis, { StreamARN, ShardId: FIRST_SHARD });
    expect(records).toHaveLength(1);
  });
});

// Developer Guide, "Quotas and limits"; API Reference, PutRecords.
describe('sizes', () => {
  const send = (StreamName: string, Records: ReturnType<typeof entries>) =>
    target.strict.send(new PutRecordsCommand({ StreamName, Records }));

  test('500 records a request are taken', async () => {
    expect((await send(await stream(1), entries(500, 1))).FailedRecordCount).toBe(0);
  });

  test('501 records a request are refused', async () => {
    await refusalOf(send(await stream(1), entries(501, 1)));
  });

  // API Reference, PutRecordsRequestEntry: data and partition key up to the maximum record size, which
  // is 1 MiB unless the stream has another.
  test('a record of 1 MiB with its partition key is taken; data of one byte more are refused', async () => {
    const name = await stream(1);
    await send(name, entries(1, MIB - 1));
    await refusalOf(send(name, entries(1, MIB + 1)));
    const { records } = await readShard(target.kinesis, { StreamName: name, ShardId: FIRST_SHARD });
    expect(records.map((record) => record.Data!.byteLength)).toEqual([MIB - 1]);
  });

  test('a request of 10 MiB is taken', async () => {
    expect((await send(await stream(1), entries(10, MIB - 1))).Records).toHaveLength(10);
  });

  test('a request of one byte more than 10 MiB is refused as a whole', async () => {
    const Records = [...entries(9, MIB - 1), ...entries(1, MIB - 2), ...entries(1, 1)];
    await refusalOf(send(await stream(1), Records));
  });

  test('a partition key of 256 characters is taken; an empty one and one of 257 are refused', async () => {
    const name = await stream(1);
    await put(name, 'x', 'k'.repeat(256));
    await refusalOf(put(name, 'x', ''));
    await refusalOf(put(name, 'x', 'k'.repeat(257)));
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
    expect(refused.length, 'all entries are taken').toBeGreaterThan(0);
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
    const Records = entries(4, MIB - 1);
    const answer = await target.strict.send(new PutRecordsCommand({ StreamName: name, Records }));
    expect(answer.FailedRecordCount, 'all entries are taken').toBeGreaterThan(0);
    expect(answer.FailedRecordCount).toBeLessThan(4);
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
    expect(refusals.length, 'all reads are answered').toBeGreaterThan(0);
    for (const reason of refusals) {
      expect(reason).toBeInstanceOf(ProvisionedThroughputExceededException);
    }
  });
});

// Developer Guide, "AWS SDK for JavaScript": the client speaks HTTP/2 by itself.
test("the SDK's default client writes and reads as well", async () => {
  const http2 = new KinesisClient(target.options('default'));
  const name = await stream(1);
  const Records = entries(200, 2_000);
  await http2.send(new PutRecordsCommand({ StreamName: name, Records }));
  // What an endpoint that breaks off looks like differs from run to run.
  const reading = readShard(http2, { StreamName: name, ShardId: FIRST_SHARD }).catch((cause) => {
    throw new Error('an answer of 400 KB does not arrive', { cause });
  });
  expect((await reading).records).toHaveLength(200);
  http2.destroy();
});
