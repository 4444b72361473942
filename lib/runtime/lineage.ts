// Lineage of folded batches: which records, by which code, made which outputs. It is rolled up
// into one object per fold, so that every output can be traced to its input long after the slots were
// reused. Rows are named by target and digest; no record's bytes or keys stand in it.

import type { CommitHeader, OutboxEntry } from '../model/commit.ts';
import type { BatchNumber, LogId } from '../model/ids.ts';
import { sha256Hex } from '../state/digest.ts';

const LINEAGE_FORMAT_VERSION = 1;

export interface BatchLineage {
  readonly batchNumber: BatchNumber;
  readonly [field: string]: unknown;
}

/** The line of one batch. */
export function describeBatch(header: CommitHeader, outbox: readonly OutboxEntry[]): BatchLineage {
  return {
    batchNumber: header.batchNumber,
    commitId: header.commitId,
    previousCommitId: header.previousCommitId,
    firstPosition: header.firstPosition,
    positions: header.positions,
    arrival: header.arrival,
    batchTimeMs: header.batchTimeMs,
    watermarkMs: header.watermarkMs,
    counts: header.counts,
    inputDigest: header.inputDigest,
    planHash: header.planHash,
    codeHash: header.codeHash,
    deployEpoch: header.deployEpoch,
    ...(header.tables === undefined ? {} : { tables: header.tables }),
    gap: header.gap,
    outputs: outbox.map(describeOutput),
  };
}

/** NDJSON: a first line that names the log and the format, then one line per batch, ascending. */
export function encodeLineage(log: LogId, batches: readonly BatchLineage[]): Uint8Array {
  const lines = [{ formatVersion: LINEAGE_FORMAT_VERSION, log }, ...batches];
  return Buffer.from(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`, 'utf8');
}

function describeOutput({ sinkUid, role, target, rowCount, payload }: OutboxEntry) {
  const inline = payload.kind === 'inline';
  return {
    sinkUid,
    role,
    target,
    rowCount,
    byteLength: inline ? payload.bytes.length : payload.object.byteLength,
    sha256: inline ? sha256Hex(payload.bytes) : payload.object.sha256,
  };
}
