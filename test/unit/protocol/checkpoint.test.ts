import { describe, expect, test } from 'vitest';
import { asBatchNumber, asCommitId } from '../../../lib/model/ids.ts';
import { coveredTo, isFoldDue } from '../../../lib/protocol/checkpoint.ts';

const checkpoint = (n: number) => ({
  batchNumber: asBatchNumber(n),
  commitId: asCommitId(`commit-${n}`),
  fold: asCommitId(`fold-${n}`),
  manifest: { key: `manifests/${n}`, byteLength: 1, sha256: 'a' },
});

describe('checkpoints', () => {
  test('are due every 256 batches', () => {
    const growth = { logBytes: 0, snapshotBytes: 1_000 };
    expect(isFoldDue({ ...growth, batchesSince: 255 })).toBe(false);
    expect(isFoldDue({ ...growth, batchesSince: 256 })).toBe(true);
  });

  test('are due when the log exceeds half of the snapshot', () => {
    const growth = { batchesSince: 1, snapshotBytes: 1_000 };
    expect(isFoldDue({ ...growth, logBytes: 500 })).toBe(false);
    expect(isFoldDue({ ...growth, logBytes: 501 })).toBe(true);
  });

  test('are not due for a young log without a snapshot', () => {
    expect(isFoldDue({ batchesSince: 10, logBytes: 1_000_000, snapshotBytes: 0 })).toBe(false);
  });

  test('free slots only up to the older of the two', () => {
    expect(coveredTo(null)).toBe(0);
    expect(coveredTo({ newest: checkpoint(300), previous: null })).toBe(0);
    expect(coveredTo({ newest: checkpoint(300), previous: checkpoint(40) })).toBe(40);
  });
});
