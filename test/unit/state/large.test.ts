// What shows only with more rows or keys than fit in a segment or in the dictionary's reserve.

import { expect, test } from 'vitest';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { type Change, draftOf, rowsOf, SCHEMA, segmentBytes } from './support.ts';

const change = (key: string, count: number, rowKey = 0): Change => ({
  rowKey,
  key,
  cells: [count, count / 10, null],
});

test('a snapshot of many rows is cut, and comes back as the same state', () => {
  const state = KeyedState.empty();
  const changes = Array.from({ length: 300_000 }, (_, index) => change(`key ${index}`, index % 7));
  state.adopt(draftOf(state, changes));
  const segments = state.encodeSegments();
  expect(segments.length).toBe(2);
  const restored = KeyedState.fromSegments(segments.map(({ bytes }) => bytes).toReversed());
  expect(restored.rowCount()).toBe(300_000);
  expect(segmentBytes(restored)).toEqual(segmentBytes(state));
});

test('keys without rows are forgotten once they are many', () => {
  const state = KeyedState.empty();
  for (let hour = 0; hour < 4; hour += 1) {
    const draft = draftOf(
      state,
      Array.from({ length: 40_000 }, (_, index) => change(`${hour} ${index}`, 1, hour)),
    );
    if (hour > 0) {
      const evicted = { rowKey: hour - 1, firstKeyGroup: 0, lastKeyGroup: 255 };
      draft.operator('totals', SCHEMA).evict(evicted);
    }
    state.adopt(draft);
  }
  const { keys } = state.draft().operator('totals', SCHEMA);
  expect(keys.size).toBeLessThan(160_000);
  expect(state.rowCount()).toBe(40_000);
  expect(rowsOf(state).get('3 3 17')).toEqual([1, 0.1, null]);
});
