import type { ArrivalTimeMs, SequenceNumber } from './ids.ts';

/**
 * A record's place in its shard. `subSequenceNumber` counts from 0 inside a packed (KPL-aggregated)
 * record and is 0 for a plain one.
 */
export interface Position {
  readonly sequenceNumber: SequenceNumber;
  readonly subSequenceNumber: number;
}

/** How far a shard is committed. */
export interface CommittedPosition extends Position {
  /**
   * Arrival of the record at this position, where the commit's own arrival need not be of this shard: in
   * a log that shards share, and after a batch without records.
   */
  readonly arrivedAtMs?: ArrivalTimeMs;
}

/** One record as the Lambda event source mapping delivers it; `data` is base64. */
export interface DeliveredRecord {
  readonly kinesis: {
    readonly sequenceNumber: string;
    readonly partitionKey: string;
    readonly data: string;
    /** Seconds since 1970 UTC, with a fraction. */
    readonly approximateArrivalTimestamp: number;
  };
  /** `shardId-…:sequenceNumber` */
  readonly eventID: string;
  readonly eventSourceARN: string;
}

/** When the records of one batch arrived; both inclusive. */
export interface ArrivalRange {
  readonly firstMs: ArrivalTimeMs;
  readonly lastMs: ArrivalTimeMs;
}

/** Negative when `left` is before `right`; compares sequence numbers by value, never as text. */
export function comparePositions(left: Position, right: Position): number {
  const bySequence = compareSequenceNumbers(left.sequenceNumber, right.sequenceNumber);
  return bySequence !== 0 ? bySequence : left.subSequenceNumber - right.subSequenceNumber;
}

/** Compares two decimal strings by value; equal lengths need no BigInt. */
export function compareSequenceNumbers(left: string, right: string): number {
  if (left.length === right.length) return left < right ? -1 : left > right ? 1 : 0;
  const difference = BigInt(left) - BigInt(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
