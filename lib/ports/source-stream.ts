import type { HashRange } from '../model/hash-range.ts';
import type { SequenceNumber, ShardId } from '../model/ids.ts';

export interface StreamDescription {
  readonly streamArn: string;
  readonly createdAtMs: number;
  readonly retentionMs: number;
}

export interface ShardDescription {
  readonly shardId: ShardId;
  readonly hashRange: HashRange;
  readonly parentShardIds: readonly ShardId[];
}

/** What the engine asks of the stream besides the records that Lambda delivers. */
export interface SourceStream {
  describe(): Promise<StreamDescription>;
  shards(): Promise<readonly ShardDescription[]>;
  /**
   * Sequence number of the first record after the given one that the shard still holds, or, after
   * `null`, of the oldest one; `null` when there is none.
   */
  firstAfter(position: {
    readonly shardId: ShardId;
    readonly sequenceNumber: SequenceNumber | null;
  }): Promise<SequenceNumber | null>;
  /** The bytes of one record; `null` when it has left the stream. */
  bytesOf(record: {
    readonly shardId: ShardId;
    readonly sequenceNumber: SequenceNumber;
  }): Promise<Uint8Array | null>;
}

/** The streams that a plan reads, by the logical name of their source. */
export type SourceStreams = ReadonlyMap<string, SourceStream>;
