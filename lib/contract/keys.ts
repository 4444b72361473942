import type { BatchNumber, CommitId, LogId } from '../model/ids.ts';
import { asLogId } from '../model/ids.ts';

/** The log of one source shard of one stage; `/` inside a part is escaped, so the mapping is injective. */
export function logIdOf(parts: {
  readonly pipeline: string;
  readonly stage: string;
  readonly source: string;
  readonly shard: string;
}): LogId {
  const { pipeline, stage, source, shard } = parts;
  return asLogId([pipeline, stage, source, shard].map(encodeURIComponent).join('/'));
}

/** Keys of the engine's own bucket. Attempts never share a key: each holds the attempt's commit id. */
export const objectKeys = {
  body: (log: LogId, commitId: CommitId) => `bodies/${log}/${commitId}`,
  staged: (log: LogId, commitId: CommitId, index: number) => `staged/${log}/${commitId}-${index}`,
  segment: (log: LogId, fold: CommitId, index: number) => `segments/${log}/${fold}-${index}`,
  manifest: (log: LogId, batchNumber: BatchNumber, fold: CommitId) =>
    `manifests/${log}/${String(batchNumber).padStart(12, '0')}-${fold}.json`,
  lineage: (log: LogId, first: BatchNumber, last: BatchNumber, fold: CommitId) =>
    `lineage/${log}/${String(first).padStart(12, '0')}-${String(last).padStart(12, '0')}-${fold}.json`,
} as const;
