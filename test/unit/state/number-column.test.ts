import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../lib/state/codec.ts';
import {
  decodeNumberColumn,
  encodeNumberColumn,
  noNumberColumns,
} from '../../../lib/state/number-column.ts';
import { hexOf } from './support.ts';

/** Writes columns of one block and returns the bytes of each, after reading them back bit by bit. */
function written(...columns: readonly (readonly number[])[]): string[] {
  const earlier = noNumberColumns();
  const read = noNumberColumns();
  return columns.map((values) => {
    const writer = new ByteWriter();
    encodeNumberColumn(writer, Float64Array.from(values), earlier);
    const bytes = writer.finish();
    const reader = new ByteReader(bytes);
    const back = decodeNumberColumn(reader, values.length, read);
    reader.end();
    expect(hexOf(new Uint8Array(back.buffer, back.byteOffset, back.byteLength))).toBe(
      hexOf(new Uint8Array(Float64Array.from(values).buffer)),
    );
    return hexOf(bytes);
  });
}
const double = (value: number) => hexOf(new Uint8Array(Float64Array.of(value).buffer));
const doubles = (...values: number[]) => values.map(double).join('');
const ulps = (value: number, distance: number): number => {
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0]! += BigInt(distance);
  return new Float64Array(bits.buffer)[0]!;
};
const decoded = (hex: string, count: number, earlier = noNumberColumns()) => [
  ...decodeNumberColumn(new ByteReader(Buffer.from(hex, 'hex')), count, earlier),
];
const pattern = (length: number, at: (row: number) => number) =>
  Array.from({ length }, (_, row) => at(row));

describe('a column of doubles', () => {
  test('of one value is that value', () => {
    expect(written([7.25, 7.25, 7.25])).toEqual([`01${double(7.25)}`]);
    expect(written([-0, -0])).toEqual([`01${double(-0)}`]);
    expect(written([Number.NaN, Number.NaN])).toEqual([`01${double(Number.NaN)}`]);
    expect(written([])).toEqual([`01${double(0)}`]);
  });

  test('equal to an earlier one is its index', () => {
    expect(written([1, 2], [3, 5], [1, 2], [3, 5]).slice(2)).toEqual(['0000', '0001']);
  });

  test('is told from an earlier one by a single bit', () => {
    expect(written([1, 0], [1, -0])[1]).toBe(`03${doubles(1, -0)}`);
    expect(written([2, 1], [2, ulps(1, 1)])[1]).toBe('0200010202010002');
  });

  test('of integers is one number a row', () => {
    expect(written([1, -1, 2, 100])).toEqual(['020000' + '040306' + 'ca01' + '00']);
  });

  test.each([
    [[0.5, 1.5], 1, '0c20'],
    [[0.25, 1.5], 2, '34ae02'],
    [[0.125, 1], 3, 'fc01d20f'],
    [[0.0001, 1], 4, '04a29c01'],
    [[0.00001, 0.00002], 5, '0406'],
    [[0.000001, 0.000002], 6, '0406'],
  ])('%j has the fewest decimals that fit, %i', (values, decimals, rows) => {
    expect(written(values)).toEqual([`020${decimals}00${rows}00`]);
  });

  test('that fits no decimals is raw', () => {
    expect(written([1 / 3, 1e-7])).toEqual([`03${doubles(1 / 3, 1e-7)}`]);
  });

  test('says how far a sum lies from its decimals', () => {
    expect(written([0.1 + 0.2, 0.7 + 0.1, 0.5])).toEqual(['020100' + '08120c' + '01' + '020100']);
  });

  test.each([1, -1, 126, 127, -127])(
    'is scaled when a value is off by %i in the last place',
    (distance) => {
      const zigzag = distance < 0 ? -2 * distance - 1 : 2 * distance;
      const byte = zigzag.toString(16).padStart(2, '0');
      expect(written([1.1, 2, ulps(2.5, distance)])).toEqual([`020100182a34010000${byte}`]);
    },
  );

  test.each([128, -128, 1_000])(
    'is raw in a row that is off by %i in the last place',
    (distance) => {
      const far = ulps(2.5, distance);
      const tens = [11, 12, 13, 14, 15, 16, 17];
      expect(written([...tens.map((each) => each / 10), far])).toEqual([
        `020100${'181a1c1e202224'}01${'00'}${double(far)}`,
      ]);
    },
  );

  test('borrows from the high word of a double', () => {
    expect(written([ulps(3, -1), 5])).toEqual(['020000' + '080c' + '01' + '0100']);
    expect(written([ulps(-3, 1), 5])).toEqual(['020000' + '070c' + '01' + '0200']);
  });

  test('carries into the high word, and borrows from it, where the low word ends', () => {
    const read = (near: number, zigzag: number) => {
      const writer = new ByteWriter();
      for (const byte of [2, 0, 0]) writer.byte(byte);
      writer.varint(2 + 2 * near);
      for (const byte of [1, zigzag]) writer.byte(byte);
      return decoded(hexOf(writer.finish()), 1)[0];
    };
    const [low, high] = [2 ** 49, 2 ** 49 + 2 ** 29 - 1];
    expect(read(low + 1, 15)).toBe(low);
    expect(read(low, 1)).toBe(ulps(low, -1));
    expect(read(high, 14)).toBe(ulps(high, 7));
    expect(read(high, 16)).toBe(high + 1);
  });

  test('has one number for a row that holds nothing, and the raw value where none fits', () => {
    expect(written([1, Number.NaN, 2])).toEqual(['020000' + '040006' + '00']);
    const tens = [1, 2, 3, 4, 5, 6, 7];
    expect(written([...tens, Infinity])).toEqual([
      `020000${'0406080a0c0e10'}01${'00'}${double(Infinity)}`,
    ]);
    expect(written([...tens, -0])).toEqual([`020000${'0406080a0c0e10'}01${'00'}${double(-0)}`]);
  });

  test('has its raw values in the order of their rows', () => {
    const rows = [...pattern(14, (row) => row), 1e300, 1e200];
    expect(written(rows)[0]).toBe(
      `020000${rows
        .slice(0, 14)
        .map((row) => hexOf(Uint8Array.of(2 + 2 * row)))
        .join('')}010100${doubles(1e300, 1e200)}`,
    );
  });

  test.each([
    [2 ** 50 - 1, true],
    [2 ** 50, false],
    [1 - 2 ** 50, true],
    [-(2 ** 50), false],
  ])('holds the integer %d as a number of its own: %s', (value, scaled) => {
    const [bytes] = written([...pattern(7, (row) => row), value]);
    expect(bytes!.includes(double(value))).toBe(!scaled);
  });

  test('is raw once more than an eighth of its rows fit no decimals', () => {
    const mixed = (length: number, raw: number) =>
      pattern(length, (row) => (row < raw ? Math.PI * (row + 1) : row)).toReversed();
    expect(written(mixed(8, 1))[0]!.slice(0, 2)).toBe('02');
    expect(written(mixed(16, 2))[0]!.slice(0, 2)).toBe('02');
    expect(written(mixed(8, 2))[0]!.slice(0, 2)).toBe('03');
    expect(written(mixed(16, 3))[0]!.slice(0, 2)).toBe('03');
  });

  test('does not count the rows that hold nothing', () => {
    const rows = [Number.NaN, Number.NaN, Number.NaN, Number.NaN, 1 / 3, 2];
    expect(written(rows)[0]!.slice(0, 2)).toBe('03');
    expect(written([...pattern(16, () => Number.NaN), 3])[0]!.slice(0, 2)).toBe('02');
  });

  test('of many rows is judged by sixty-four of them', () => {
    const rare = pattern(640, (row) => (row % 10 === 0 ? row : Math.PI * (row + 1)));
    expect(written(rare)[0]!.slice(0, 2)).toBe('02');
    const common = pattern(640, (row) => (row % 10 === 0 ? Math.PI * (row + 1) : row));
    expect(written(common)[0]!.slice(0, 2)).toBe('03');
    const few = pattern(127, (row) => (row % 2 === 0 ? row : Math.PI * (row + 1)));
    expect(written(few)[0]!.slice(0, 2)).toBe('03');
  });
});

describe('differences to an earlier column', () => {
  test('are taken when they are shorter', () => {
    expect(written([1_000, 2_000, 3_000], [1_001, 2_000, 2_999])[1]).toBe(
      '020001' + '040203' + '00',
    );
    expect(written([1_000, 2_000, 3_000], [1, 2, 3])[1]).toBe('020000' + '040608' + '00');
  });

  test('are not taken when they are as long', () => {
    const earlier = [0, 0, 4, 2 ** 49];
    expect(written(earlier, [1, 1, 2, Number.NaN])[1]).toBe('0200000404060000');
    expect(written([0, 0, 4], [1, 1, 2])[1]).toBe('020000' + '040406' + '00');
  });

  test('are taken to the column to which they are shortest, the first of them', () => {
    const columns = written([1_000, 5_000], [1_009, 5_009], [1_010, 5_012], [1_010, 5_011]);
    expect(columns[3]!.slice(0, 6)).toBe('020003');
    expect(columns[2]!.slice(0, 6)).toBe('020002');
    expect(written([10, 900], [12, 902], [11, 901])[2]!.slice(0, 6)).toBe('020001');
  });

  test('are taken between equal decimals only', () => {
    expect(written([1_000.5, 2_000.5], [1_001, 2_001])[1]!.slice(0, 6)).toBe('020000');
    expect(written([1_000.5, 2_000.5], [1_001.5, 2_001.5])[1]!.slice(0, 6)).toBe('020101');
  });

  test('are never taken to a raw column', () => {
    const raw = [1 / 3, 1 / 7];
    expect(written(raw, [1_000, 2_000], [1_001, 2_001]).map((bytes) => bytes.slice(0, 6))).toEqual([
      `03${double(1 / 3).slice(0, 4)}`,
      '020000',
      '020002',
    ]);
  });

  test('may be taken to a constant column and to one that is the same as another', () => {
    const constant = written([1_000, 1_000], [1_001, 1_002])[1];
    expect(constant).toBe('020001' + '0406' + '00');
    expect(written([9, 8], [1_000, 2_000], [1_000, 2_000], [1_001, 2_001])[3]!.slice(0, 6)).toBe(
      '020002',
    );
  });

  test('count a row that holds nothing, or a raw one, as zero', () => {
    const tens = pattern(14, (row) => 1_000 * (row + 1));
    const earlier = [...tens, Number.NaN, 1e300];
    const [, bytes] = written(earlier, [...tens.map((each) => each + 1), 5, 6]);
    expect(bytes).toBe(`020001${'04'.repeat(14)}0c0e00`);
    const [, reverse] = written(
      [...tens, 5, 6],
      [...tens.map((each) => each + 1), Number.NaN, 1e300],
    );
    expect(reverse).toBe(`020001${'04'.repeat(14)}000100${double(1e300)}`);
  });

  test('are taken from values that lie off their decimals', () => {
    const sums = [1_000.1 + 0.2, 2_000.1 + 0.2, 5_000.7 + 0.1];
    expect(
      written(
        sums,
        sums.map((sum) => Math.round(sum * 10) / 10 + 1),
      )[1]!.slice(0, 6),
    ).toBe('020101');
  });

  test('of many rows are judged by a sample', () => {
    const base = pattern(2_560, (row) => 100_000 + row);
    const near = base.map((each, row) => (row % 10 === 0 && row > 0 ? each + 1 : 1));
    expect(written(base, near)[1]!.slice(0, 6)).toBe('020001');
    const far = base.map((each, row) => (row % 10 === 0 && row > 0 ? 1 : each + 1));
    expect(written(base, far)[1]!.slice(0, 6)).toBe('020000');
  });
});

describe('a column of doubles that cannot be read', () => {
  test.each([
    ['of a form not known', '04', 'no column of numbers has the tag 4'],
    ['the same as none before it', '0000', 'column 0 is not before this one'],
    ['a difference to none before it', '020001' + '04' + '00', 'column 0 is not before this one'],
    ['of seven decimals', '020700', 'a column has an unknown number of decimals'],
    ['cut off', `03${double(1).slice(2)}`, 'bytes are missing'],
  ])('is one %s', (_, hex, message) => {
    expect(() => decoded(hex, 1)).toThrow(message);
  });

  test('is never the column of another block', () => {
    const read = noNumberColumns();
    expect(decoded(`01${double(5)}`, 2, read)).toEqual([5, 5]);
    expect(decoded('0000', 2, read)).toEqual([5, 5]);
    expect(() => decoded('0002', 2, read)).toThrow('column 2 is not before this one');
    expect(() => decoded('0000', 2)).toThrow('column 0 is not before this one');
  });
});
