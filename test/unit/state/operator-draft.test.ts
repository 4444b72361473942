import { describe, expect, test } from 'vitest';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import type { OperatorDraft, StateSchema } from '../../../lib/state/operator-draft.ts';

const SCHEMA: StateSchema = {
  id: 'count last',
  columns: [{ kind: 'number', initial: 5 }, { kind: 'value' }],
};
const ALL = { firstKeyGroup: 0, lastKeyGroup: 255 };

/** Adds one to a row's count, and sets its value. */
function add(
  operator: OperatorDraft,
  rowKey: number,
  key: string,
  keyGroup: number,
  last?: unknown,
) {
  const table = operator.table(rowKey);
  const slot = table.touch(operator.keys.intern(key, keyGroup));
  (table.rows.columns[0] as Float64Array)[slot]! += 1;
  if (last !== undefined) table.rows.setValue(1, slot, last);
}
/** Changes state in a draft of its own. */
function change(state: KeyedState, changes: (operator: OperatorDraft) => void) {
  const draft = state.draft();
  changes(draft.operator('o', SCHEMA));
  state.adopt(draft);
}
/** All warm rows as `rowKey key count last`. */
function rowsOf(state: KeyedState): string[] {
  const operator = state.draft().operator('o', SCHEMA);
  return [...operator.state.tables].flatMap(([rowKey, table]) =>
    Array.from({ length: table.count }, (_, slot) =>
      [
        rowKey,
        operator.keys.textOf(table.keyIds[slot]!),
        (table.columns[0] as Float64Array)[slot],
        table.getValue(1, slot) ?? '-',
      ].join(' '),
    ),
  );
}

describe('the changed rows of a draft', () => {
  test('begin with what the schema says', () => {
    const state = KeyedState.empty();
    change(state, (operator) => add(operator, 0, 'ada', 1));
    expect(rowsOf(state)).toEqual(['0 ada 6 -']);
  });

  test('begin anew in memory that closed windows left', () => {
    const state = KeyedState.empty();
    change(state, (operator) => {
      for (const key of ['ada', 'bob']) add(operator, 0, key, 1, 'old');
    });
    change(state, (operator) => operator.evict({ rowKey: 0, ...ALL }));
    change(state, (operator) => {
      add(operator, 1, 'cid', 2);
      add(operator, 1, 'dan', 2, 'new');
      add(operator, 1, 'eve', 2);
    });
    expect(rowsOf(state)).toEqual(['1 cid 6 -', '1 dan 6 new', '1 eve 6 -']);
  });

  test('go on from the warm ones, however many there are', () => {
    const state = KeyedState.empty();
    const keys = Array.from({ length: 100 }, (_, n) => `key ${n}`);
    change(state, (operator) => {
      for (const key of keys) add(operator, 0, key, 1, key);
    });
    change(state, (operator) => {
      add(operator, 0, 'new', 1);
      for (const key of keys.toReversed()) add(operator, 0, key, 1);
      for (const key of keys) add(operator, 0, key, 1);
    });
    expect(rowsOf(state)).toEqual([...keys.map((key) => `0 ${key} 8 ${key}`), '0 new 6 -']);
  });

  test('are found again within the batch, the first one too', () => {
    const state = KeyedState.empty();
    change(state, (operator) => {
      for (const key of ['ada', 'bob', 'ada', 'bob', 'ada']) add(operator, 0, key, 1);
    });
    expect(rowsOf(state)).toEqual(['0 ada 8 -', '0 bob 7 -']);
  });

  test('are listed by row key, and only where something changed', () => {
    const operator = KeyedState.empty().draft().operator('o', SCHEMA);
    for (const rowKey of [3, -1, 2]) add(operator, rowKey, 'ada', 1);
    operator.table(9);
    expect(operator.changedTables().map(({ rowKey }) => rowKey)).toEqual([-1, 2, 3]);
  });
});

describe('the row keys of a draft', () => {
  test('are those with warm or changed rows, ascending', () => {
    const state = KeyedState.empty();
    change(state, (operator) => {
      for (const rowKey of [30, 4]) add(operator, rowKey, 'ada', 1);
    });
    const operator = state.draft().operator('o', SCHEMA);
    for (const rowKey of [4, 100, -1]) add(operator, rowKey, 'bob', 1);
    operator.table(7);
    expect(operator.rowKeys()).toEqual([-1, 4, 30, 100]);
  });

  test('have rows in the key groups of their keys', () => {
    const state = KeyedState.empty();
    change(state, (operator) => add(operator, 0, 'ada', 10));
    const operator = state.draft().operator('o', SCHEMA);
    add(operator, 0, 'bob', 20);
    add(operator, 5, 'cid', 30);
    const has = (rowKey: number, firstKeyGroup: number, lastKeyGroup: number) =>
      operator.hasRowsIn({ rowKey, firstKeyGroup, lastKeyGroup });
    expect([has(0, 10, 10), has(0, 0, 9), has(0, 11, 19), has(0, 21, 255)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([has(0, 20, 20), has(0, 0, 255), has(0, 15, 30)]).toEqual([true, true, true]);
    expect([has(5, 30, 255), has(5, 0, 29), has(6, 0, 255)]).toEqual([true, false, false]);
  });
});

describe('an eviction in a draft', () => {
  test('of every key group gives the memory of the changed rows to the next window', () => {
    const operator = KeyedState.empty().draft().operator('o', SCHEMA);
    add(operator, 0, 'ada', 1);
    const { rows } = operator.table(0);
    operator.evict({ rowKey: 0, ...ALL });
    expect(operator.tables.size).toBe(0);
    expect(operator.table(1).rows).toBe(rows);
  });

  test('leaves no trace of rows that were never stored', () => {
    const state = KeyedState.empty();
    const draft = state.draft();
    const operator = draft.operator('o', SCHEMA);
    add(operator, 0, 'ada', 1);
    operator.evict({ rowKey: 0, ...ALL });
    operator.evict({ rowKey: 1, ...ALL });
    expect(operator.evictions).toEqual([]);
    expect(draft.encodeDelta()).toEqual(Uint8Array.of(2, 0));
    add(operator, 0, 'bob', 1);
    state.adopt(draft);
    expect(rowsOf(state)).toEqual(['0 bob 6 -']);
  });

  test('of some key groups keeps the changed rows of all others', () => {
    const state = KeyedState.empty();
    const keys: readonly [string, number][] = [
      ['ada', 99],
      ['bob', 100],
      ['cid', 150],
      ['dan', 200],
      ['eve', 201],
    ];
    change(state, (operator) => {
      for (const [key, group] of keys) add(operator, 0, key, group, 'warm');
    });
    change(state, (operator) => {
      add(operator, 0, 'new', 50, 'new');
      add(operator, 0, 'gone', 120, 'gone');
      for (const [key, group] of keys.toReversed()) add(operator, 0, key, group);
      operator.evict({ rowKey: 0, firstKeyGroup: 100, lastKeyGroup: 200 });
      expect(operator.evictions).toHaveLength(1);
      add(operator, 0, 'ada', 99, 'again');
      add(operator, 0, 'late', 255, 'late');
    });
    expect(rowsOf(state).toSorted()).toEqual([
      '0 ada 8 again',
      '0 eve 7 warm',
      '0 late 6 late',
      '0 new 6 new',
    ]);
  });

  test.each([
    [0, 254, ['0 high 6 -']],
    [1, 255, ['0 low 6 -']],
  ])('of the key groups %i to %i is not one of all', (firstKeyGroup, lastKeyGroup, left) => {
    const state = KeyedState.empty();
    change(state, (operator) => {
      add(operator, 0, 'low', 0);
      add(operator, 0, 'high', 255);
      operator.evict({ rowKey: 0, firstKeyGroup, lastKeyGroup });
    });
    expect(rowsOf(state)).toEqual(left);
  });

  test('of some key groups keeps rows enough to fill a table, and more may come', () => {
    const state = KeyedState.empty();
    const keys = Array.from({ length: 40 }, (_, n) => `key ${n}`);
    change(state, (operator) => {
      for (const key of keys) add(operator, 0, key, 7);
      operator.evict({ rowKey: 0, firstKeyGroup: 8, lastKeyGroup: 255 });
      for (let n = 0; n < 100; n += 1) add(operator, 0, `more ${n}`, 7);
    });
    expect(rowsOf(state)).toHaveLength(140);
    expect(new Set(rowsOf(state)).size).toBe(140);
  });
});
