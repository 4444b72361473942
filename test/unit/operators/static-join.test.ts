import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../lib/model/errors.ts';
import { createStaticJoin, indexTable } from '../../../lib/operators/static-join.ts';
import type { StaticJoinNode } from '../../../lib/plan/plan.ts';
import { keyOf } from '../../support/joins.ts';
import { aPass } from '../../support/passes.ts';

const shops = [
  { id: 1, name: 'one' },
  { id: '1', name: 'text' },
  { id: 2, name: 'two' },
  { id: 2, name: 'also two' },
  { id: null, name: 'null' },
  { name: 'none' },
];

interface Options {
  readonly type?: StaticJoinNode['type'];
  readonly fields?: readonly string[];
  readonly key?: readonly string[];
  readonly userCode?: boolean;
  readonly rows?: readonly unknown[];
}

/** A join with a table, and what it hands on for a row. */
function aJoin({
  type = 'inner',
  fields = ['id'],
  key = ['shop'],
  rows = shops,
  userCode = false,
}: Options) {
  const pass = aPass();
  const out: (readonly [unknown, number])[] = [];
  const node: StaticJoinNode = {
    kind: 'static-join',
    uid: 'named',
    inputs: ['sales'],
    type,
    key: keyOf(...key),
    table: { kind: 'rows', name: 'shops', rows },
    tableFields: fields,
    refreshMs: 0,
  };
  const next = (each: unknown, timeMs: number) => out.push([each, timeMs]);
  const push = createStaticJoin(node, { pass, next, userCode });
  pass.tables = new Map([['named', indexTable(rows, fields)]]);
  return (row: unknown) => {
    out.length = 0;
    push(row, 7);
    return [...out];
  };
}

describe('a join with a table', () => {
  test('gives a row with each row of the table that has its key, in their order and at its time', () => {
    const join = aJoin({});
    const left = { shop: 2 };
    expect(join(left)).toEqual([
      [{ left, right: shops[2] }, 7],
      [{ left, right: shops[3] }, 7],
    ]);
    expect(join({ shop: 3 })).toEqual([]);
  });

  test('tells numbers from texts', () => {
    const join = aJoin({});
    expect(join({ shop: 1 })).toEqual([[{ left: { shop: 1 }, right: shops[0] }, 7]]);
    expect(join({ shop: '1' })).toEqual([[{ left: { shop: '1' }, right: shops[1] }, 7]]);
  });

  test.each([[{ shop: null }], [{}]])('finds nothing for null or nothing: %o', (left) => {
    expect(aJoin({})(left)).toEqual([]);
    expect(aJoin({ type: 'left' })(left)).toEqual([[{ left, right: null }, 7]]);
  });

  test('keeps rows without a partner where it is a left one', () => {
    const join = aJoin({ type: 'left' });
    expect(join({ shop: 9 })).toEqual([[{ left: { shop: 9 }, right: null }, 7]]);
    expect(join({ shop: 1 })).toEqual([[{ left: { shop: 1 }, right: shops[0] }, 7]]);
  });

  test('compares several fields in order', () => {
    const rows = [
      { a: 1, b: 2, n: 'first' },
      { a: 2, b: 1, n: 'second' },
      { a: 2, b: null, n: 'third' },
    ];
    const join = aJoin({ rows, fields: ['a', 'b'], key: ['x', 'y'] });
    const left = { x: 2, y: 1 };
    expect(join(left)).toEqual([[{ left, right: rows[1] }, 7]]);
    expect(join({ x: 2, y: null })).toEqual([]);
  });

  test('refuses keys that are no scalars', () => {
    for (const shop of [[], {}, Number.NaN, 1n]) {
      expect(() => aJoin({})({ shop })).toThrow(expect.objectContaining({ reason: 'key-invalid' }));
    }
  });

  test('shows functions of the pipeline copies of the table', () => {
    const join = aJoin({ userCode: true });
    const [[given]] = join({ shop: 1 }) as [[{ right: { name: string } }, number]];
    given.right.name = 'spoiled';
    expect(join({ shop: 1 })).toEqual([[{ left: { shop: 1 }, right: shops[0] }, 7]]);
  });

  test('without its table is an error of the engine', () => {
    const push = createStaticJoin(
      {
        kind: 'static-join',
        uid: 'named',
        inputs: ['sales'],
        type: 'inner',
        key: keyOf('shop'),
        table: { kind: 's3', name: 'shops' },
        tableFields: ['id'],
        refreshMs: 0,
      },
      { pass: aPass(), next: () => {}, userCode: false },
    );
    expect(() => push({ shop: 1 }, 7)).toThrow(EngineError);
  });
});

describe('the index of a table', () => {
  test('has the rows of each key, copied, and none without a key', () => {
    const rows = shops.map((each) => ({ ...each }));
    const index = indexTable(rows, ['id']);
    rows[0]!.name = 'changed';
    expect([...index]).toEqual([
      ['[1]', [{ id: 1, name: 'one' }]],
      ['["1"]', [{ id: '1', name: 'text' }]],
      [
        '[2]',
        [
          { id: 2, name: 'two' },
          { id: 2, name: 'also two' },
        ],
      ],
    ]);
  });

  test('takes own fields alone for keys', () => {
    expect(indexTable([{ id: 1 }], ['constructor']).size).toBe(0);
  });

  test.each([
    [[1], 'row 1 of a static table is no plain JSON object'],
    [[{ id: 1 }, [2]], 'row 2 of a static table is no plain JSON object'],
    [[{ id: 1, at: new Date(0) }], 'row 1 of a static table is no plain JSON object'],
    [
      [{ id: [1] }],
      "row 1 of a static table has a key, 'id', that is no string, number or boolean",
    ],
  ])('refuses %o', (rows, message) => {
    expect(() => indexTable(rows, ['id'])).toThrow(message);
  });
});
