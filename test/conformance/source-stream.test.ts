// The port of the source stream by its adapter over HTTP. The rules of Kinesis behind it are in
// kinesis.test.ts.

import {
  DescribeStreamSummaryCommand,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKinesisSourceStream } from '../../lib/adapters/aws/kinesis-source-stream.ts';
import { asSequenceNumber, asShardId } from '../../lib/model/ids.ts';
import { active, aStream, dropStream, type KinesisTarget, openKinesis } from './kinesis.streams.ts';

const MIDDLE = 1n << 127n;
const FIRST = asShardId('shardId-000000000000');

let target: KinesisTarget;
const streams: string[] = [];

beforeAll(async () => {
  target = await openKinesis();
});

afterAll(async () => {
  for (const name of streams) await dropStream(target.kinesis, name);
  await target.stop();
});

async function aSource(shardCount: number) {
  const StreamName = await aStream(target.kinesis, shardCount);
  streams.push(StreamName);
  const { StreamDescriptionSummary: summary } = await target.kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName }),
  );
  const put = async (text: string) => {
    const record = { StreamName, PartitionKey: 'k', Data: Buffer.from(text) };
    const { SequenceNumber } = await target.kinesis.send(new PutRecordCommand(record));
    return asSequenceNumber(SequenceNumber!);
  };
  const streamArn = summary!.StreamARN!;
  const source = createKinesisSourceStream(target.kinesis, streamArn);
  return { StreamName, streamArn, source, put };
}

describe('the source stream over HTTP', () => {
  test('the stream describes itself and its shards', async () => {
    const { source, streamArn, StreamName } = await aSource(1);
    const { createdAtMs, ...described } = await source.describe();
    expect(described).toEqual({ streamArn, retentionMs: 86_400_000 });
    expect(Math.abs(createdAtMs - Date.now())).toBeLessThan(600_000);
    const whole = { start: 0n, end: (1n << 128n) - 1n };
    expect(await source.shards()).toEqual([
      { shardId: FIRST, hashRange: whole, parentShardIds: [] },
    ]);
    const split = { ShardToSplit: FIRST, NewStartingHashKey: String(MIDDLE) };
    await target.kinesis.send(new SplitShardCommand({ StreamName, ...split }));
    await active(target.kinesis, StreamName);
    const lineage = (await source.shards()).map(({ parentShardIds }) => parentShardIds);
    expect(lineage, 'the parent is not listed').toEqual([[], [FIRST], [FIRST]]);
  });

  test('the stream tells which record follows another, and gives its bytes', async () => {
    const { source, put } = await aSource(1);
    const [one, two] = [await put('one'), await put('two')];
    const following = (sequenceNumber: typeof one | null) =>
      source.firstAfter({ shardId: FIRST, sequenceNumber });
    expect([await following(null), await following(one), await following(two)]).toEqual([
      one,
      two,
      null,
    ]);
    const bytes = await source.bytesOf({ shardId: FIRST, sequenceNumber: two });
    expect(Buffer.from(bytes!).toString()).toBe('two');
  });
});
