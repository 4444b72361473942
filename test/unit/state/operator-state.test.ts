import { describe, expect, test } from 'vitest';
import { isEveryKeyGroup, OperatorState } from '../../../lib/state/operator-state.ts';
import type { DecodedRows } from '../../../lib/state/rows-codec.ts';

const KINDS = ['number', 'value'] as const;
const ALL = { firstKeyGroup: 0, lastKeyGroup: 255 };

/** Rows as they come out of stored bytes, all in key group `keyGroup`. */
const rowsOf = (keyGroup: number, ...rows: readonly (readonly [string, number, unknown?])[]) => ({
  texts: rows.map(([text]) => text),
  keyGroups: new Uint8Array(rows.length).fill(keyGroup),
  columns: [
    Float64Array.from(rows, ([, number]) => number),
    rows.every(([, , value]) => value === undefined) ? null : rows.map(([, , value]) => value),
  ],
});
/** Folds after-images. */
function fold(operator: OperatorState, rowKey: number, rows: DecodedRows): void {
  operator.foldRows(rowKey, operator.internKeys(rows), rows.columns);
}

/** What a row key holds, as `key number value`. */
function listed(operator: OperatorState, rowKey: number): string[] {
  const table = operator.tables.get(rowKey);
  return Array.from({ length: table?.count ?? 0 }, (_, slot) =>
    [
      operator.keys.textOf(table!.keyIds[slot]!),
      (table!.columns[0] as Float64Array)[slot],
      table!.getValue(1, slot) ?? '-',
    ].join(' '),
  );
}

describe('the rows of an operator', () => {
  test('are replaced by folded ones of the same key, also within one delta', () => {
    const operator = new OperatorState('o', 's', KINDS);
    fold(operator, 0, rowsOf(1, ['a', 1, 'x'], ['b', 2]));
    fold(operator, 0, rowsOf(1, ['b', 3, 'y'], ['c', 4], ['b', 5, 'z']));
    fold(operator, 0, rowsOf(1, ['a', 6]));
    expect(listed(operator, 0)).toEqual(['a 6 -', 'b 5 z', 'c 4 -']);
    expect(operator.rowCount()).toBe(3);
  });

  test('of a row key without any are no table', () => {
    const operator = new OperatorState('o', 's', KINDS);
    fold(operator, 0, rowsOf(1));
    operator.restoreRows(1, rowsOf(1));
    expect(operator.tables.size).toBe(0);
  });

  test('are restored table by table, in whatever order the tables come', () => {
    const operator = new OperatorState('o', 's', KINDS);
    operator.restoreRows(5, rowsOf(1, ['a', 1, 'x'], ['c', 2]));
    operator.restoreRows(4, rowsOf(1, ['b', 3], ['c', 4, 'y']));
    operator.restoreRows(5, rowsOf(2, ['d', 5]));
    expect(listed(operator, 5)).toEqual(['a 1 x', 'c 2 -', 'd 5 -']);
    expect(listed(operator, 4)).toEqual(['b 3 -', 'c 4 y']);
    expect(operator.keys.size).toBe(4);
  });

  test('are evicted by key group', () => {
    const operator = new OperatorState('o', 's', KINDS);
    for (const group of [4, 5, 6, 7]) fold(operator, 0, rowsOf(group, [`in ${group}`, group]));
    fold(operator, 1, rowsOf(5, ['other', 1]));
    operator.evict({ rowKey: 0, firstKeyGroup: 5, lastKeyGroup: 6 });
    expect(listed(operator, 0)).toEqual(['in 4 4 -', 'in 7 7 -']);
    operator.evict({ rowKey: 0, firstKeyGroup: 5, lastKeyGroup: 6 });
    expect(listed(operator, 0)).toEqual(['in 4 4 -', 'in 7 7 -']);
    operator.evict({ rowKey: 0, firstKeyGroup: 0, lastKeyGroup: 7 });
    expect([...operator.tables.keys()]).toEqual([1]);
    operator.evict({ rowKey: 1, ...ALL });
    operator.evict({ rowKey: 1, ...ALL });
    expect(operator.tables.size).toBe(0);
  });

  test.each([
    [0, 254],
    [1, 255],
  ])('outside of the key groups %i to %i stay', (firstKeyGroup, lastKeyGroup) => {
    const operator = new OperatorState('o', 's', KINDS);
    const kept = firstKeyGroup === 0 ? 255 : 0;
    fold(operator, 0, rowsOf(100, ['gone', 1]));
    fold(operator, 0, rowsOf(kept, ['kept', 1]));
    operator.evict({ rowKey: 0, firstKeyGroup, lastKeyGroup });
    expect(listed(operator, 0)).toEqual(['kept 1 -']);
  });

  test('mean what their schema says, and nothing else', () => {
    const operator = new OperatorState('o', 's', KINDS);
    operator.assertSchema('s', ['number', 'value']);
    for (const [id, kinds] of [
      ['t', ['number', 'value']],
      ['s', ['number', 'number']],
      ['s', ['number']],
    ] as const) {
      expect(() => operator.assertSchema(id, kinds)).toThrow(
        expect.objectContaining({ kind: 'invalid', code: 'state-schema-changed' }),
      );
    }
    expect(() => operator.assertSchema('t', KINDS)).toThrow(
      "the aggregation 'o' changed: its state was written for s, the pipeline now asks for t; " +
        'give the changed operator a new name with .named()',
    );
  });
});

test.each([
  [0, 255, true],
  [1, 255, false],
  [0, 254, false],
  [5, 7, false],
])('the key groups %i to %i are all of them: %s', (firstKeyGroup, lastKeyGroup, every) => {
  expect(isEveryKeyGroup({ firstKeyGroup, lastKeyGroup })).toBe(every);
});

test('keys without rows are forgotten once they are many beyond two for each row', () => {
  const operator = new OperatorState('o', 's', KINDS);
  const idle = (from: number, count: number) => {
    for (let n = from; n < from + count; n += 1) operator.keys.intern(`idle ${n}`, 7);
  };
  idle(0, 65_536);
  fold(operator, 0, rowsOf(1, ['a', 1], ['b', 2]));
  idle(65_536, 2);
  operator.trimKeys();
  expect(operator.keys.size).toBe(65_536 + 4);
  idle(65_538, 1);
  operator.trimKeys();
  expect(operator.keys.size).toBe(2);
  fold(operator, 0, rowsOf(1, ['c', 3]));
  expect(listed(operator, 0)).toEqual(['a 1 -', 'b 2 -', 'c 3 -']);
});

describe('the tables of closed windows', () => {
  test('are used again, empty', () => {
    const operator = new OperatorState('o', 's', KINDS);
    fold(operator, 0, rowsOf(1, ['a', 1, 'x']));
    const table = operator.tables.get(0);
    operator.evict({ rowKey: 0, ...ALL });
    fold(operator, 1, rowsOf(1, ['b', 2]));
    expect(operator.tables.get(1)).toBe(table);
    expect(listed(operator, 1)).toEqual(['b 2 -']);
  });

  test('are kept up to eight', () => {
    const operator = new OperatorState('o', 's', KINDS);
    const tables = Array.from({ length: 10 }, () => operator.newTable());
    expect(new Set(tables).size).toBe(10);
    for (const table of tables) operator.recycle(table);
    const again = tables.map(() => operator.newTable());
    expect(again.filter((table) => tables.includes(table))).toHaveLength(8);
  });
});

describe('the memory estimate of an operator', () => {
  // A key takes 96 bytes; a table has room for 16 rows of a key, a hash cell, and its columns.
  const TABLE_BYTES = 16 * (16 + 8 * KINDS.length);
  const estimate = (operator: OperatorState, { keys, tables }: { keys: number; tables: number }) =>
    operator.byteLengthEstimate() - keys * 96 - tables * TABLE_BYTES;

  test('counts keys, rooms for rows and values', () => {
    const operator = new OperatorState('o', 's', KINDS);
    expect(operator.byteLengthEstimate()).toBe(0);
    fold(operator, 0, rowsOf(1, ['a', 1], ['b', 1, 'four']));
    expect(estimate(operator, { keys: 2, tables: 1 })).toBe(16 + 4);
    operator.restoreRows(1, rowsOf(2, ['c', 1, null]));
    expect(estimate(operator, { keys: 3, tables: 2 })).toBe(16 + 4 + 8);
  });

  test('follows values that are replaced or gone', () => {
    const operator = new OperatorState('o', 's', KINDS);
    fold(operator, 0, rowsOf(1, ['a', 1, 'four'], ['b', 1, 'eleven long']));
    fold(operator, 0, rowsOf(1, ['a', 1, 'sixsix'], ['c', 1, '']));
    expect(estimate(operator, { keys: 3, tables: 1 })).toBe(3 * 16 + 6 + 11);
    fold(operator, 0, rowsOf(20, ['e', 1, 'xyz']));
    operator.evict({ rowKey: 0, firstKeyGroup: 20, lastKeyGroup: 255 });
    expect(estimate(operator, { keys: 4, tables: 1 })).toBe(3 * 16 + 6 + 11);
    fold(operator, 0, rowsOf(9, ['d', 1, 'x']));
    operator.evict({ rowKey: 0, firstKeyGroup: 0, lastKeyGroup: 1 });
    expect(estimate(operator, { keys: 5, tables: 1 })).toBe(16 + 1);
    operator.evict({ rowKey: 0, firstKeyGroup: 9, lastKeyGroup: 9 });
    expect(estimate(operator, { keys: 5, tables: 0 })).toBe(0);
  });

  test('follows adopted rows, in a table of their own or over others', () => {
    const operator = new OperatorState('o', 's', KINDS);
    const adopt = (...rows: readonly (readonly [string, unknown])[]) => {
      const table = operator.newTable();
      const base = operator.tables.get(0);
      const baseSlots = rows.map(([key, value]) => {
        const keyId = operator.keys.intern(key, 1);
        table.setValue(1, table.append(keyId), value);
        return base?.find(keyId) ?? -1;
      });
      operator.adoptTable(0, table, Int32Array.from(baseSlots));
    };
    adopt(['a', 'four'], ['b', undefined]);
    expect(estimate(operator, { keys: 2, tables: 1 })).toBe(16 + 4);
    adopt(['c', 'x'], ['a', 'sixsix'], ['b', null]);
    expect(estimate(operator, { keys: 3, tables: 1 })).toBe(16 + 1 + 16 + 6 + 8);
    adopt(['a', undefined]);
    expect(estimate(operator, { keys: 3, tables: 1 })).toBe(16 + 1 + 8);
    expect(listed(operator, 0).map((row) => row.split(' ')[0])).toEqual(['a', 'b', 'c']);
  });
});
