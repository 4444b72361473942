// Records of several shards as one batch: the batches of the shards, one behind the other. Bytes are
// joined only when a range of them is asked for, which a commit does once.

import type { Position } from '../model/record.ts';
import type { DecodedBatch, Reject } from './decoded-batch.ts';
import { DIVIDER } from './slab-events.ts';

const DIVIDER_BYTES = Uint8Array.of(DIVIDER.first, DIVIDER.second);

/** One batch of all entries of `parts`, in their order. */
export function joinBatches(parts: readonly DecodedBatch[]): DecodedBatch {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : new JoinedBatch(parts);
}

class JoinedBatch implements DecodedBatch {
  readonly count: number;
  readonly duplicateCount: number;
  readonly sequenceNumbers: readonly string[];
  readonly subSequenceNumbers: Int32Array;
  readonly arrivedAtMs: Float64Array;
  private readonly parts: readonly DecodedBatch[];
  /** Place in `parts` of each entry. */
  private readonly partOf: Uint32Array;
  /** Index of each part's first entry. */
  private readonly starts: readonly number[];

  constructor(parts: readonly DecodedBatch[]) {
    this.parts = parts;
    this.count = parts.reduce((sum, { count }) => sum + count, 0);
    this.duplicateCount = parts.reduce((sum, { duplicateCount }) => sum + duplicateCount, 0);
    this.sequenceNumbers = parts.flatMap(({ sequenceNumbers }) => sequenceNumbers);
    this.subSequenceNumbers = new Int32Array(this.count);
    this.arrivedAtMs = new Float64Array(this.count);
    this.partOf = new Uint32Array(this.count);
    const starts: number[] = [];
    let start = 0;
    for (const [place, part] of parts.entries()) {
      starts.push(start);
      this.subSequenceNumbers.set(part.subSequenceNumbers, start);
      this.arrivedAtMs.set(part.arrivedAtMs, start);
      this.partOf.fill(place, start, start + part.count);
      start += part.count;
    }
    this.starts = starts;
  }

  positionOf(index: number): Position {
    return this.partAt(index).positionOf(this.indexInPart(index));
  }

  event(index: number): unknown {
    return this.partAt(index).event(this.indexInPart(index));
  }

  rejectOf(index: number): Reject | null {
    return this.partAt(index).rejectOf(this.indexInPart(index));
  }

  byteLengthOf(index: number): number {
    return this.partAt(index).byteLengthOf(this.indexInPart(index));
  }

  bytesOf(index: number): Uint8Array {
    return this.partAt(index).bytesOf(this.indexInPart(index));
  }

  /** A copy where the range is of more than one part. */
  slabRange(from: number, to: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (const [place, part] of this.parts.entries()) {
      const start = this.starts[place]!;
      const [first, end] = [Math.max(from, start), Math.min(to, start + part.count)];
      if (first >= end) continue;
      if (pieces.length > 0) pieces.push(DIVIDER_BYTES);
      pieces.push(part.slabRange(first - start, end - start));
    }
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  }

  private partAt(index: number): DecodedBatch {
    return this.parts[this.partOf[index]!]!;
  }

  private indexInPart(index: number): number {
    return index - this.starts[this.partOf[index]!]!;
  }
}
