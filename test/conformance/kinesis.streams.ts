// Kinesis as the conformance suite uses it: clients of the target, streams of a test's own, whole shards.

import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  ListShardsCommand,
  type Shard,
  type _Record as StreamRecord,
} from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import { freshName, openTarget, type Target } from './target.ts';

/** The target with clients over HTTP/1.1, which every endpoint speaks. */
export interface KinesisTarget extends Target {
  /** Repeats what is throttled. */
  readonly kinesis: KinesisClient;
  /** Shows every refusal. */
  readonly strict: KinesisClient;
}

export async function openKinesis(): Promise<KinesisTarget> {
  const target = await openTarget();
  const kinesis = new KinesisClient({ ...target.options('http/1.1'), maxAttempts: 10 });
  const strict = new KinesisClient({ ...target.options('http/1.1'), maxAttempts: 1 });
  return {
    ...target,
    kinesis,
    strict,
    async stop() {
      kinesis.destroy();
      strict.destroy();
      await target.stop();
    },
  };
}

/** A stream of a test's own, ACTIVE. */
export async function aStream(kinesis: KinesisClient, ShardCount: number): Promise<string> {
  const StreamName = freshName('stream');
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount }));
  await active(kinesis, StreamName);
  return StreamName;
}

export async function active(kinesis: KinesisClient, StreamName: string): Promise<void> {
  const status = async () => {
    const summary = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    return summary.StreamDescriptionSummary!.StreamStatus;
  };
  await expect.poll(status).toBe('ACTIVE');
}

export async function dropStream(kinesis: KinesisClient, StreamName: string): Promise<void> {
  await kinesis.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }));
}

export async function shardsOf(kinesis: KinesisClient, StreamName: string): Promise<Shard[]> {
  const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Shards!;
}

export interface ReadShard {
  readonly records: readonly StreamRecord[];
  /** Whether the shard said that nothing will follow. */
  readonly ended: boolean;
  readonly children: readonly string[];
}

/** Reads a shard from a position until it has nothing more. */
export async function readShard(
  kinesis: KinesisClient,
  from: Omit<GetShardIteratorCommandInput, 'ShardIteratorType'> &
    Partial<Pick<GetShardIteratorCommandInput, 'ShardIteratorType'>>,
): Promise<ReadShard> {
  const input = { ShardIteratorType: 'TRIM_HORIZON' as const, ...from };
  const records: StreamRecord[] = [];
  let { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(input));
  for (;;) {
    const page = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    records.push(...page.Records!);
    ShardIterator = page.NextShardIterator;
    const children = (page.ChildShards ?? []).map((child) => child.ShardId!);
    if (ShardIterator === undefined || ShardIterator === null) {
      return { records, ended: true, children };
    }
    if (page.Records!.length === 0 && page.MillisBehindLatest === 0) {
      return { records, ended: false, children };
    }
  }
}

export function textOf(record: StreamRecord): string {
  return Buffer.from(record.Data!).toString();
}
