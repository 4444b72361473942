import type { BatchNumber, CommitId, LogId } from '../model/ids.ts';
import { asBatchNumber, asLogId } from '../model/ids.ts';

/** A pipeline without a re-key has one stage. */
export const SINGLE_STAGE = '1';

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

/** The one log of a stage whose shards share it; no shard is called `*`, so no other log has this id. */
export function sharedLogIdOf(parts: { readonly pipeline: string; readonly stage: string }): LogId {
  return logIdOf({ ...parts, source: '*', shard: '*' });
}

/** Batch numbers inside keys are padded, so that a listing is in their order. */
const padded = (batchNumber: BatchNumber) => String(batchNumber).padStart(12, '0');

/**
 * Keys of the engine's own bucket. What an attempt writes holds its batch number and commit id, so
 * attempts never share a key and pruning can tell by the number alone that an object is settled.
 */
export const objectKeys = {
  body: (log: LogId, batchNumber: BatchNumber, commitId: CommitId) =>
    `bodies/${log}/${padded(batchNumber)}-${commitId}`,
  staged: (log: LogId, batchNumber: BatchNumber, commitId: CommitId, index: number) =>
    `staged/${log}/${padded(batchNumber)}-${commitId}-${index}`,
  segment: (log: LogId, fold: CommitId, index: number) => `segments/${log}/${fold}-${index}`,
  manifest: (log: LogId, batchNumber: BatchNumber, fold: CommitId) =>
    `manifests/${log}/${padded(batchNumber)}-${fold}.json`,
  lineage: (log: LogId, first: BatchNumber, last: BatchNumber, fold: CommitId) =>
    `lineage/${log}/${padded(first)}-${padded(last)}-${fold}.json`,
} as const;

/** The batch number in a key of `bodies/` or `staged/`. */
export function batchNumberOfKey(key: string): BatchNumber | null {
  const match = /\/(\d{12})-[^/]+$/.exec(key);
  return match === null ? null : asBatchNumber(Number(match[1]));
}
