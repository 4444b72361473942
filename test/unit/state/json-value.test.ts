import { describe, expect, test } from 'vitest';
import { JSON_DEPTH_MAX } from '../../../lib/model/limits.ts';
import {
  copyJson,
  estimateJsonBytes,
  isPlainJson,
  type JsonValue,
  setOwn,
} from '../../../lib/state/json-value.ts';

/** An array in an array in an array. */
const nested = (depth: number): unknown => {
  let value: unknown = [];
  for (let level = 1; level < depth; level += 1) value = [value];
  return value;
};
const withHole: unknown[] = [1, 2, 3];
delete withHole[1];

describe('plain JSON', () => {
  test.each<[string, unknown]>([
    ['a text', 'a'],
    ['true', true],
    ['null', null],
    ['a number', -1.5],
    ['an array', [1, 'a', null, [true]]],
    ['an object', { a: 1, b: { c: [] } }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['a member named __proto__', JSON.parse('{"__proto__":1}')],
    ['the deepest nesting', nested(JSON_DEPTH_MAX)],
  ])('includes %s', (_, value) => {
    expect(isPlainJson(value)).toBe(true);
    expect(isPlainJson([value], JSON_DEPTH_MAX + 1)).toBe(true);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a big integer', 1n],
    ['NaN', Number.NaN],
    ['infinity', Infinity],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a boxed text', new String('a')],
    ['an object of a class', new (class Row {})()],
    ['an array of a class', new (class Rows extends Array {})()],
    ['an array with a hole', withHole],
    ['an array with a property', Object.assign([1], { extra: 1 })],
    ['an object with a symbol', { [Symbol('a')]: 1 }],
    ['an object with a hidden member', Object.defineProperty({}, 'a', { value: 1 })],
    [
      'an object with a getter',
      {
        get a() {
          return 1;
        },
      },
    ],
    ['one level more than the deepest', nested(JSON_DEPTH_MAX + 1)],
  ])('excludes %s, also inside of arrays and objects', (_, value) => {
    expect(isPlainJson(value)).toBe(false);
    expect(isPlainJson([1, value], JSON_DEPTH_MAX)).toBe(false);
    expect(isPlainJson({ a: 1, b: value }, JSON_DEPTH_MAX)).toBe(false);
  });

  test('counts objects and arrays as levels, texts and numbers not', () => {
    expect(isPlainJson('a', 0)).toBe(true);
    expect(isPlainJson(null, 0)).toBe(true);
    expect(isPlainJson([], 0)).toBe(false);
    expect(isPlainJson({}, 0)).toBe(false);
    expect(isPlainJson({ a: 1 }, 1)).toBe(true);
    expect(isPlainJson([1], 1)).toBe(true);
    expect(isPlainJson({ a: {} }, 1)).toBe(false);
    expect(isPlainJson([[]], 1)).toBe(false);
  });
});

describe('a copy of JSON', () => {
  test('is equal and shares nothing', () => {
    const value = { a: [1, { b: null }], c: 'text', d: false };
    const copy = copyJson(value) as typeof value;
    expect(copy).toEqual(value);
    expect(copy).not.toBe(value);
    expect(copy.a).not.toBe(value.a);
    expect(copy.a[1]).not.toBe(value.a[1]);
  });

  test('has zero where minus zero was', () => {
    expect(Object.is(copyJson(-0), 0)).toBe(true);
    expect(Object.is((copyJson([-0]) as number[])[0], 0)).toBe(true);
  });

  test('has a plain prototype', () => {
    const value = Object.assign(Object.create(null), { a: 1 }) as JsonValue;
    expect(Object.getPrototypeOf(copyJson(value))).toBe(Object.prototype);
  });

  test('keeps a member named __proto__ as a member like any other', () => {
    const copy = copyJson(JSON.parse('{"__proto__":{"a":1},"b":2}')) as Record<string, JsonValue>;
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"a":1},"b":2}');
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    setOwn(copy, '__proto__', 3);
    expect(JSON.stringify(copy)).toBe('{"__proto__":3,"b":2}');
    expect(Object.getOwnPropertyDescriptor(copy, '__proto__')).toEqual({
      value: 3,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });
});

test.each<[unknown, number]>([
  [null, 8],
  [undefined, 8],
  [1, 8],
  [true, 8],
  ['', 16],
  ['abc', 19],
  [[], 32],
  [[1, 'a'], 57],
  [{}, 32],
  [{ ab: 1 }, 42],
  [{ a: [1], bc: 'd' }, 92],
])('%j is taken for %d bytes of memory', (value, bytes) => {
  expect(estimateJsonBytes(value)).toBe(bytes);
});
