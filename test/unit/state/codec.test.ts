import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../lib/model/errors.ts';
import { ByteReader, ByteWriter } from '../../../lib/state/codec.ts';
import { hexOf } from './support.ts';

const written = (write: (writer: ByteWriter) => void): string => {
  const writer = new ByteWriter();
  write(writer);
  return hexOf(writer.finish());
};
const reading = (hex: string) => new ByteReader(Buffer.from(hex, 'hex'));

describe('canonical bytes', () => {
  test.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 31 - 1, 'ffffffff07'],
    [2 ** 31, '8080808008'],
    [2 ** 32 + 5, '8580808010'],
    [2 ** 53 - 1, 'ffffffffffffff0f'],
  ])('the number %d is %s, seven bits a byte', (value, hex) => {
    expect(written((writer) => writer.varint(value))).toBe(hex);
    expect(reading(hex).varint()).toBe(value);
  });

  test.each([
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [-2, '03'],
    [-64, '7f'],
    [64, '8001'],
  ])('the signed number %d is %s', (value, hex) => {
    expect(written((writer) => writer.zigzag(value))).toBe(hex);
    expect(reading(hex).zigzag()).toBe(value);
  });

  test('a double is eight bytes, little endian', () => {
    expect(written((writer) => writer.float64(1.5))).toBe('000000000000f83f');
    const reader = reading('000000000000f83f0000000000000040');
    expect([reader.float64(), reader.float64()]).toEqual([1.5, 2]);
    reader.end();
  });

  test('a text is its length in bytes and UTF-8', () => {
    expect(written((writer) => writer.text('é'))).toBe('02c3a9');
    expect(written((writer) => writer.text(''))).toBe('00');
  });

  test('texts are all lengths, then all bytes', () => {
    expect(written((writer) => writer.texts(['ab', '', 'c']))).toBe('020001616263');
    expect(written((writer) => writer.texts(['a', 'é', '']))).toBe('01020061c3a9');
    expect(reading('020001616263').texts(3)).toEqual(['ab', '', 'c']);
    expect(reading('01020061c3a9').texts(3)).toEqual(['a', 'é', '']);
    expect(reading('').texts(0)).toEqual([]);
  });

  test('a byte order mark is part of a text', () => {
    expect(reading('03efbbbf').text()).toBe('\ufeff');
  });

  test('what was written stays when the bytes grow, little by little or at once', () => {
    const parts = [1_000, 24, 1, 900, 10_000].map((length, index) =>
      new Uint8Array(length).fill(index + 1),
    );
    const writer = new ByteWriter();
    for (const part of parts) writer.raw(part);
    for (let index = 0; index < 3_000; index += 1) writer.byte(index % 256);
    const expected = Buffer.concat([...parts, Uint8Array.from({ length: 3_000 }, (_, n) => n)]);
    expect(Buffer.from(writer.finish()).equals(expected)).toBe(true);
  });

  test.each<[string, (writer: ByteWriter) => void, string]>([
    ['a byte', (writer) => writer.byte(7), '07'],
    ['a number', (writer) => writer.varint(2 ** 53 - 1), 'ffffffffffffff0f'],
    ['a double', (writer) => writer.float64(1.5), '000000000000f83f'],
    ['bytes', (writer) => writer.raw(Uint8Array.of(1, 2, 3)), '010203'],
    ['a text', (writer) => writer.text('é'.repeat(20)), `28${'c3a9'.repeat(20)}`],
  ])('%s fits at whatever place the room ends', (_, write, hex) => {
    for (let before = 1_000; before <= 1_024; before += 1) {
      const bytes = written((writer) => {
        writer.raw(new Uint8Array(before));
        write(writer);
      });
      expect(bytes).toBe('00'.repeat(before) + hex);
    }
  });

  test('finished bytes are a copy', () => {
    const writer = new ByteWriter();
    writer.byte(1);
    const first = writer.finish();
    writer.byte(2);
    expect([first.length, writer.finish().length]).toEqual([1, 2]);
    expect(first.buffer.byteLength).toBe(1);
  });

  test('a part of a larger array is read from its own beginning to its own end', () => {
    const reader = new ByteReader(Uint8Array.of(9, 1, 2, 9).subarray(1, 3));
    expect(reader.remaining).toBe(2);
    expect([reader.byte(), reader.byte()]).toEqual([1, 2]);
    expect(() => reader.byte()).toThrow('1 bytes are missing where 0 are left');
  });

  test('bytes are taken as they stand', () => {
    const reader = reading('010203');
    expect([...reader.raw(2)]).toEqual([1, 2]);
    expect([...reader.raw(1)]).toEqual([3]);
    expect(() => reader.raw(1)).toThrow('1 bytes are missing where 0 are left');
  });
});

describe('bytes that cannot be read', () => {
  const refusal = (read: () => unknown): EngineError => {
    try {
      read();
    } catch (error) {
      return error as EngineError;
    }
    throw new Error('it was read');
  };

  test('are an error of data with a stable code', () => {
    const error = refusal(() => reading('').byte());
    expect(error).toBeInstanceOf(EngineError);
    expect([error.kind, error.code]).toEqual(['data', 'state-bytes-invalid']);
    expect(error.message).toBe('stored state cannot be read: 1 bytes are missing where 0 are left');
  });

  test.each<[string, string, (reader: ByteReader) => unknown]>([
    ['a double', '00000000000000', (reader) => reader.float64()],
    ['a number', '80', (reader) => reader.varint()],
    ['a text', '0361', (reader) => reader.text()],
    ['the second text', '0101', (reader) => reader.texts(2)],
  ])('%s that ends too early', (_, hex, read) => {
    expect(() => read(reading(hex))).toThrow(/^stored state .* bytes are missing where/);
  });

  test.each([
    ['ffffffffffffffff01', 'of nine bytes'],
    ['808080808080808000', 'of nine bytes, though it is zero'],
    ['ffffffffffffff10', 'of 2^53 and more'],
    ['8080808080808010', 'of 2^53'],
  ])('%s: a number %s', (hex) => {
    expect(() => reading(hex).varint()).toThrow('a number has more than 53 bits');
  });

  test('a count of more things than there are bytes', () => {
    expect(reading('03000000').count('rows')).toBe(3);
    expect(() => reading('030000').count('rows')).toThrow('3 rows do not fit in 2 bytes');
    expect(reading('01000000').count('evictions', 3)).toBe(1);
    expect(() => reading('010000').count('evictions', 3)).toThrow(
      '1 evictions do not fit in 2 bytes',
    );
  });

  test('a text that is not UTF-8, whole or where texts meet', () => {
    const error = refusal(() => reading('01ff').text());
    expect(error.message).toBe('stored state cannot be read: a text is not UTF-8');
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(() => reading('0101c3a9').texts(2)).toThrow('a text is not UTF-8');
  });

  test('bytes that are left over', () => {
    const reader = reading('0102');
    expect(() => reader.end()).toThrow('2 bytes are left over');
    reader.raw(2);
    reader.end();
  });
});
