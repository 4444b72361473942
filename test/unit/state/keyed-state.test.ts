import { describe, expect, test } from 'vitest';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { type Change, draftOf, put, rowsOf, SCHEMA, segmentBytes } from './support.ts';

const AWKWARD_KEYS = ['', '__proto__', 'constructor', '\u0000null', 'é', 'e\u0301', '𝄞', 'a"b\\c'];

const change = (key: string, count: number, rowKey = 0): Change => ({
  rowKey,
  key,
  cells: [count, count / 10, null],
});

describe('a draft', () => {
  test('leaves the warm state as it is until it is adopted', () => {
    const state = KeyedState.empty();
    state.adopt(draftOf(state, [change('ada', 1)]));
    const before = segmentBytes(state);
    const draft = draftOf(state, [change('ada', 2), change('bob', 1)]);
    expect(segmentBytes(state)).toEqual(before);
    expect(rowsOf(state).get('0 ada')).toEqual([1, 0.1, null]);
    state.adopt(draft);
    expect(rowsOf(state)).toEqual(
      new Map([
        ['0 ada', [2, 0.2, null]],
        ['0 bob', [1, 0.1, null]],
      ]),
    );
  });

  test('copies a row on first touch, so that running values go on', () => {
    const state = KeyedState.empty();
    state.adopt(draftOf(state, [change('ada', 5)]));
    const draft = state.draft();
    const operator = draft.operator('totals', SCHEMA);
    const table = operator.table(0);
    const slot = table.touch(operator.keys.find('ada'));
    expect((table.rows.columns[0] as Float64Array)[slot]).toBe(5);
  });

  test('that is thrown away leaves nothing behind', () => {
    const state = KeyedState.empty();
    state.adopt(draftOf(state, [change('ada', 1)]));
    const before = segmentBytes(state);
    draftOf(state, [change('ada', 9), change('eve', 9, 60_000)]);
    state.adopt(state.draft());
    expect(segmentBytes(state)).toEqual(before);
    expect(draftOf(state, [change('bob', 1)]).encodeDelta()).toEqual(
      draftOf(KeyedState.empty(), [change('bob', 1)]).encodeDelta(),
    );
  });

  test('has the shortest delta as long as nothing changes', () => {
    const draft = KeyedState.empty().draft();
    draft.operator('totals', SCHEMA).table(0);
    expect(draft.encodeDelta()).toEqual(Uint8Array.of(2, 0));
  });

  test('is adopted only by the state it was begun on', () => {
    const state = KeyedState.empty();
    const stale = draftOf(state, [change('ada', 1)]);
    state.adopt(draftOf(state, [change('bob', 1)]));
    expect(() => state.adopt(stale)).toThrow('a draft is adopted while the state is unchanged');
    expect(() => state.adopt({ encodeDelta: () => new Uint8Array() })).toThrow(
      'a draft is adopted by the state that began it',
    );
  });

  test('takes back what was noted since the mark, new rows and changed ones', () => {
    const state = KeyedState.empty();
    state.adopt(draftOf(state, [change('ada', 1)]));
    const draft = state.draft({ undoable: true });
    put(draft, change('ada', 2));
    put(draft, change('bob', 1));
    const kept = draft.encodeDelta();
    draft.journal.mark();
    put(draft, change('bob', 7));
    for (let index = 0; index < 100; index += 1) put(draft, change(`new ${index}`, index));
    put(draft, change('bob', 8));
    draft.journal.undo();
    expect(draft.encodeDelta()).toEqual(kept);
  });
});

describe('a delta', () => {
  test('folds to the same state as the draft that was adopted', () => {
    const live = KeyedState.empty();
    const replica = KeyedState.empty();
    const batches = [
      [change('ada', 1), change('bob', 2, 60_000)],
      [change('bob', 3, 60_000), change('cid', 4, -60_000)],
      AWKWARD_KEYS.map((key, index) => change(key, index)),
    ];
    for (const batch of batches) {
      const draft = draftOf(live, batch);
      const delta = draft.encodeDelta();
      live.adopt(draft);
      replica.applyDelta(delta);
      replica.applyDelta(delta);
      expect(segmentBytes(replica)).toEqual(segmentBytes(live));
    }
    expect(replica.rowCount()).toBe(3 + AWKWARD_KEYS.length);
  });

  test('gives back every double and every JSON value', () => {
    const doubles = [0, -0, Number.NaN, 0.1 + 0.2, 1e300, -5e-324, 2 ** 53, 12.34, -7, Infinity];
    const values = [undefined, null, 'text', '', true, [1, { a: null }], { ['__proto__']: 1 }, 1.5];
    const state = KeyedState.empty();
    const replica = KeyedState.empty();
    const changes = doubles.flatMap((double, row) =>
      values.map(
        (value, column): Change => ({
          rowKey: 0,
          key: `${row}-${column}`,
          cells: [double, 1 / (row + 1), value],
        }),
      ),
    );
    const draft = draftOf(state, changes);
    replica.applyDelta(draft.encodeDelta());
    for (const { key, cells } of changes) {
      const stored = rowsOf(replica).get(`0 ${key}`)!;
      expect(Object.is(stored[0], cells[0])).toBe(true);
      expect(stored[1]).toBe(cells[1]);
      expect(JSON.stringify(stored[2])).toBe(JSON.stringify(cells[2]));
    }
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  test('leaves no rows of an evicted window, and may be folded again', () => {
    const state = KeyedState.empty();
    const replica = KeyedState.empty();
    const first = draftOf(state, [change('ada', 1, 0), change('bob', 1, 3_600_000)]);
    replica.applyDelta(first.encodeDelta());
    state.adopt(first);
    const second = draftOf(state, [change('ada', 2, 0), change('cid', 1, 7_200_000)]);
    second.operator('totals', SCHEMA).evict({ rowKey: 0, firstKeyGroup: 0, lastKeyGroup: 255 });
    const delta = second.encodeDelta();
    state.adopt(second);
    replica.applyDelta(delta);
    replica.applyDelta(delta);
    expect([...rowsOf(replica).keys()].sort()).toEqual(['3600000 bob', '7200000 cid']);
    expect(segmentBytes(replica)).toEqual(segmentBytes(state));
  });

  test('evicts a range of key groups and keeps the others', () => {
    const state = KeyedState.empty();
    const keys = Array.from({ length: 200 }, (_, index) => `key ${index}`);
    state.adopt(
      draftOf(
        state,
        keys.map((key) => change(key, 1)),
      ),
    );
    const draft = draftOf(
      state,
      keys.map((key) => change(key, 2)),
    );
    draft.operator('totals', SCHEMA).evict({ rowKey: 0, firstKeyGroup: 0, lastKeyGroup: 127 });
    const replica = KeyedState.fromSegments(state.encodeSegments().map(({ bytes }) => bytes));
    replica.applyDelta(draft.encodeDelta());
    state.adopt(draft);
    expect(segmentBytes(replica)).toEqual(segmentBytes(state));
    expect(state.rowCount()).toBeGreaterThan(60);
    expect(state.rowCount()).toBeLessThan(140);
    expect([...rowsOf(state).values()].every(([count]) => count === 2)).toBe(true);
  });

  test('of another aggregation is refused with a sentence that says so', () => {
    const state = KeyedState.empty();
    state.adopt(draftOf(state, [change('ada', 1)]));
    expect(() => state.draft().operator('totals', { ...SCHEMA, id: 'max' })).toThrow(
      /the aggregation 'totals' changed/,
    );
    const other = KeyedState.empty().draft();
    const operator = other.operator('totals', { ...SCHEMA, id: 'max' });
    operator.table(0).touch(operator.keys.intern('ada', 3));
    expect(() => state.applyDelta(other.encodeDelta())).toThrow(/the aggregation 'totals' changed/);
  });
});

describe('a snapshot', () => {
  test('does not depend on the order in which rows came', () => {
    const changes = Array.from({ length: 300 }, (_, index) => change(`key ${index}`, index));
    const forward = KeyedState.empty();
    forward.adopt(draftOf(forward, changes));
    const backward = KeyedState.empty();
    for (const one of changes.toReversed()) backward.adopt(draftOf(backward, [one]));
    expect(segmentBytes(backward)).toEqual(segmentBytes(forward));
  });

  test('tiles the key groups, also of an empty state', () => {
    const segments = KeyedState.empty().encodeSegments();
    expect(
      segments.map(({ firstKeyGroup, lastKeyGroup }) => [firstKeyGroup, lastKeyGroup]),
    ).toEqual([[0, 255]]);
    expect(KeyedState.fromSegments([segments[0]!.bytes]).rowCount()).toBe(0);
  });

  test('that misses a segment, or has one twice, is an error and never an empty state', () => {
    expect(() => KeyedState.fromSegments([])).toThrow(/key group 0/);
    const { bytes } = KeyedState.empty().encodeSegments()[0]!;
    expect(() => KeyedState.fromSegments([bytes, bytes])).toThrow(/key group/);
  });
});

test('the memory estimate follows rows and values', () => {
  const state = KeyedState.empty();
  const empty = state.byteLengthEstimate();
  state.adopt(draftOf(state, [{ rowKey: 0, key: 'ada', cells: [1, 1, 'x'.repeat(10_000)] }]));
  expect(state.byteLengthEstimate() - empty).toBeGreaterThan(10_000);
  for (let batch = 0; batch < 5; batch += 1) {
    const cells = [1, 1, 'y'.repeat(10_000)] as const;
    state.adopt(draftOf(state, [{ rowKey: 0, key: 'ada', cells }]));
    state.applyDelta(draftOf(state, [{ rowKey: 0, key: 'ada', cells }]).encodeDelta());
  }
  expect(state.byteLengthEstimate() - empty).toBeLessThan(12_000);
  const draft = state.draft();
  draft.operator('totals', SCHEMA).evict({ rowKey: 0, firstKeyGroup: 0, lastKeyGroup: 255 });
  state.adopt(draft);
  expect(state.byteLengthEstimate() - empty).toBeLessThan(1_000);
});
