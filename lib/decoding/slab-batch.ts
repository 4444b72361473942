import { asSequenceNumber } from '../model/ids.ts';
import type { Position } from '../model/record.ts';
import type { DecodedBatch, Reject } from './decoded-batch.ts';
import { DIVIDER, SlabEvents } from './slab-events.ts';

/** What an entry has from the aggregate that it came in. */
export interface PackedEntry {
  readonly subSequenceNumber: number;
  readonly isLast: boolean;
  readonly partitionKey: string;
  readonly explicitHashKey: string | null;
}

/** Entries in a slab, each with a divider after it; the columns are those of their Kinesis records. */
export interface SlabEntries {
  readonly slab: Buffer;
  readonly sequenceNumbers: readonly string[];
  readonly partitionKeys: string[];
  readonly arrivedAtMs: readonly number[];
  readonly recordIndexes: readonly number[];
  /** Where each entry begins, and where another one would. */
  readonly starts: readonly number[];
  /** Entries that came in an aggregate, by index. */
  readonly packed: ReadonlyMap<number, PackedEntry>;
  /** Entries that are aggregates which could not be opened, by index. */
  readonly malformed: ReadonlyMap<number, Reject>;
  readonly duplicateCount: number;
}

/** The columns of a batch whose bytes are one slab. */
export class SlabBatch implements DecodedBatch {
  readonly count: number;
  readonly duplicateCount: number;
  readonly sequenceNumbers: readonly string[];
  readonly subSequenceNumbers: Int32Array;
  readonly lastOfRecord: Uint8Array;
  readonly arrivedAtMs: Float64Array;
  readonly recordIndexes: Int32Array;
  readonly partitionKeys: readonly string[];
  private readonly slab: Buffer;
  private readonly starts: Uint32Array;
  private readonly ends: Uint32Array;
  private readonly packed: ReadonlyMap<number, PackedEntry>;
  private readonly events: SlabEvents;

  constructor(entries: SlabEntries) {
    const count = entries.recordIndexes.length;
    this.count = count;
    this.duplicateCount = entries.duplicateCount;
    this.sequenceNumbers = entries.sequenceNumbers;
    this.partitionKeys = entries.partitionKeys;
    this.arrivedAtMs = new Float64Array(entries.arrivedAtMs);
    this.recordIndexes = new Int32Array(entries.recordIndexes);
    this.subSequenceNumbers = new Int32Array(count);
    this.lastOfRecord = new Uint8Array(count).fill(1);
    for (const [index, packed] of entries.packed) {
      this.subSequenceNumbers[index] = packed.subSequenceNumber;
      this.lastOfRecord[index] = packed.isLast ? 1 : 0;
      entries.partitionKeys[index] = packed.partitionKey;
    }
    this.packed = entries.packed;
    const starts = new Uint32Array(entries.starts);
    const ends = starts.subarray(1).map((next) => next - DIVIDER.byteLength);
    this.slab = entries.slab.subarray(0, starts[count]);
    this.starts = starts;
    this.ends = ends;
    this.events = new SlabEvents(this.slab, { starts, ends }, entries.malformed);
  }

  explicitHashKey(index: number): string | null {
    return this.packed.get(index)?.explicitHashKey ?? null;
  }

  positionOf(index: number): Position {
    return {
      sequenceNumber: asSequenceNumber(this.sequenceNumbers[index]!),
      subSequenceNumber: this.subSequenceNumbers[index]!,
    };
  }

  event(index: number): unknown {
    return this.events.event(index);
  }

  rejectOf(index: number): Reject | null {
    return this.events.rejectOf(index);
  }

  byteLengthOf(index: number): number {
    return this.ends[index]! - this.starts[index]!;
  }

  bytesOf(index: number): Uint8Array {
    return this.slabRange(index, index + 1);
  }

  slabRange(from: number, to: number): Uint8Array {
    return this.slab.subarray(this.starts[from], to > from ? this.ends[to - 1] : this.starts[from]);
  }
}
