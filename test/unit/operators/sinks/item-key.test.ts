import { describe, expect, test } from 'vitest';
import { decodeItemKey, encodePk, encodeSk } from '../../../../lib/operators/sinks/item-key.ts';

const sk = encodeSk(null);

test('a text key is its own pk, so that a row can be read by its key', () => {
  expect(encodePk(['LAS'])).toBe('LAS');
  expect(encodePk(['__proto__'])).toBe('__proto__');
  expect(encodePk(['a\0b'])).toBe('a\0b');
});

test('what would be no key attribute, or another key, is escaped', () => {
  expect(encodePk([''])).toBe('~s');
  expect(encodePk(['~s'])).toBe('~s~s');
  expect(encodePk([1])).toBe('~j1');
  expect(encodePk(['1'])).toBe('1');
  expect(encodePk([null])).toBe('~jnull');
  expect(encodePk(['null'])).toBe('null');
  expect(encodePk(['a', 1])).toBe('~j["a",1]');
  expect(encodePk([])).toBe('~j[]');
});

test('composed and decomposed accents are two keys', () => {
  expect(encodePk(['\u00e9'])).not.toBe(encodePk(['e\u0301']));
});

describe('keys that are too long', () => {
  test('2,048 bytes fit, one more is shortened to a head and a digest', () => {
    expect(encodePk(['x'.repeat(2_048)])).toBe('x'.repeat(2_048));
    expect(encodePk(['é'.repeat(1_024)])).toBe('é'.repeat(1_024));
    const shortened = encodePk(['x'.repeat(2_049)])!;
    expect(shortened).toMatch(/^~hx{256}[0-9a-f]{64}$/);
    expect(decodeItemKey({ pk: shortened, sk })).toEqual({
      kind: 'digest',
      head: 'x'.repeat(256),
      sha256: shortened.slice(-64),
      windowStart: null,
    });
  });

  test('keys that differ only far behind their head stay apart', () => {
    const keys = ['a', 'b', '~a', ''].map((end) => encodePk([`${'y'.repeat(3_000)}${end}`]));
    expect(new Set(keys).size).toBe(4);
  });

  test('a head never ends inside of a character', () => {
    const pk = encodePk([`x${'東'.repeat(1_000)}`])!;
    expect(pk.slice(2, -64)).toBe(`x${'東'.repeat(85)}`);
  });

  test('a text that looks like a digest is not mistaken for one', () => {
    const pk = encodePk([encodePk(['x'.repeat(3_000)])])!;
    expect(pk.startsWith('~s~h')).toBe(true);
    expect(decodeItemKey({ pk, sk })).toMatchObject({ kind: 'values' });
  });
});

test('only scalars of well-formed text are keys', () => {
  for (const value of [undefined, Number.NaN, Infinity, {}, [], 1n, 'a\ud800', () => 1]) {
    expect(encodePk([value])).toBeNull();
    expect(encodePk(['a', value])).toBeNull();
  }
});

test('the sort key is the start of the window, or a dash without windows', () => {
  expect(encodeSk('2001-01-31T07:00:00.000Z')).toBe('2001-01-31T07:00:00.000Z');
  expect(encodeSk(null)).toBe('-');
  expect(encodeSk('-')).toBe('~s-');
  expect(Buffer.byteLength(encodeSk('z'.repeat(2_000)))).toBeLessThanOrEqual(1_024);
  expect(decodeItemKey({ pk: 'a', sk: '2001-01-31T07:00:00.000Z' })).toEqual({
    kind: 'values',
    values: ['a'],
    windowStart: '2001-01-31T07:00:00.000Z',
  });
});

test.each(['~j', '~j{', '~j{"a":1}', '~j[[1]]', '~h', '~hhead', `~h${'g'.repeat(64)}`])(
  'the key %s, which is of no written form, is refused',
  (pk) => {
    expect(() => decodeItemKey({ pk, sk })).toThrow(
      expect.objectContaining({ kind: 'data', code: 'item-key-invalid' }),
    );
  },
);
