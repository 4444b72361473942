import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis';
import { EngineError } from '../../model/errors.ts';
import { asSequenceNumber, asShardId, type SequenceNumber, type ShardId } from '../../model/ids.ts';
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
        return await searchAfter(client, { streamArn, shardId, sequenceNumber });
      } catch (error) {
        throw toEngineError(`reading ${shardId}`, error);
      }
    },
  };
}

async function searchAfter(
  client: KinesisClient,
  at: {
    readonly streamArn: string;
    readonly shardId: ShardId;
    readonly sequenceNumber: SequenceNumber | null;
  },
): Promise<SequenceNumber | null> {
  const { ShardIterator: first } = await client.send(
    new GetShardIteratorCommand({
      StreamARN: at.streamArn,
      ShardId: at.shardId,
      ...(at.sequenceNumber === null
        ? { ShardIteratorType: 'TRIM_HORIZON' as const }
        : {
            ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const,
            StartingSequenceNumber: at.sequenceNumber,
          }),
    }),
  );
  let iterator = first;
  for (let page = 0; page < EMPTY_PAGES_MAX; page += 1) {
    if (iterator === undefined) return null;
    const answer = await client.send(
      new GetRecordsCommand({ StreamARN: at.streamArn, ShardIterator: iterator, Limit: 1 }),
    );
    const found = answer.Records?.[0]?.SequenceNumber;
    if (found !== undefined) return asSequenceNumber(found);
    if (answer.MillisBehindLatest === 0) return null;
    iterator = answer.NextShardIterator;
  }
  throw new EngineError(
    'unavailable',
    `${at.shardId}: no record in ${EMPTY_PAGES_MAX} pages after the head`,
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
