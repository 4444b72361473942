// Makes sure that the slot of the next commit may be reused: the older of the two newest checkpoints has
// to cover what stands in it. Maintenance sees to that; a task that nevertheless meets a slot that is not
// free folds the log itself.

import { EngineError } from '../model/errors.ts';
import { asBatchNumber } from '../model/ids.ts';
import { coveredTo } from '../protocol/checkpoint.ts';
import { isSlotFree } from '../protocol/ring.ts';
import { type CheckpointPorts, foldLog } from './checkpoint.ts';
import { snapshotPointer } from './learn.ts';
import type { WarmState } from './warm-states.ts';

/** The number of the commit after the head. */
export const nextNumber = ({ head }: WarmState) => asBatchNumber((head?.batchNumber ?? 0) + 1);

/** @throws EngineError `unavailable` when no checkpoint can be made that covers the slot. */
export async function freeSlot(
  ports: CheckpointPorts,
  ringSize: number,
  warm: WarmState,
): Promise<WarmState> {
  const { log } = warm;
  const next = nextNumber(warm);
  if (isSlotFree(next, { size: ringSize, coveredTo: warm.coveredTo })) return warm;
  const { pointer } = await ports.commits.readPointer(log);
  let newest = pointer;
  if (!isSlotFree(next, { size: ringSize, coveredTo: coveredTo(newest) })) {
    const folded = await foldLog(ports, { log, ringSize, copies: 2 });
    newest = folded?.pointer ?? (await ports.commits.readPointer(log)).pointer;
  }
  if (newest === null || !isSlotFree(next, { size: ringSize, coveredTo: coveredTo(newest) })) {
    throw new EngineError(
      'unavailable',
      `${log}: no checkpoint covers the slot of batch ${next}; check that the maintenance function runs`,
    );
  }
  return { ...warm, coveredTo: coveredTo(newest), snapshot: snapshotPointer(newest.newest) };
}
