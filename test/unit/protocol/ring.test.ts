import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asBatchNumber } from '../../../lib/model/ids.ts';
import { isLaterLap, isSlotFree, planSlotRange, slotOf } from '../../../lib/protocol/ring.ts';

describe('the ring of slots', () => {
  test('batch R is in slot 0 and batch R + 1 in slot 1', () => {
    expect([1, 7, 8, 9].map((n) => slotOf(asBatchNumber(n), 8))).toEqual([1, 7, 0, 1]);
  });

  test('a range never leaves the ring and asks for at least one slot', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 4, max: 64 }),
        fc.integer({ min: 1, max: 200 }),
        (first, size, expected) => {
          const range = planSlotRange(asBatchNumber(first), { size, expected });
          expect(range.firstSlot).toBe(first % size);
          expect(range.lastSlot).toBe(size - 1);
          expect(range.limit).toBeGreaterThanOrEqual(1);
          expect(range.firstSlot + range.limit).toBeLessThanOrEqual(size);
        },
      ),
      { numRuns: 1_000, seed: 1 },
    );
  });

  test('a later lap has the same slot and a greater number', () => {
    const laterThan12 = [4, 12, 13, 20, 28].filter((n) =>
      isLaterLap(asBatchNumber(n), asBatchNumber(12), 8),
    );
    expect(laterThan12).toEqual([20, 28]);
  });

  test('a slot of the first lap is free', () => {
    expect(isSlotFree(asBatchNumber(8), { size: 8, coveredTo: 0 })).toBe(true);
  });

  test('a slot is free once the older checkpoint covers what it held, not one batch earlier', () => {
    expect(isSlotFree(asBatchNumber(12), { size: 8, coveredTo: 4 })).toBe(true);
    expect(isSlotFree(asBatchNumber(12), { size: 8, coveredTo: 3 })).toBe(false);
  });
});
