import { describe, expect, test } from 'vitest';
import { asBatchNumber, asCommitId } from '../../../lib/model/ids.ts';
import { coveredTo, isFoldDue, OBJECT_AGE_MIN_MS } from '../../../lib/protocol/checkpoint.ts';

const checkpoint = (n: number) => ({
  batchNumber: asBatchNumber(n),
  commitId: asCommitId(`commit-${n}`),
  fold: asCommitId(`fold-${n}`),
  manifest: { key: `manifests/${n}`, byteLength: 1, sha256: 'a' },
});

describe('checkpoints', () => {
  test.each([
    [1_024, 256],
    [6, 2],
  ])('of a ring of %i slots are due every %i batches', (ringSize, interval) => {
    const growth = { ringSize, logBytes: 0, snapshotBytes: 1_000 };
    expect(isFoldDue({ ...growth, batchesSince: interval - 1 })).toBe(false);
    expect(isFoldDue({ ...growth, batchesSince: interval })).toBe(true);
  });

  test('are due when the log exceeds half of the snapshot', () => {
    const growth = { ringSize: 1_024, batchesSince: 1, snapshotBytes: 1_000 };
    expect(isFoldDue({ ...growth, logBytes: 500 })).toBe(false);
    expect(isFoldDue({ ...growth, logBytes: 501 })).toBe(true);
  });

  test('are not due for a young log without a snapshot', () => {
    expect(
      isFoldDue({ ringSize: 1_024, batchesSince: 10, logBytes: 1_000_000, snapshotBytes: 0 }),
    ).toBe(false);
  });

  test('free slots only up to the older of the two', () => {
    expect(coveredTo(null)).toBe(0);
    expect(coveredTo({ newest: checkpoint(300), previous: null })).toBe(0);
    expect(coveredTo({ newest: checkpoint(300), previous: checkpoint(40) })).toBe(40);
  });

  test('leave the objects of the last day alone', () => {
    expect(OBJECT_AGE_MIN_MS).toBe(86_400_000);
  });
});
