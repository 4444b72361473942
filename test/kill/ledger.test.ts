import { describe, expect, it } from 'vitest';
import { auditEntries, type Entry } from './ledger.ts';

const counts = { in: 10, duplicate: 1, dead: 2, late: 3, filtered: 0, applied: 4 };

/** A commit of ten records that follows from the one before. */
const anEntry = (batchNumber: number, overrides: Partial<Entry> = {}): Entry => ({
  log: 'p/1/s/shard-0',
  batchNumber,
  commitId: `commit-${batchNumber}`,
  previousCommitId: batchNumber === 1 ? null : `commit-${batchNumber - 1}`,
  from: `${batchNumber}00:0`,
  to: `${batchNumber}99:3`,
  counts,
  ...overrides,
});

describe('the books', () => {
  it('add every commit up once, wherever it was read', () => {
    const entries = [anEntry(2), anEntry(1), anEntry(3), anEntry(1), anEntry(2)];
    expect(auditEntries(entries)).toEqual({
      totals: { in: 30, duplicate: 3, dead: 6, late: 9, filtered: 0, applied: 12 },
      commitCount: 3,
      differences: [],
    });
  });

  it('take positions within one packed record for what they are', () => {
    const packed = [anEntry(1, { to: '100:9' }), anEntry(2, { from: '100:10' })];
    expect(auditEntries(packed).differences).toEqual([]);
  });

  it.each([
    ['a batch that is missing', [anEntry(1), anEntry(3)], 'batch 2 is missing'],
    [
      'two commits of one batch',
      [anEntry(1), anEntry(1, { commitId: 'other' })],
      'batch 1 was committed twice',
    ],
    [
      'another predecessor',
      [anEntry(1), anEntry(2, { previousCommitId: 'other' })],
      'batch 2 follows other, not commit-1',
    ],
    [
      'records that are in two batches',
      [anEntry(1), anEntry(2, { from: '199:3' })],
      'batch 2 begins at 199:3, not after 199:3',
    ],
    [
      'records in no class',
      [anEntry(1, { counts: { ...counts, applied: 3 } })],
      'batch 1 took 10 records and classed 9',
    ],
  ])('tell of %s', (_what, entries, sentence) => {
    expect(auditEntries(entries).differences.join('\n')).toContain(sentence);
  });
});
