import type { Commit, CommitHeader } from '../../lib/model/commit.ts';
import {
  asArrivalTimeMs,
  asBatchNumber,
  asBatchTimeMs,
  asCommitId,
  asLogId,
  asSequenceNumber,
} from '../../lib/model/ids.ts';

/** A valid header of batch 1 of an ordinary log; every field may be overridden. */
export function aHeader(overrides: Partial<CommitHeader> = {}): CommitHeader {
  return {
    formatVersion: 1,
    log: asLogId('delays/1/departures/shardId-000000000000'),
    planHash: '0123456789abcdef',
    codeHash: 'fedcba9876543210',
    deployEpoch: 3,
    commitId: asCommitId('AAAAAAAAAAAAAAAAAAAAA1'),
    previousCommitId: null,
    batchNumber: asBatchNumber(1),
    ringSize: 8,
    base: 0,
    incarnation: '00112233445566aa',
    positions: { 'departures/shardId-000000000000': aPosition(7) },
    firstPosition: aPosition(3),
    arrival: { firstMs: asArrivalTimeMs(1_000), lastMs: asArrivalTimeMs(2_000) },
    batchTimeMs: asBatchTimeMs(3_000),
    watermarkMs: null,
    floors: [{ firstKeyGroup: 0, lastKeyGroup: 255, watermarkMs: null }],
    counts: { in: 5, duplicate: 0, dead: 0, late: 0, filtered: 0, applied: 5, lateRows: 0 },
    inputDigest: 'd'.repeat(64),
    snapshot: null,
    gap: null,
    ...overrides,
  };
}

/** A sequence number as long as those of Kinesis. */
export const aPosition = (count: number, subSequenceNumber = 0) => ({
  sequenceNumber: asSequenceNumber(`4960${String(count).padStart(52, '0')}`),
  subSequenceNumber,
});

/** A chain of commits with batch numbers `first` .. `last`, each naming its predecessor. */
export function aChain(first: number, last: number, ringSize = 8): Commit[] {
  const commits: Commit[] = [];
  for (let n = first; n <= last; n += 1) {
    const header = aHeader({
      batchNumber: asBatchNumber(n),
      ringSize,
      commitId: chainId(n),
      previousCommitId: n === 1 ? null : chainId(n - 1),
    });
    commits.push({ header, body: { kind: 'inline', bytes: new Uint8Array() } });
  }
  return commits;
}

export const chainId = (n: number) => asCommitId(`commit-${n}`);
