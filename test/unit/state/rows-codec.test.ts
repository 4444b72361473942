import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../lib/state/codec.ts';
import { KeyDictionary } from '../../../lib/state/key-dictionary.ts';
import { type ColumnKind, RowTable } from '../../../lib/state/row-table.ts';
import {
  decodeRows,
  encodeRows,
  slotsByKey,
  slotsByKeyGroup,
} from '../../../lib/state/rows-codec.ts';
import { hexOf } from './support.ts';

/** A table of one double per row, its number being its place in `listed`: `group text`. */
function tableOf(listed: readonly string[], kinds: readonly ColumnKind[] = ['number']) {
  const table = new RowTable(kinds);
  const keys = new KeyDictionary();
  for (const [row, each] of listed.entries()) {
    const text = each.slice(each.indexOf(' ') + 1);
    const slot = table.append(keys.intern(text, Number.parseInt(each, 10)));
    (table.columns[0] as Float64Array)[slot] = row;
  }
  return { table, keys };
}
const named = (listed: readonly string[], slots: Int32Array) =>
  Array.from(slots, (slot) => listed[slot]);
const read = (hex: string, kinds: readonly ColumnKind[] = []) =>
  decodeRows(new ByteReader(Buffer.from(hex, 'hex')), kinds);

describe('the order of rows', () => {
  const listed = ['7 c', '0 b', '255 z', '7 a', '0 d', '7 e'];

  test('is that of key groups, and of arrival in each', () => {
    const { table, keys } = tableOf(listed);
    expect(named(listed, slotsByKeyGroup(table, keys))).toEqual([
      '0 b',
      '0 d',
      '7 c',
      '7 a',
      '7 e',
      '255 z',
    ]);
  });

  test('is that of key texts within a key group, where it must not depend on arrival', () => {
    const { table, keys } = tableOf(listed);
    expect(named(listed, slotsByKey(table, keys))).toEqual([
      '0 b',
      '0 d',
      '7 a',
      '7 c',
      '7 e',
      '255 z',
    ]);
  });

  test.each([1, 2, 31, 32, 33, 34, 100])('of %i rows in each of three key groups', (count) => {
    const texts = Array.from({ length: count }, (_, n) => `${(n * 37) % 101}`);
    const rows = texts.flatMap((text) => [`9 x${text}`, `4 y${text}`, `5 z${text}`]);
    const { table, keys } = tableOf(rows);
    const ordered = texts.toSorted();
    expect(named(rows, slotsByKey(table, keys))).toEqual([
      ...ordered.map((text) => `4 y${text}`),
      ...ordered.map((text) => `5 z${text}`),
      ...ordered.map((text) => `9 x${text}`),
    ]);
  });

  test('of no rows is empty', () => {
    const { table, keys } = tableOf([]);
    expect([slotsByKeyGroup(table, keys).length, slotsByKey(table, keys).length]).toEqual([0, 0]);
  });
});

describe('a block of rows', () => {
  test('is counts, distances of key groups, keys and columns', () => {
    const { table, keys } = tableOf(['255 c', '0 a', '3 b', '0 d'], ['number', 'value']);
    table.setValue(1, 2, 'x');
    const writer = new ByteWriter();
    encodeRows(writer, table, { keys, slots: slotsByKeyGroup(table, keys) });
    const bytes = writer.finish();
    expect(hexOf(bytes)).toBe(
      [
        '04',
        '03' + '0002' + '0301' + 'fc0101',
        '01010101' + '61646263',
        '020000' + '04080602' + '00',
        '02' + '00000300' + '227822',
      ].join(''),
    );
    const rows = decodeRows(new ByteReader(bytes), table.kinds);
    expect(rows.texts).toEqual(['a', 'd', 'b', 'c']);
    expect([...rows.keyGroups]).toEqual([0, 0, 3, 255]);
    expect(rows.columns).toEqual([
      Float64Array.of(1, 3, 2, 0),
      [undefined, undefined, 'x', undefined],
    ]);
  });

  test('holds the rows in the slots asked for, and only these', () => {
    const { table, keys } = tableOf(['1 a', '1 b', '2 c'], ['number', 'value']);
    const writer = new ByteWriter();
    encodeRows(writer, table, { keys, slots: Int32Array.of(1, 2) });
    const rows = decodeRows(new ByteReader(writer.finish()), table.kinds);
    expect(rows).toEqual({
      texts: ['b', 'c'],
      keyGroups: Uint8Array.of(1, 2),
      columns: [Float64Array.of(1, 2), null],
    });
  });

  test('refers to columns of the same block only', () => {
    const { table, keys } = tableOf(['1 a', '1 b'], ['number', 'number']);
    (table.columns[1] as Float64Array).set([0, 1]);
    const writer = new ByteWriter();
    const slots = Int32Array.of(0, 1);
    encodeRows(writer, table, { keys, slots });
    encodeRows(writer, table, { keys, slots });
    const reader = new ByteReader(writer.finish());
    const first = decodeRows(reader, table.kinds);
    expect(decodeRows(reader, table.kinds)).toEqual(first);
    expect(first.columns).toEqual([Float64Array.of(0, 1), Float64Array.of(0, 1)]);
  });

  test.each([
    ['more rows than bytes', '030000', '3 rows do not fit in 2 bytes'],
    ['more key groups than bytes', '0101' + '00', '1 key groups do not fit in 1 bytes'],
    ['a key group beyond the last', '01' + '01' + '800201' + '0161', 'a key group is off'],
    [
      'key groups that add up to one beyond the last',
      '02' + '02' + 'ff0101' + '0101' + '0000',
      'a key group is off',
    ],
    [
      'more rows in a key group than there are',
      '01' + '01' + '0002' + '0161',
      'a key group is off',
    ],
    [
      'more rows in all key groups than there are',
      '02' + '02' + '0001' + '0102' + '0000',
      'a key group is off',
    ],
    ['rows in no key group', '02' + '01' + '0001' + '0000', 'rows are without a key group'],
    ['fewer keys than rows', '02' + '01' + '0002' + '00', 'there are fewer keys than rows'],
  ])('with %s is refused', (_, hex, message) => {
    expect(() => read(hex)).toThrow(message);
  });

  test('with the last key group, and with exactly its rows, is read', () => {
    expect([...read('01' + '01' + 'ff0101' + '00').keyGroups]).toEqual([255]);
    expect(read('02' + '01' + '0002' + '0000').texts).toEqual(['', '']);
  });

  test('that would unfold to more cells than memory holds is refused', () => {
    const rows = 2 ** 17;
    const header = new ByteWriter();
    header.varint(rows);
    header.raw(new Uint8Array(rows));
    const kinds = (count: number) => new Array<ColumnKind>(count).fill('value');
    const bytes = header.finish();
    expect(() => decodeRows(new ByteReader(bytes), kinds(1_025))).toThrow(
      '131072 rows are too many',
    );
    expect(() => decodeRows(new ByteReader(bytes), kinds(1_024))).toThrow('without a key group');
  });
});
