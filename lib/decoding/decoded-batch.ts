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
 * without the records at or below the committed position. An index counts these entries from 0;
 * every column has `count` of them.
 *
 * The bytes of all entries lie in one slab, in index order and divided by `,` and a line feed, so
 * that the digest of a range of entries is one update over `slabRange(from, to)`.
 *
 * Events are parsed on demand and are not kept: an event that its caller drops at once dies young,
 * which costs the garbage collector nothing. Asking for one after the other is the fastest way.
 */
export interface DecodedBatch {
  readonly count: number;
  /** Records at or below the committed position, sub-records counted each; nothing of them was parsed. */
  readonly duplicateCount: number;
  readonly sequenceNumbers: readonly string[];
  /** From 0 inside a packed (KPL-aggregated) record; 0 for a plain one. */
  readonly subSequenceNumbers: Int32Array;
  /** Arrival at Kinesis in milliseconds since 1970 UTC. */
  readonly arrivedAtMs: Float64Array;
  positionOf(index: number): Position;
  /**
   * The entry's JSON value, freshly parsed at each call; `undefined`, which is no JSON value,
   * when the entry is a reject.
   */
  event(index: number): unknown;
  /** Why `event(index)` is `undefined`; `null` when it is an event. */
  rejectOf(index: number): Reject | null;
  /** Length of the entry in bytes. */
  byteLengthOf(index: number): number;
  /** The entry's original bytes: a view of the slab, not a copy. */
  bytesOf(index: number): Uint8Array;
  /** The bytes of entries `from` to `to - 1` with their dividers between: a view of the slab, not a copy. */
  slabRange(from: number, to: number): Uint8Array;
}
