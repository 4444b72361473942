import { describe, expect, test } from 'vitest';
import { RowTable } from '../../../lib/state/row-table.ts';

/** A table of a double and a JSON value per row. */
function tableOf(rows: readonly (readonly [keyId: number, number: number, value: unknown])[]) {
  const table = new RowTable(['number', 'value']);
  for (const [keyId, number, value] of rows) {
    const slot = table.append(keyId);
    numbersOf(table)[slot] = number;
    table.setValue(1, slot, value);
  }
  return table;
}
const numbersOf = (table: RowTable) => table.columns[0] as Float64Array;
const rowsOf = (table: RowTable) =>
  Array.from({ length: table.count }, (_, slot) => [
    table.keyIds[slot],
    numbersOf(table)[slot],
    table.getValue(1, slot),
  ]);

describe('a table of rows', () => {
  test('finds the slot of each key', () => {
    const table = tableOf([
      [5, 1, 'a'],
      [9, 2, 'b'],
    ]);
    expect([5, 9, 7].map((keyId) => table.find(keyId))).toEqual([0, 1, -1]);
    expect(rowsOf(table)).toEqual([
      [5, 1, 'a'],
      [9, 2, 'b'],
    ]);
  });

  test('keeps its rows while it grows', () => {
    const rows = Array.from({ length: 100 }, (_, n) => [n * 3, n / 2, `${n}`] as const);
    const table = tableOf(rows);
    expect(rowsOf(table)).toEqual(rows);
    expect(table.keyIds.length).toBe(128);
    table.reserve(500);
    expect(table.keyIds.length).toBe(500);
    expect(numbersOf(table).length).toBe(500);
    table.reserve(10);
    expect(table.keyIds.length).toBe(500);
    expect(rowsOf(table)).toEqual(rows);
    expect(rows.map(([keyId]) => table.find(keyId))).toEqual(rows.map((_, slot) => slot));
  });

  test('holds no memory for values before there is one', () => {
    const table = tableOf([
      [1, 0, undefined],
      [2, 0, undefined],
    ]);
    expect(table.columns[1]).toBeNull();
    expect(table.getValue(1, 0)).toBeUndefined();
    table.setValue(1, 1, 'b');
    expect(table.columns[1]).toEqual([undefined, 'b']);
    table.setValue(1, 1, undefined);
    expect(table.getValue(1, 1)).toBeUndefined();
  });

  test('has no holes in a column of values that began late', () => {
    const table = tableOf([
      [1, 0, undefined],
      [2, 0, undefined],
      [3, 0, 'c'],
    ]);
    expect(Object.keys(table.columns[1]!)).toEqual(['0', '1', '2']);
  });

  test('leaves nothing of a row that is taken back', () => {
    const table = tableOf([
      [1, 1, 'a'],
      [2, 2, 'b'],
    ]);
    table.removeLast();
    expect(table.find(2)).toBe(-1);
    expect(rowsOf(table)).toEqual([[1, 1, 'a']]);
    const slot = table.append(3);
    expect(slot).toBe(1);
    expect(table.getValue(1, slot)).toBeUndefined();
    const without = tableOf([[1, 1, undefined]]);
    without.removeLast();
    expect(without.columns[1]).toBeNull();
  });

  test('copies whole rows', () => {
    const from = tableOf([
      [1, 1.5, 'a'],
      [2, 2.5, undefined],
    ]);
    const table = tableOf([
      [7, 0, 'x'],
      [8, 0, 'y'],
    ]);
    table.copyRow(1, from, 0);
    table.copyRow(0, from, 1);
    expect(rowsOf(table)).toEqual([
      [7, 2.5, undefined],
      [8, 1.5, 'a'],
    ]);
  });

  test('takes stored columns to the slots of their rows', () => {
    const table = tableOf([
      [1, 0, 'x'],
      [2, 0, 'y'],
      [3, 0, 'z'],
    ]);
    table.writeColumn(0, Float64Array.of(10, 30), Int32Array.of(0, 2));
    table.writeColumn(1, ['a', undefined], Int32Array.of(0, 2));
    expect(rowsOf(table)).toEqual([
      [1, 10, 'a'],
      [2, 0, 'y'],
      [3, 30, undefined],
    ]);
  });

  test('takes a stored column without values for nothing in each of its rows', () => {
    const table = tableOf([
      [1, 0, 'x'],
      [2, 0, 'y'],
    ]);
    table.writeColumn(1, null, Int32Array.of(1));
    expect(rowsOf(table)).toEqual([
      [1, 0, 'x'],
      [2, 0, undefined],
    ]);
    const empty = tableOf([[1, 0, undefined]]);
    empty.writeColumn(1, null, Int32Array.of(0));
    expect(empty.columns[1]).toBeNull();
    empty.writeColumn(1, ['a'], Int32Array.of(0));
    expect(empty.getValue(1, 0)).toBe('a');
  });

  test('is empty once cleared, keeps its memory and shows nothing of its past', () => {
    const table = tableOf(Array.from({ length: 100 }, (_, n) => [n, n, `${n}`] as const));
    table.clear();
    expect([table.count, table.find(5), table.keyIds.length]).toEqual([0, -1, 128]);
    expect(table.columns[1]).toBeNull();
    expect(numbersOf(table).length).toBe(128);
    const slot = table.append(5);
    expect([slot, table.find(5), table.getValue(1, slot)]).toEqual([0, 0, undefined]);
  });
});
