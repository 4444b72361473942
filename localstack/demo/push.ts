// Events enter as anybody would put them in: PutRecords of the plain SDK against the endpoint. Each
// shard gets its records one request after the other, so that their order is the order of pushing.

import { createHash } from 'node:crypto';
import {
  type KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
} from '@aws-sdk/client-kinesis';

/** PutRecords takes at most this many records. */
const RECORDS_PER_REQUEST = 500;

/** Where the stream puts a partition key, and how far each shard has been written. */
export interface StreamWriter {
  readonly shardIds: readonly string[];
  /** Sequence number of the newest record put into each shard so far. */
  readonly newest: ReadonlyMap<string, string>;
  shardOf(partitionKey: string): string;
  /** Puts the records in order, shards in parallel; `onPut` hears of every request's record count. */
  push(records: readonly PutRecordsRequestEntry[], onPut: (count: number) => void): Promise<void>;
}

/** A writer to an existing stream; throws when a put is refused, even in part. */
export async function createStreamWriter(
  kinesis: KinesisClient,
  streamName: string,
): Promise<StreamWriter> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: streamName }));
  const ranges = Shards.map(({ ShardId, HashKeyRange }) => ({
    shardId: ShardId!,
    start: BigInt(HashKeyRange!.StartingHashKey!),
    end: BigInt(HashKeyRange!.EndingHashKey!),
  }));
  const newest = new Map<string, string>();

  const shardOf = (partitionKey: string) => {
    const hash = BigInt(`0x${createHash('md5').update(partitionKey, 'utf8').digest('hex')}`);
    return ranges.find(({ start, end }) => start <= hash && hash <= end)!.shardId;
  };

  const pushToShard = async (
    records: readonly PutRecordsRequestEntry[],
    onPut: (count: number) => void,
  ) => {
    for (let from = 0; from < records.length; from += RECORDS_PER_REQUEST) {
      const Records = records.slice(from, from + RECORDS_PER_REQUEST);
      const answer = await kinesis.send(new PutRecordsCommand({ StreamName: streamName, Records }));
      const refused = answer.Records?.find(({ ErrorCode }) => ErrorCode !== undefined);
      if (refused !== undefined) {
        throw new Error(`a record was refused: ${refused.ErrorCode}, ${refused.ErrorMessage}`);
      }
      const last = answer.Records!.at(-1)!;
      newest.set(last.ShardId!, last.SequenceNumber!);
      onPut(Records.length);
    }
  };

  return {
    shardIds: ranges.map(({ shardId }) => shardId),
    newest,
    shardOf,
    push: async (records, onPut) => {
      const byShard = new Map<string, PutRecordsRequestEntry[]>();
      for (const record of records) {
        const shardId = shardOf(record.PartitionKey!);
        const others = byShard.get(shardId);
        if (others === undefined) byShard.set(shardId, [record]);
        else others.push(record);
      }
      await Promise.all([...byShard.values()].map((part) => pushToShard(part, onPut)));
    },
  };
}
