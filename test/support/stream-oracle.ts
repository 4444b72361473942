// What the stream itself holds, read with the plain SDK: the truth about puts whose answer was lost.

import { GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import type { Departure } from '../../localstack/demo/naive.ts';
import type { StreamWriter } from '../../localstack/demo/push.ts';
import type { RunningCloud } from './running-cloud.ts';

/** Every event in the stream, shard by shard in the order of their sequence numbers. */
export async function eventsInStream(
  { clients, delays }: RunningCloud,
  { shardIds }: StreamWriter,
): Promise<readonly Departure[]> {
  const events: Departure[] = [];
  for (const shardId of shardIds) {
    const first = await clients.kinesis.send(
      new GetShardIteratorCommand({
        StreamName: delays.stream,
        ShardId: shardId,
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    let iterator = first.ShardIterator;
    for (let isBehind = true; isBehind && iterator !== undefined; ) {
      const page = await clients.kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }));
      for (const { Data } of page.Records ?? []) {
        events.push(JSON.parse(Buffer.from(Data!).toString('utf8')));
      }
      isBehind = (page.MillisBehindLatest ?? 0) > 0;
      iterator = page.NextShardIterator;
    }
  }
  return events;
}
