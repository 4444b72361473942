// Records as a mapping would hand them over, with the sequence numbers that they really have, and the
// function invoked with them directly.

import { setTimeout as wait } from 'node:timers/promises';
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-kinesis';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import type { Clients } from './clients.ts';

/** Requests for one shard are answered five times a second at most; a page may be empty. */
const PAGES_MAX = 50;
const PAGE_PAUSE_MS = 250;

/** The first `count` records of a shard; throws when it does not hold so many. */
export async function readShard(
  { kinesis }: Clients,
  from: { readonly stream: string; readonly shardId: string; readonly count: number },
): Promise<readonly KinesisStreamRecord[]> {
  const { stream, shardId, count } = from;
  const { StreamDescriptionSummary: summary } = await kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName: stream }),
  );
  let { ShardIterator: iterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName: stream,
      ShardId: shardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const records: KinesisStreamRecord[] = [];
  for (let page = 0; records.length < count && page < PAGES_MAX; page += 1) {
    // A shard takes five reads a second, and the mapping reads, too.
    if (page > 0) await wait(PAGE_PAUSE_MS);
    const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }));
    iterator = answer.NextShardIterator;
    for (const record of answer.Records ?? []) {
      records.push({
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: record.PartitionKey!,
          sequenceNumber: record.SequenceNumber!,
          data: Buffer.from(record.Data!).toString('base64'),
          approximateArrivalTimestamp: record.ApproximateArrivalTimestamp!.getTime() / 1_000,
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: `${shardId}:${record.SequenceNumber}`,
        eventName: 'aws:kinesis:record',
        invokeIdentityArn: 'arn:aws:iam::000000000000:role/scenarios',
        awsRegion: summary!.StreamARN!.split(':')[3]!,
        eventSourceARN: summary!.StreamARN!,
      });
    }
    if (iterator === undefined) break;
  }
  if (records.length < count) {
    throw new Error(`${shardId} of ${stream} holds ${records.length} records, not ${count}`);
  }
  return records.slice(0, count);
}

/** What the function answers; throws when the invocation failed. */
export async function invoke<Answer>(
  { lambda }: Clients,
  to: { readonly function: string; readonly qualifier?: string; readonly payload?: unknown },
): Promise<Answer> {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({
      FunctionName: to.function,
      ...(to.qualifier !== undefined && { Qualifier: to.qualifier }),
      Payload: JSON.stringify(to.payload ?? {}),
    }),
  );
  const text = Buffer.from(Payload ?? []).toString('utf8');
  if (FunctionError !== undefined) throw new Error(`${to.function} failed: ${text}`);
  return JSON.parse(text);
}

/** Hands records to a partition task, as its mapping does. */
export async function deliver(
  clients: Clients,
  task: string,
  records: readonly KinesisStreamRecord[],
): Promise<void> {
  const payload: KinesisStreamEvent = { Records: [...records] };
  const { batchItemFailures } = await invoke<{ batchItemFailures: readonly unknown[] }>(clients, {
    function: task,
    // The alias that mappings invoke.
    qualifier: 'live',
    payload,
  });
  if (batchItemFailures.length > 0) throw new Error(`${task} did not take all records`);
}
