import { describe, expect, test } from 'vitest';
import { STORED_JSON_DEPTH_MAX } from '../../../lib/model/limits.ts';
import { ByteReader, ByteWriter } from '../../../lib/state/codec.ts';
import { decodeValueColumn, encodeValueColumn } from '../../../lib/state/value-column.ts';
import { hexOf } from './support.ts';

function written(values: readonly unknown[] | null): string {
  const writer = new ByteWriter();
  encodeValueColumn(writer, values);
  return hexOf(writer.finish());
}
const decoded = (hex: string, count: number) => {
  const reader = new ByteReader(Buffer.from(hex, 'hex'));
  const values = decodeValueColumn(reader, count);
  reader.end();
  return values;
};
const jsonColumn = (lengths: string, texts: string) =>
  `02${lengths}${Buffer.from(texts).toString('hex')}`;

describe('a column of values', () => {
  test.each([[null], [[]], [[undefined, undefined]]])(
    '%j holds nothing and is one byte',
    (values) => {
      expect(written(values)).toBe('00');
      expect(decoded('00', values?.length ?? 0)).toBeNull();
    },
  );

  test('of numbers is a column of doubles', () => {
    const bytes = '01' + '020000' + '040006' + '00';
    expect(written([1, undefined, 2])).toBe(bytes);
    expect(decoded(bytes, 3)).toEqual([1, undefined, 2]);
  });

  test('of other values is their JSON, empty where there is none', () => {
    const values = [null, undefined, 'é', { a: 1 }, 7];
    const bytes = jsonColumn('0400040701', 'null"é"{"a":1}7');
    expect(written(values)).toBe(bytes);
    expect(decoded(bytes, 5)).toEqual(values);
    expect(written([null])).toBe(jsonColumn('04', 'null'));
  });

  test.each([
    ['a form not known', '03', 1, 'no column of values has the tag 3'],
    ['fewer values than rows', '0200', 2, 'a column has fewer values than rows'],
    ['a value that is not JSON', jsonColumn('02', '{]'), 1, 'a stored value is not JSON'],
  ])('with %s is refused', (_, hex, count, message) => {
    expect(() => decoded(hex, count)).toThrow(message);
  });

  test('may hold nothing at the deepest level, and is refused for any value below it', () => {
    const nested = (levels: number, inner: unknown): unknown =>
      levels === 0 ? inner : ['beside', nested(levels - 1, inner), 1];
    const back = (value: unknown) => decoded(written([value]), 1);
    const deepest = nested(STORED_JSON_DEPTH_MAX, null);
    expect(back(deepest)).toEqual([deepest]);
    expect(() => back(nested(STORED_JSON_DEPTH_MAX, []))).toThrow(
      'nested more than 80 levels deep',
    );
  });

  test('has exactly as many values as there are rows', () => {
    expect(decoded('0200', 1)).toEqual([undefined]);
  });

  test('says what the parser says of a value that is not JSON', () => {
    expect(() => decoded(jsonColumn('02', '{]'), 1)).toThrow(
      expect.objectContaining({ kind: 'data', cause: expect.any(SyntaxError) }),
    );
  });
});
