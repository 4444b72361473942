import { describe, expect, test } from 'vitest';
import type { AttemptNote } from '../../../lib/model/commit.ts';
import { asBatchNumber } from '../../../lib/model/ids.ts';
import { continuePace, decidePace, FULL_PACE, takeBack } from '../../../lib/protocol/isolation.ts';

const start = { head: asBatchNumber(5), first: '49601:0' };
const found = (attempts: number, pending: number | null = null): AttemptNote => ({
  ...start,
  attempts,
  pending,
});

/** Starts on one head until the record is set aside, each start killing the process. */
function diesUntilPoison(pending: number): number[] {
  const lengths: number[] = [];
  let note: AttemptNote | null = null;
  for (let death = 0; death < 40; death += 1) {
    const pace = decidePace(note, { ...start, pending });
    if (pace.poison) return lengths;
    lengths.push(pace.recordsMax);
    note = pace.note;
  }
  throw new Error('the record was never found');
}

describe('isolation of a record that kills the process', () => {
  test('the first start on a head takes the whole batch', () => {
    expect(decidePace(null, { ...start, pending: 10 })).toEqual({
      note: found(1),
      recordsMax: Infinity,
      poison: false,
    });
  });

  test('a note about another first record counts for nothing', () => {
    const other = { ...found(9, 8), first: '49600:0' };
    expect(decidePace(other, { ...start, pending: 10 }).note?.attempts).toBe(1);
  });

  test('a note counts although others have moved the head while the record waited', () => {
    const before = { ...found(2), head: asBatchNumber(4) };
    expect(decidePace(before, { ...start, pending: 10 })).toEqual(
      decidePace(found(2), { ...start, pending: 10 }),
    );
  });

  test('from the third start on the batch is halved; a record that dies three times alone is set aside', () => {
    expect(diesUntilPoison(10)).toEqual([Infinity, Infinity, 5, 3, 2, 1, 1, 1]);
  });

  test('a batch of one record is set aside after five deaths, three of them in isolation', () => {
    expect(diesUntilPoison(1)).toEqual([Infinity, Infinity, 1, 1, 1]);
  });

  test('ten thousand records need no more than nineteen deaths', () => {
    expect(diesUntilPoison(10_000).length).toBeLessThanOrEqual(19);
  });

  test('the next prefix keeps its length on the new head and is halved if it dies', () => {
    const third = decidePace(found(2), { ...start, pending: 10 });
    const next = { head: asBatchNumber(6), first: '49606:0' };
    const pace = continuePace(third, next);
    expect(pace).toEqual({
      note: { ...next, attempts: 3, pending: 10 },
      recordsMax: 5,
      poison: false,
    });
    expect(decidePace(pace.note, { ...next, pending: 3 })).toMatchObject({
      recordsMax: 3,
      poison: false,
    });
  });

  test('outside of isolation the next prefix is whatever is left, without a note', () => {
    const next = { head: asBatchNumber(6), first: '49606:0' };
    expect(continuePace(decidePace(null, { ...start, pending: 10 }), next)).toEqual(FULL_PACE);
  });

  test('once the record is set aside the rest is taken whole again', () => {
    const poison = decidePace(found(5, 1), { ...start, pending: 10 });
    expect(poison.poison).toBe(true);
    expect(continuePace(poison, { head: asBatchNumber(6), first: '49602:0' })).toEqual(FULL_PACE);
  });

  test('a start that was taken back does not halve the next', () => {
    const third = decidePace(found(2), { ...start, pending: 10 });
    expect(decidePace(takeBack(third.note!), { ...start, pending: 10 })).toEqual(third);
  });
});
