// When to fold deltas into a snapshot, and what may be removed. An object goes only when two newest
// manifests do not name it and it is older than a day; what an attempt wrote (bodies, staged rows) is
// settled once its batch number is below the older checkpoint: the batch is published, recovery begins
// later, and no attempt at that number can commit any more.

import type { Pointer } from '../model/commit.ts';
import { FOLD_INTERVALS_PER_RING } from '../model/limits.ts';

export interface LogGrowth {
  readonly ringSize: number;
  readonly batchesSince: number;
  readonly logBytes: number;
  /** Stored bytes of the newest snapshot; 0 when there is none. */
  readonly snapshotBytes: number;
}

/** Batches after which a log is folded, whatever their size. */
export const foldInterval = (ringSize: number) => Math.ceil(ringSize / FOLD_INTERVALS_PER_RING);

/** A fold pays when enough batches piled up or replaying them costs half a snapshot. */
export function isFoldDue(growth: LogGrowth): boolean {
  if (growth.batchesSince >= foldInterval(growth.ringSize)) return true;
  return growth.snapshotBytes > 0 && growth.logBytes > growth.snapshotBytes / 2;
}

/** Slots up to here may be reused: the older checkpoint covers them. */
export function coveredTo(pointer: Pointer | null): number {
  return pointer?.previous?.batchNumber ?? 0;
}

/** Objects younger than this stay, whatever names them: a fold may be under way. */
export const OBJECT_AGE_MIN_MS = 24 * 3_600_000;
