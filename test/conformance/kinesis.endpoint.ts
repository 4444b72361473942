// The Kinesis under test: `AWS_ENDPOINT_URL`, or an embedded cloud of our own with rates enforced.

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
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { expect } from 'vitest';
import { startEmbeddedCloud } from '../../localstack/embedded/embedded-cloud.ts';

export interface EndpointUnderTest {
  readonly url: string;
  readonly connection: ReturnType<typeof connectionTo>;
  /** Repeats what is throttled. */
  readonly kinesis: KinesisClient;
  /** Shows every refusal. */
  readonly strict: KinesisClient;
  close(): Promise<void>;
}

export async function openEndpoint(): Promise<EndpointUnderTest> {
  const given = process.env['AWS_ENDPOINT_URL'];
  const cloud =
    given === undefined ? await startEmbeddedCloud({ port: 0, rates: true }) : undefined;
  const url = given ?? cloud!.endpoint;
  const connection = connectionTo(url);
  const kinesis = new KinesisClient({ ...connection, maxAttempts: 10 });
  const strict = new KinesisClient({ ...connection, maxAttempts: 1 });
  return {
    url,
    connection,
    kinesis,
    strict,
    async close() {
      kinesis.destroy();
      strict.destroy();
      await cloud?.stop();
    },
  };
}

function connectionTo(endpoint: string) {
  return {
    endpoint,
    region: process.env['AWS_REGION'] ?? 'us-east-1',
    credentials: {
      accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? 'test',
      secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
    },
    // Other endpoints answer over HTTP/1.1 only; HTTP/2 has a test of its own.
    requestHandler: new NodeHttpHandler({ requestTimeout: 20_000 }),
  };
}

const names = { count: 0 };

/** A stream of a test's own, ACTIVE. */
export async function aStream(kinesis: KinesisClient, ShardCount: number): Promise<string> {
  names.count += 1;
  const StreamName = `conformance-${process.pid}-${names.count}`;
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
