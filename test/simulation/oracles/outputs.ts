import type { CommittedBatches, DeadRecord, Outputs } from '../oracle.ts';

/** A naive pass over the batches of one log, and what it gives out. */
export interface NaiveLog {
  readonly files: readonly object[];
  readonly late: readonly object[];
  readonly dead: readonly DeadRecord[];
  take(batch: CommittedBatches[number]): void;
}

/** What all logs give out together, each taken by a pass of its own. */
export function outputsOf(logs: readonly CommittedBatches[], begin: () => NaiveLog): Outputs {
  const passes = logs.map((batches) => {
    const pass = begin();
    for (const batch of batches) pass.take(batch);
    return pass;
  });
  return {
    table: [],
    files: passes.flatMap(({ files }) => files),
    late: passes.flatMap(({ late }) => late),
    dead: passes.flatMap(({ dead }) => dead),
    handed: [],
  };
}
