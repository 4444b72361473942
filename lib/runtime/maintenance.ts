// Maintenance runs beside the partition tasks, on a schedule: it folds the log of each shard when it
// has grown enough, which tests recovery all the time, and then removes what nothing needs any more.
// It only reads the log and moves the pointer, so any number of runs at once do no harm.

import { logIdOf } from '../contract/keys.ts';
import type { SourceStream } from '../ports/source-stream.ts';
import { type CheckpointPorts, foldWhenDue, pruneObjects } from './checkpoint.ts';

export type MaintenancePorts = CheckpointPorts & {
  readonly stream: SourceStream;
};

export interface MaintenanceSummary {
  readonly logs: number;
  readonly folded: number;
  readonly pruned: number;
}

/** One run over the logs of all shards that the stream lists. */
export async function maintain(
  ports: MaintenancePorts,
  of: {
    readonly pipeline: string;
    readonly stage: string;
    readonly source: string;
    readonly ringSize: number;
  },
): Promise<MaintenanceSummary> {
  const shards = await ports.stream.shards();
  const failures: unknown[] = [];
  let foldedCount = 0;
  let pruned = 0;
  for (const { shardId } of shards) {
    const log = logIdOf({ ...of, shard: shardId });
    try {
      const folded = await foldWhenDue(ports, { log, ringSize: of.ringSize });
      if (folded === null) continue;
      foldedCount += 1;
      ports.logger.info('checkpoint written', { log, batchNumber: folded.batchNumber });
      pruned += await pruneObjects(ports, log, folded.pointer);
    } catch (error) {
      // One damaged log must not keep the others from being folded; the run fails in the end.
      failures.push(error);
      ports.logger.warn('log could not be maintained', { log, why: String(error) });
    }
  }
  if (failures.length > 0) throw failures[0];
  return { logs: shards.length, folded: foldedCount, pruned };
}
