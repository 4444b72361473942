// The header of a commit: who wrote it after which other, how far each shard has come with it, and what
// became of every record that it took.

import { assert } from '../model/assert.ts';
import type { CommitHeader } from '../model/commit.ts';
import type { BatchResult } from './batch.ts';
import { type Delivery, positionsAfter } from './delivery.ts';
import { FIRST_FLOORS } from './fit-prefix.ts';
import { COMMIT_FORMAT_VERSION, type TaskIdentity } from './learn.ts';
import type { WarmState } from './warm-states.ts';

type Attempt = Pick<CommitHeader, 'batchNumber' | 'commitId' | 'batchTimeMs' | 'gap'>;

export interface Taken {
  readonly delivery: Delivery;
  readonly from: number;
  readonly to: number;
  /** Duplicates that no commit has counted yet. */
  readonly duplicateCount: number;
  readonly result: BatchResult;
  /** Versions of static tables, by the uid of the join. */
  readonly tables: Readonly<Record<string, string>>;
}

export function headerOf(
  identity: TaskIdentity,
  warm: WarmState,
  { attempt, taken }: { readonly attempt: Attempt; readonly taken: Taken },
): CommitHeader {
  const { duplicateCount, from, result, to } = taken;
  const { head } = warm;
  const { dead, late, filtered, applied } = result.counts;
  const count = to - from;
  assert(
    dead + late + filtered + applied === count,
    `accounting: ${count} records, classes ${JSON.stringify(result.counts)}`,
  );
  return {
    ...attempt,
    log: warm.log,
    formatVersion: COMMIT_FORMAT_VERSION,
    planHash: identity.planHash,
    codeHash: identity.codeHash,
    deployEpoch: identity.deployEpoch,
    previousCommitId: head?.commitId ?? null,
    ringSize: identity.ringSize,
    base: head?.base ?? 0,
    incarnation: warm.incarnation,
    positions: positionsOf(warm, taken),
    firstPosition: result.firstPosition,
    arrival: result.arrival,
    watermarkMs: result.watermarkMs,
    floors: head?.floors ?? FIRST_FLOORS,
    counts: {
      in: duplicateCount + count,
      duplicate: duplicateCount,
      ...result.counts,
    },
    inputDigest: result.inputDigest,
    ...(Object.keys(taken.tables).length === 0 ? {} : { tables: taken.tables }),
    snapshot: warm.snapshot,
  };
}

function positionsOf(warm: WarmState, taken: Taken): CommitHeader['positions'] {
  const before = Object.entries(warm.head?.positions ?? {});
  const present = before.filter(([shard]) => !warm.departed.has(shard));
  const isShared = warm.shard === null;
  const kept = isShared || taken.from < taken.to ? present : withArrivals(warm, present);
  return positionsAfter(Object.fromEntries(kept), taken.delivery, {
    ...taken,
    withArrivals: isShared,
  });
}

/** A batch without records has no arrival; that of the last record has to stay known all the same. */
function withArrivals(
  { head }: WarmState,
  positions: readonly (readonly [string, CommitHeader['positions'][string]])[],
): typeof positions {
  const arrivedAtMs = head?.arrival?.lastMs;
  if (arrivedAtMs === undefined) return positions;
  return positions.map(([shard, position]) => [shard, { ...position, arrivedAtMs }]);
}
