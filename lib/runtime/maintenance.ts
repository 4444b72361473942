// Maintenance runs beside the partition tasks, on a schedule: it folds the log of each shard, or the one
// that all shards share, when it has grown enough, which tests recovery all the time, and then removes what nothing needs any more.
// It only reads the log and moves the pointer, so any number of runs at once do no harm.

import type { LogId } from '../model/ids.ts';
import type { SourceStreams } from '../ports/source-stream.ts';
import { type CheckpointPorts, foldWhenDue, pruneObjects } from './checkpoint.ts';
import { type LogNames, scopeOf, shardLogOf } from './log-scope.ts';

export type MaintenancePorts = CheckpointPorts & {
  readonly streams: SourceStreams;
};

export interface MaintenanceSummary {
  readonly logs: number;
  readonly folded: number;
  readonly pruned: number;
}

/** One run over the logs of all shards that the streams list. */
export async function maintain(
  ports: MaintenancePorts,
  of: LogNames & { readonly ringSize: number },
): Promise<MaintenanceSummary> {
  const logs = of.inOneTask ? [scopeOf(of, null).log] : await shardLogs(ports, of);
  const failures: unknown[] = [];
  let foldedCount = 0;
  let pruned = 0;
  for (const log of logs) {
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
  return { logs: logs.length, folded: foldedCount, pruned };
}

async function shardLogs(
  { streams }: MaintenancePorts,
  names: LogNames,
): Promise<readonly LogId[]> {
  const logs: LogId[] = [];
  for (const [source, stream] of streams) {
    const shards = await stream.shards();
    logs.push(...shards.map(({ shardId }) => shardLogOf(names, { source, shardId })));
  }
  return logs;
}
