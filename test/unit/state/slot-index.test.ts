import { describe, expect, test } from 'vitest';
import { SlotIndex } from '../../../lib/state/slot-index.ts';

/** An index over a column of key ids, filled in slot order. */
function indexOf(ids: readonly number[]): { index: SlotIndex; keyIds: Int32Array } {
  const index = new SlotIndex();
  const keyIds = Int32Array.from(ids);
  for (const slot of keyIds.keys()) index.add(slot, keyIds);
  return { index, keyIds };
}

// The lowest four bits of an id choose its cell while there are few, so that these meet in one.
const COLLIDING = [0, 16, 32, 48, 64];

describe('an index of slots', () => {
  test('finds every key that was added and no other', () => {
    const ids = Array.from({ length: 1_000 }, (_, n) => n * 7);
    const { index, keyIds } = indexOf(ids);
    for (const [slot, id] of ids.entries()) expect(index.find(id, keyIds)).toBe(slot);
    for (const id of ids) expect(index.find(id + 1, keyIds)).toBe(-1);
  });

  test('tells keys apart that share a cell', () => {
    const { index, keyIds } = indexOf(COLLIDING);
    expect(COLLIDING.map((id) => index.find(id, keyIds))).toEqual([0, 1, 2, 3, 4]);
    expect(index.find(80, keyIds)).toBe(-1);
  });

  test('goes on at its beginning when the cells at its end are taken', () => {
    // 0x9e3779b1 ends in 1, so that an id's lowest bits are its cell: 15 is the last of sixteen.
    const ids = [15, 31, 47, 0];
    const { index, keyIds } = indexOf(ids);
    expect(ids.map((id) => index.find(id, keyIds))).toEqual([0, 1, 2, 3]);
    index.removeLast(3, keyIds);
    index.removeLast(2, keyIds);
    expect(ids.map((id) => index.find(id, keyIds))).toEqual([0, 1, -1, -1]);
  });

  test('forgets the slot that was added last', () => {
    const { index, keyIds } = indexOf(COLLIDING);
    for (let slot = COLLIDING.length - 1; slot >= 0; slot -= 1) {
      index.removeLast(slot, keyIds);
      expect(COLLIDING.map((id) => index.find(id, keyIds))).toEqual(
        COLLIDING.map((_, place) => (place < slot ? place : -1)),
      );
    }
  });

  test('is empty once cleared, and used again', () => {
    const { index, keyIds } = indexOf(COLLIDING);
    index.clear();
    expect(COLLIDING.map((id) => index.find(id, keyIds))).toEqual([-1, -1, -1, -1, -1]);
    const others = Int32Array.of(64, 3);
    index.add(0, others);
    index.add(1, others);
    expect([64, 3, 0].map((id) => index.find(id, others))).toEqual([0, 1, -1]);
  });

  test('finds no key that is absent when room is made for one more than it holds', () => {
    const ids = Array.from({ length: 32 }, (_, n) => n);
    const { index, keyIds } = indexOf(ids);
    index.reserve(33, ids.length, keyIds);
    expect(index.find(32, keyIds)).toBe(-1);
    expect(ids.map((id) => index.find(id, keyIds))).toEqual(ids);
  });

  test('keeps what it holds when room is made, and always has a free cell', () => {
    for (const count of [1, 8, 9, 16, 40, 1_000]) {
      const ids = Array.from({ length: 5 }, (_, n) => n * 16);
      const { index, keyIds } = indexOf(ids);
      index.reserve(count, ids.length, keyIds);
      const more = Int32Array.from({ length: 5 + count }, (_, n) => n * 16);
      for (let slot = 5; slot < more.length; slot += 1) index.add(slot, more);
      for (const [slot, id] of more.entries()) expect(index.find(id, more)).toBe(slot);
      expect(index.find(more.length * 16, more)).toBe(-1);
    }
  });
});
