import { asSequenceNumber } from '../model/ids.ts';
import type { Position } from '../model/record.ts';
import type { DecodedBatch, Reject } from './decoded-batch.ts';
import type { EntryColumns } from './entry-columns.ts';
import { DIVIDER, SlabEvents } from './slab-events.ts';

/** The columns of a batch whose bytes are one slab. */
export class SlabBatch implements DecodedBatch {
  readonly count: number;
  readonly duplicateCount: number;
  readonly sequenceNumbers: readonly string[];
  readonly subSequenceNumbers: Int32Array;
  readonly arrivedAtMs: Float64Array;
  private readonly slab: Buffer;
  private readonly starts: Uint32Array;
  private readonly ends: Uint32Array;
  private readonly events: SlabEvents;

  constructor(entries: EntryColumns) {
    const { count } = entries;
    this.count = count;
    this.duplicateCount = entries.duplicateCount;
    this.arrivedAtMs = entries.arrivedAtMs.subarray(0, count);
    this.subSequenceNumbers = entries.subSequenceNumbers.subarray(0, count);
    this.sequenceNumbers = entries.sequenceNumbers.slice(0, count);
    this.slab = entries.slab;
    this.starts = entries.starts.subarray(0, count + 1);
    this.ends = this.starts.subarray(1).map((next) => next - DIVIDER.byteLength);
    const bounds = { starts: this.starts, ends: this.ends };
    this.events = new SlabEvents(this.slab, bounds, entries.malformed);
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
