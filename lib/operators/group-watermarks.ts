// The watermark that holds for each key group: that of the log, or the floor that a range of key
// groups inherited from a parent log, whichever is later. Nearly always all are the same.

import type { WatermarkFloor } from '../model/commit.ts';
import { KEY_GROUP_COUNT } from '../model/hash-range.ts';

/** A consecutive range of key groups. */
export interface KeyGroupRange {
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
}

export class GroupWatermarks {
  /** Least and greatest watermark of all key groups; -Infinity before any event. */
  readonly leastMs: number;
  readonly greatestMs: number;
  /** `null` where all are the same: most batches are small, and 256 numbers would be much of them. */
  private readonly byGroup: Float64Array | null;
  private readonly startMs: number | null;

  private constructor(watermarks: number | Float64Array, startMs: number | null) {
    this.startMs = startMs;
    const isOne = typeof watermarks === 'number';
    this.byGroup = isOne ? null : watermarks;
    this.leastMs = isOne ? watermarks : Math.min(...watermarks);
    this.greatestMs = isOne ? watermarks : Math.max(...watermarks);
  }

  /** `startMs`: where watermarks begin, so that none of an operator is before it; `null`: nowhere. */
  static of(
    watermarkMs: number | null,
    floors: readonly WatermarkFloor[],
    startMs: number | null = null,
  ): GroupWatermarks {
    const ofLogMs = watermarkMs ?? Number.NEGATIVE_INFINITY;
    if (floors.length === 0) return new GroupWatermarks(ofLogMs, startMs);
    const byGroup = new Float64Array(KEY_GROUP_COUNT).fill(ofLogMs);
    for (const floor of floors) {
      const floorMs = floor.watermarkMs ?? Number.NEGATIVE_INFINITY;
      for (let group = floor.firstKeyGroup; group <= floor.lastKeyGroup; group += 1) {
        byGroup[group] = Math.max(byGroup[group]!, floorMs);
      }
    }
    return new GroupWatermarks(byGroup, startMs);
  }

  /** The watermarks of an operator that lags behind: none is before the start of all. */
  behind(ms: number): GroupWatermarks {
    if (ms === 0) return this;
    const firstMs = this.startMs ?? Number.NEGATIVE_INFINITY;
    return this.moved((atMs) => Math.max(atMs - ms, firstMs));
  }

  /** The watermarks by which rows count that are so much late. */
  allowing(latenessMs: number): GroupWatermarks {
    return latenessMs === 0 ? this : this.moved((atMs) => atMs - latenessMs);
  }

  of(keyGroup: number): number {
    return this.byGroup === null ? this.leastMs : this.byGroup[keyGroup]!;
  }

  private moved(move: (atMs: number) => number): GroupWatermarks {
    return new GroupWatermarks(this.byGroup?.map(move) ?? move(this.leastMs), this.startMs);
  }

  /** Maximal ranges of key groups whose watermark has reached `endMs`. */
  rangesClosedAt(endMs: number): KeyGroupRange[] {
    if (endMs > this.greatestMs) return [];
    if (endMs <= this.leastMs) return [{ firstKeyGroup: 0, lastKeyGroup: KEY_GROUP_COUNT - 1 }];
    const ranges: KeyGroupRange[] = [];
    let first = -1;
    for (let group = 0; group <= KEY_GROUP_COUNT; group += 1) {
      const closed = group < KEY_GROUP_COUNT && endMs <= this.of(group);
      if (closed && first < 0) first = group;
      if (!closed && first >= 0) {
        ranges.push({ firstKeyGroup: first, lastKeyGroup: group - 1 });
        first = -1;
      }
    }
    return ranges;
  }
}
