import { describe, expect, test } from 'vitest';
import type { ItemChange } from '../../../../lib/model/commit.ts';
import { Decimal } from '../../../../lib/model/decimal.ts';
import { createTableRows } from '../../../../lib/operators/sinks/table-rows.ts';
import type { EncodedRow } from '../../../../lib/operators/sinks/unstorable.ts';

const byUser = createTableRows({ keyFields: ['user'], windowed: false });
const byOriginAndHour = createTableRows({ keyFields: ['origin'], windowed: true });

function changeOf(encoded: EncodedRow): ItemChange {
  if (typeof encoded !== 'string') throw new Error(`refused: ${encoded.detail}`);
  expect(encoded).not.toContain('\n');
  return JSON.parse(encoded) as ItemChange;
}

const putOf = (row: Record<string, unknown>) => changeOf(byUser.encodePut({ user: 'ada', ...row }));
const refusalOf = (row: Record<string, unknown>) => byUser.encodePut({ user: 'ada', ...row });

test('a row of a window has readable attributes and the window in its sort key', () => {
  const row = {
    origin: 'LAS',
    windowStart: '2001-01-31T07:00:00.000Z',
    windowEnd: '2001-01-31T08:00:00.000Z',
    flights: 12,
    meanDelay: 3.25,
    worstDelay: null,
  };
  expect(changeOf(byOriginAndHour.encodePut(row))).toEqual({
    put: {
      pk: { S: 'LAS' },
      sk: { S: '2001-01-31T07:00:00.000Z' },
      origin: { S: 'LAS' },
      windowStart: { S: '2001-01-31T07:00:00.000Z' },
      windowEnd: { S: '2001-01-31T08:00:00.000Z' },
      flights: { N: '12' },
      meanDelay: { N: '3.25' },
      worstDelay: { NULL: true },
    },
  });
});

test('values of every type are stored as what they are', () => {
  expect(
    putOf({
      text: 'é"\\\n\0',
      empty: '',
      yes: true,
      no: false,
      whole: -7,
      fraction: 0.1,
      large: 1e25,
      small: 1e-130,
      largest: 9.99e125,
      negativeZero: -0,
      money: new Decimal(-123450n, 4),
      at: new Date(0),
      list: [1, 'a', [null], {}],
      map: { nested: { deep: [true] }, left: undefined },
      left: undefined,
    }),
  ).toEqual({
    put: {
      pk: { S: 'ada' },
      sk: { S: '-' },
      user: { S: 'ada' },
      text: { S: 'é"\\\n\0' },
      empty: { S: '' },
      yes: { BOOL: true },
      no: { BOOL: false },
      whole: { N: '-7' },
      fraction: { N: '0.1' },
      large: { N: '1e+25' },
      small: { N: '1e-130' },
      largest: { N: '9.99e+125' },
      negativeZero: { N: '0' },
      money: { N: '-12.3450' },
      at: { S: '1970-01-01T00:00:00.000Z' },
      list: { L: [{ N: '1' }, { S: 'a' }, { L: [{ NULL: true }] }, { M: {} }] },
      map: { M: { nested: { M: { deep: { L: [{ BOOL: true }] } } } } },
    },
  });
});

function nestedLists(depth: number): unknown {
  return depth === 0 ? 1 : [nestedLists(depth - 1)];
}

describe('what DynamoDB cannot store is refused with the field and not the value', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['again'] = [cyclic, cyclic];
  const cases: Record<string, unknown> = {
    NaN: Number.NaN,
    Infinity: Number.POSITIVE_INFINITY,
    'a number too large': 1e126,
    'a number too small': -9.9e-131,
    'a decimal of 39 digits': new Decimal(10n ** 38n + 1n, 2),
    'half of a surrogate pair': 'a\ud800',
    'half of a surrogate pair as a name': { '\udc00': 1 },
    'a map with an empty name': { '': 1 },
    'a map with the name __proto__': JSON.parse('{"__proto__":1}'),
    'a function': () => 1,
    'a bigint': 1n,
    'a symbol': Symbol('x'),
    'undefined in a list': [undefined],
    'a Map': new Map(),
    'an invalid date': new Date(Number.NaN),
    '33 levels': nestedLists(33),
    'a cycle': cyclic,
    'a bad number inside': { a: [{ b: Number.NaN }] },
  };
  test.each(Object.entries(cases))('%s', (_, value) => {
    expect(refusalOf({ total: value })).toEqual({
      reason: 'not-storable',
      detail: expect.stringMatching(/^field "total" (holds|is) /),
    });
  });

  test.each(['pk', 'sk', '_n', '_anything', '', '\ud800'])('the field name %j', (name) => {
    expect(refusalOf({ [name]: 1 })).toMatchObject({ reason: 'not-storable' });
  });

  test('32 levels and 38 digits are allowed', () => {
    putOf({ list: nestedLists(32), money: new Decimal(10n ** 37n + 1n, 2) });
  });

  test('a row without its key', () => {
    expect(byUser.encodePut({ other: 1 })).toMatchObject({ reason: 'not-storable' });
    expect(byUser.encodePut({ user: ['ada'] })).toMatchObject({ reason: 'not-storable' });
    expect(byOriginAndHour.encodePut({ origin: 'LAS' })).toMatchObject({ reason: 'not-storable' });
  });

  test('an inherited property is no key', () => {
    expect(byUser.encodePut(Object.create({ user: 'ada' }))).toMatchObject({
      reason: 'not-storable',
    });
  });
});

describe('the size of an item', () => {
  const ROW_BYTES_MAX = 400 * 1024 - 1_024;
  // Names and values of `pk`, `sk`, `user`, and the name `text`.
  const otherBytes = 'pkada'.length + 'sk-'.length + 'userada'.length + 'text'.length;

  test('a row at the limit is stored and one byte more is refused', () => {
    const room = ROW_BYTES_MAX - otherBytes;
    putOf({ text: 'x'.repeat(room) });
    expect(refusalOf({ text: 'x'.repeat(room + 1) })).toMatchObject({ reason: 'row-too-large' });
  });

  test('text counts as UTF-8', () => {
    const room = Math.floor((ROW_BYTES_MAX - otherBytes) / 3);
    putOf({ text: '東'.repeat(room) });
    expect(refusalOf({ text: '東'.repeat(room + 1) })).toMatchObject({ reason: 'row-too-large' });
  });

  test('numbers count by their significant digits, lists by their elements', () => {
    // Three bytes an element: one of overhead, two of a number of one or two digits.
    const room = Math.floor((ROW_BYTES_MAX - otherBytes - 3) / 3);
    putOf({ text: Array.from({ length: room }, () => 10) });
    expect(refusalOf({ text: Array.from({ length: room + 1 }, () => 10) })).toMatchObject({
      reason: 'row-too-large',
    });
  });

  test('maps count their names', () => {
    const members = Object.fromEntries(
      Array.from({ length: 40_000 }, (_, n) => [`name-${n}`, true]),
    );
    expect(refusalOf({ text: members })).toMatchObject({ reason: 'row-too-large' });
  });

  test('a row far beyond the limit is refused before all of it is read', () => {
    let reads = 0;
    const part = {
      get text(): string {
        reads += 1;
        return 'x'.repeat(100_000);
      },
    };
    const row = { parts: Array.from({ length: 1_000 }, () => part) };
    expect(refusalOf(row)).toMatchObject({ reason: 'row-too-large' });
    expect(reads).toBeLessThan(100);
  });
});

test('a row whose fields throw when they are read is refused, not the batch', () => {
  const row = {
    user: 'ada',
    get total(): number {
      throw new Error('card 4111');
    },
  };
  expect(byUser.encodePut(row)).toEqual({
    reason: 'not-storable',
    detail: 'the row threw an error when it was read',
  });
});
