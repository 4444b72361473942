import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
  ListShardsCommand,
  type Shard,
  type _Record as StreamRecord,
} from '@aws-sdk/client-kinesis';
import { EngineError } from '../../model/errors.ts';
import { asSequenceNumber, asShardId } from '../../model/ids.ts';
import type { ShardDescription, SourceStream } from '../../ports/source-stream.ts';
import { toEngineError } from './errors.ts';

/** A search for the next record passes at most this many empty pages; each may span much quiet time. */
const EMPTY_PAGES_MAX = 200;
const HOUR_MS = 3_600_000;

/** The stream that a partition task reads from, beside what Lambda delivers. */
export function createKinesisSourceStream(client: KinesisClient, streamArn: string): SourceStream {
  return {
    async describe() {
      try {
        const { StreamDescriptionSummary: summary } = await client.send(
          new DescribeStreamSummaryCommand({ StreamARN: streamArn }),
        );
        return {
          streamArn,
          createdAtMs: summary?.StreamCreationTimestamp?.getTime() ?? 0,
          retentionMs: (summary?.RetentionPeriodHours ?? 24) * HOUR_MS,
        };
      } catch (error) {
        throw toEngineError('describing the stream', error);
      }
    },

    async shards() {
      try {
        const shards: ShardDescription[] = [];
        let token: string | undefined;
        do {
          const page = await client.send(
            new ListShardsCommand(
              token === undefined ? { StreamARN: streamArn } : { NextToken: token },
            ),
          );
          shards.push(...(page.Shards ?? []).map(toDescription));
          token = page.NextToken;
        } while (token !== undefined);
        return shards;
      } catch (error) {
        throw toEngineError('listing shards', error);
      }
    },

    async firstAfter({ shardId, sequenceNumber }) {
      try {
        const found = await firstRecord(client, {
          StreamARN: streamArn,
          ShardId: shardId,
          ...(sequenceNumber === null
            ? { ShardIteratorType: 'TRIM_HORIZON' }
            : {
                ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
                StartingSequenceNumber: sequenceNumber,
              }),
        });
        return found === null ? null : asSequenceNumber(found.SequenceNumber ?? '');
      } catch (error) {
        throw toEngineError(`reading ${shardId}`, error);
      }
    },

    async bytesOf({ shardId, sequenceNumber }) {
      try {
        const found = await firstRecord(client, {
          StreamARN: streamArn,
          ShardId: shardId,
          ShardIteratorType: 'AT_SEQUENCE_NUMBER',
          StartingSequenceNumber: sequenceNumber,
        });
        return found?.SequenceNumber === sequenceNumber ? (found.Data ?? null) : null;
      } catch (error) {
        throw toEngineError(`reading a record of ${shardId}`, error);
      }
    },
  };
}

/** The first record that an iterator comes to; `null` when the shard holds none. */
async function firstRecord(
  client: KinesisClient,
  from: GetShardIteratorCommandInput,
): Promise<StreamRecord | null> {
  const { ShardIterator: first } = await client.send(new GetShardIteratorCommand(from));
  let iterator = first;
  for (let page = 0; page < EMPTY_PAGES_MAX; page += 1) {
    if (iterator === undefined) return null;
    const answer = await client.send(
      new GetRecordsCommand({ StreamARN: from.StreamARN, ShardIterator: iterator, Limit: 1 }),
    );
    const found = answer.Records?.[0];
    if (found !== undefined) return found;
    if (answer.MillisBehindLatest === 0) return null;
    iterator = answer.NextShardIterator;
  }
  throw new EngineError(
    'unavailable',
    `${from.ShardId}: no record in ${EMPTY_PAGES_MAX} pages after the head`,
  );
}

function toDescription(shard: Shard): ShardDescription {
  const { HashKeyRange: range } = shard;
  const parents = [shard.ParentShardId, shard.AdjacentParentShardId];
  return {
    shardId: asShardId(shard.ShardId ?? ''),
    hashRange: {
      start: BigInt(range?.StartingHashKey ?? 0),
      end: BigInt(range?.EndingHashKey ?? 0),
    },
    parentShardIds: parents.flatMap((parent) => (parent === undefined ? [] : [asShardId(parent)])),
  };
}
