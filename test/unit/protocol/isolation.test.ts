import { describe, expect, test } from 'vitest';
import type { AttemptNote } from '../../../lib/model/commit.ts';
import { asBatchNumber } from '../../../lib/model/ids.ts';
import { continuePace, decidePace, FULL_PACE, takeBack } from '../../../lib/protocol/isolation.ts';

const head = asBatchNumber(5);

/** Starts on one head until the record is set aside, each start killing the process. */
function diesUntilPoison(pending: number): number[] {
  const lengths: number[] = [];
  let found: AttemptNote | null = null;
  for (let start = 0; start < 40; start += 1) {
    const pace = decidePace(found, { head, pending });
    if (pace.poison) return lengths;
    lengths.push(pace.recordsMax);
    found = pace.note;
  }
  throw new Error('the record was never found');
}

describe('isolation of a record that kills the process', () => {
  test('the first start on a head takes the whole batch', () => {
    const pace = decidePace(null, { head, pending: 10 });
    expect(pace).toEqual({
      note: { head, attempts: 1, pending: null },
      recordsMax: Infinity,
      poison: false,
    });
  });

  test('a note about another head counts for nothing', () => {
    const found = { head: asBatchNumber(4), attempts: 9, pending: 8 };
    expect(decidePace(found, { head, pending: 10 }).note?.attempts).toBe(1);
  });

  test('from the third start on the batch is halved down to one record, which is then set aside', () => {
    expect(diesUntilPoison(10)).toEqual([Infinity, Infinity, 5, 3, 2, 1]);
  });

  test('a batch of one record is set aside after three deaths', () => {
    expect(diesUntilPoison(1)).toEqual([Infinity, Infinity, 1]);
  });

  test('ten thousand records need no more than seventeen deaths', () => {
    expect(diesUntilPoison(10_000).length).toBeLessThanOrEqual(17);
  });

  test('the next prefix keeps its length on the new head and is halved if it dies', () => {
    const third = decidePace({ head, attempts: 2, pending: null }, { head, pending: 10 });
    const next = continuePace(third, asBatchNumber(6));
    expect(next.recordsMax).toBe(5);
    const after = decidePace(next.note, { head: asBatchNumber(6), pending: 3 });
    expect(after).toMatchObject({ recordsMax: 3, poison: false });
  });

  test('once the record is set aside the rest is taken whole again', () => {
    const poison = decidePace({ head, attempts: 4, pending: 1 }, { head, pending: 10 });
    expect(poison.poison).toBe(true);
    expect(continuePace(poison, asBatchNumber(6))).toEqual(FULL_PACE);
  });

  test('an attempt that was taken back does not halve the next', () => {
    const third = decidePace({ head, attempts: 2, pending: null }, { head, pending: 10 });
    const again = decidePace(takeBack(third.note!), { head, pending: 10 });
    expect(again).toEqual(third);
  });
});
