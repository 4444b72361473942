import { describe, expect, test } from 'vitest';
import { Decimal } from '../../../../lib/model/decimal.ts';
import {
  createPartitioner,
  encodeObjectRow,
  encodeObjects,
} from '../../../../lib/operators/sinks/object-rows.ts';

test('a row is one line with its fields in the order of the row', () => {
  const row = {
    origin: 'LAS',
    flights: 12,
    mean: 3.25,
    worst: null,
    late: false,
    left: undefined,
    money: new Decimal(150n, 2),
    at: new Date(0),
    text: 'a\n"b"\\ud800 é\0',
    nested: { list: [1, { b: 'c' }], zero: -0 },
  };
  expect(encodeObjectRow(row)).toBe(
    '{"origin":"LAS","flights":12,"mean":3.25,"worst":null,"late":false,"money":"1.50",' +
      '"at":"1970-01-01T00:00:00.000Z","text":"a\\n\\"b\\"\\\\ud800 é\\u0000",' +
      '"nested":{"list":[1,{"b":"c"}],"zero":0}}',
  );
});

test('__proto__ is a field like any other', () => {
  expect(encodeObjectRow(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
});

describe('what JSON has no form for is refused with the field and not the value', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['again'] = [cyclic, cyclic];
  class Purchase {
    readonly amount = 1;
  }
  const cases: Record<string, unknown> = {
    NaN: Number.NaN,
    Infinity: Number.NEGATIVE_INFINITY,
    'NaN in a list': [[Number.NaN]],
    'a function': () => 1,
    'a toJSON of the row': { toJSON: () => 1 },
    'a bigint': 1n,
    'undefined in a list': [undefined],
    'a hole in a list': Array(1),
    'a Map': new Map([[1, 2]]),
    'an object of a class': new Purchase(),
    'an invalid date': new Date(Number.NaN),
    'a cycle': cyclic,
  };
  test.each(Object.entries(cases))('%s', (_, value) => {
    expect(encodeObjectRow({ total: value })).toEqual({
      reason: 'not-storable',
      detail: expect.stringMatching(/^field "total" (holds|is) /),
    });
  });

  test('half of a surrogate pair, in a value or in a name', () => {
    for (const row of [{ a: ['\ud800'] }, { '\udfff': 1 }, { a: { b: { '\ud800': 1 } } }]) {
      expect(encodeObjectRow(row)).toMatchObject({ reason: 'not-storable' });
    }
  });

  test.each([null, 17, 'text', undefined, [1], new Map(), () => 1])('a row that is %j', (row) => {
    expect(encodeObjectRow(row)).toMatchObject({ reason: 'not-storable' });
  });

  test('a row that grows without bounds', () => {
    const row = { list: Array(1_000).fill(Array(1_000).fill(Array(1_000).fill('x'))) };
    expect(encodeObjectRow(row)).toMatchObject({ reason: 'row-too-large' });
  });
});

describe('partitions', () => {
  const at = (text: string) => Date.parse(text);

  test('are days or hours in UTC, in Hive style', () => {
    const time = at('2001-01-31T07:59:59.999Z');
    expect(createPartitioner('day')(time)).toBe('dt=2001-01-31/');
    expect(createPartitioner('hour')(time)).toBe('dt=2001-01-31/hh=07/');
    expect(createPartitioner('none')(Number.NaN)).toBe('');
  });

  test('reach from the year 0001 to 9999 and no further', () => {
    const partitionOf = createPartitioner('hour');
    expect(partitionOf(-62_135_596_800_000)).toBe('dt=0001-01-01/hh=00/');
    expect(partitionOf(253_402_300_799_999)).toBe('dt=9999-12-31/hh=23/');
    expect(partitionOf(-1)).toBe('dt=1969-12-31/hh=23/');
    for (const timeMs of [-62_135_596_800_001, 253_402_300_800_000, Number.NaN, Infinity]) {
      expect(() => partitionOf(timeMs)).toThrow('years 0001 to 9999');
    }
  });

  test('each make one object, in the order of their first row', () => {
    const hours = ['07', '06', '07', '08', '06'];
    const objects = encodeObjects(
      {
        lines: hours.map((hour, index) => `{"row":${index},"hour":"${hour}"}`),
        timesMs: hours.map((hour) => at(`2001-01-31T${hour}:30:00Z`)),
      },
      { prefix: 'rows/delays/', partitionBy: 'hour', outputName: 'abc-shardId-000000000000-17' },
    );
    expect(
      objects.map(({ key, rowCount, bytes }) => [key, rowCount, Buffer.from(bytes).toString()]),
    ).toEqual([
      [
        'rows/delays/dt=2001-01-31/hh=07/abc-shardId-000000000000-17-0.ndjson',
        2,
        '{"row":0,"hour":"07"}\n{"row":2,"hour":"07"}\n',
      ],
      [
        'rows/delays/dt=2001-01-31/hh=06/abc-shardId-000000000000-17-1.ndjson',
        2,
        '{"row":1,"hour":"06"}\n{"row":4,"hour":"06"}\n',
      ],
      [
        'rows/delays/dt=2001-01-31/hh=08/abc-shardId-000000000000-17-2.ndjson',
        1,
        '{"row":3,"hour":"08"}\n',
      ],
    ]);
  });

  test('without rows there is no object', () => {
    const place = { prefix: '', partitionBy: 'none', outputName: 'x' } as const;
    expect(encodeObjects({ lines: [], timesMs: [] }, place)).toEqual([]);
  });
});

test('a row whose fields throw when they are read is refused, not the batch', () => {
  const row = {
    user: 'ada',
    get total(): number {
      throw new Error('card 4111');
    },
  };
  expect(encodeObjectRow(row)).toEqual({
    reason: 'not-storable',
    detail: 'the row threw an error when it was read',
  });
});
