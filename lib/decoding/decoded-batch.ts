import type { Position } from '../model/record.ts';

/** Why a record cannot be an event; the codes are stable, they stand in dead letters. */
export type RejectReason =
  | 'empty'
  | 'bad-utf8'
  | 'byte-order-mark'
  | 'not-json'
  | 'too-deep'
  | 'lone-surrogate'
  | 'kpl-malformed';

/** A record that was set aside: a stable code and a sentence that never quotes the record. */
export interface Reject {
  readonly reason: RejectReason;
  readonly detail: string;
}

/**
 * The records of one batch as columns, in stream order: one entry per record after de-aggregation,
 * without the records at or below the committed position. An index below counts these entries from
 * 0; every column has `count` of them.
 *
 * The bytes of all entries lie in one slab in index order, so that the digest of a range of entries
 * is one update over `slabRange(from, to)`; the few bytes between two entries are always the same.
 */
export interface DecodedBatch {
  readonly count: number;
  /** Records at or below the committed position, sub-records counted each; nothing of them was parsed. */
  readonly duplicateCount: number;
  readonly sequenceNumbers: readonly string[];
  /** From 0 inside a packed (KPL-aggregated) record; 0 for a plain one. */
  readonly subSequenceNumbers: Int32Array;
  /** 1 where an entry is the last one of the Kinesis record it came in, else 0. */
  readonly lastOfRecord: Uint8Array;
  /** Arrival at Kinesis in milliseconds since 1970 UTC. */
  readonly arrivedAtMs: Float64Array;
  /** Index of the delivered record that an entry came in. */
  readonly recordIndexes: Int32Array;
  /** The entry's own partition key, which a packed record gives to each of its sub-records. */
  readonly partitionKeys: readonly string[];
  /** Explicit hash key of a sub-record, a decimal number; `null` when it has none or is a plain record. */
  explicitHashKey(index: number): string | null;
  /** Parsed JSON values; `undefined`, which is no JSON value, exactly where the entry is a reject. */
  readonly events: readonly unknown[];
  /** How many entries are rejects: 0 lets the caller skip looking. */
  readonly rejectCount: number;
  rejectOf(index: number): Reject | null;
  positionOf(index: number): Position;
  /** The entry's original bytes: a view of the slab, not a copy. */
  bytesOf(index: number): Uint8Array;
  /** Length in bytes of each entry. */
  readonly byteLengths: Uint32Array;
  /** The slab from the first byte of entry `from` to the last of entry `to - 1`: a view, not a copy. */
  slabRange(from: number, to: number): Uint8Array;
}

/** How a batch is decoded. */
export interface DecodeOptions {
  /**
   * Random text of at least 16 letters and digits that no producer can know in advance, for
   * instance the commit id of the attempt. It changes nothing of the result; it only keeps records
   * from posing as the border between records.
   */
  readonly nonce: string;
}
