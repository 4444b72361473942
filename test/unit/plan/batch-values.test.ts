import { describe, expect, test } from 'vitest';
import { kinesis, pipeline } from '../../../lib/index.ts';
import type { PlanNode } from '../../../lib/plan/plan.ts';

interface Flight {
  readonly plane: string;
  readonly origin?: string;
  readonly delay: number;
}

const start = pipeline('flights', { inOneTask: true });
const flights = start.from(kinesis<Flight>('flights'));
const batches = flights.batches();
const others = start.from(kinesis<Flight>('others')).batches();
const rows: readonly Flight[] = [
  { plane: 'a', origin: 'JFK', delay: 1 },
  { plane: 'b', delay: 2 },
  { plane: 'a', origin: 'BOS', delay: 4 },
];

function nodesOf(stream: object): readonly PlanNode[] {
  const { to } = stream as { to(sink: object, options: object): { plan(): { nodes: PlanNode[] } } };
  return to.call(stream, { kind: 'noop-sink' }, { mode: 'append' }).plan().nodes.slice(0, -1);
}

/** What the function of the `transform-batch` node written last makes of the rows of a batch. */
function made(stream: object, ...inputs: readonly (readonly unknown[])[]): unknown {
  const node = nodesOf(stream).at(-1)!;
  if (node.kind !== 'transform-batch') throw new Error(`${node.uid} takes no batches`);
  const apply = node.apply as (...all: readonly unknown[]) => unknown;
  return apply(...inputs, { batchTimeMs: 0 });
}

/** The `batch-window` node, and what the map behind it makes of its rows. */
function windowOf(stream: object, ...results: readonly unknown[]) {
  const nodes = nodesOf(stream);
  const window = nodes.find((node) => node.kind === 'batch-window')!;
  const after = nodes.at(-1)!;
  const apply = after.kind === 'map' ? (after.apply as (row: unknown) => unknown) : undefined;
  return { window, rows: results.map((row) => apply?.(row) ?? row) };
}

describe('over one batch', () => {
  test('rows are counted, also none', () => {
    expect(made(batches.count(), rows)).toEqual([{ count: 3 }]);
    expect(made(batches.count(), [])).toEqual([{ count: 0 }]);
  });

  test('rows are combined in order, and none where there are none', () => {
    const reduced = flights
      .map((flight) => flight.plane)
      .batches()
      .reduce((left, right) => left + right);
    expect(made(reduced, ['a', 'b', 'c'])).toEqual(['abc']);
    expect(made(reduced, ['a'])).toEqual(['a']);
    expect(made(reduced, [])).toEqual([]);
  });

  test('values are counted, in order of arrival', () => {
    expect(made(batches.countByValue(), [{ a: [1] }, 'b', { a: [1] }, null])).toEqual([
      { value: { a: [1] }, count: 2 },
      { value: 'b', count: 1 },
      { value: null, count: 1 },
    ]);
  });

  test('rows and values are grouped by fields and functions; a missing field is null', () => {
    expect(made(batches.groupByKey('plane'), rows)).toEqual([
      { plane: 'a', value: [rows[0], rows[2]] },
      { plane: 'b', value: [rows[1]] },
    ]);
    expect(made(batches.groupByKey(['plane', 'origin'], 'delay'), rows)).toEqual([
      { plane: 'a', origin: 'JFK', value: [1] },
      { plane: 'b', origin: null, value: [2] },
      { plane: 'a', origin: 'BOS', value: [4] },
    ]);
    const byLength = batches.reduceByKey(
      (row) => row.plane,
      (row) => row.delay,
      (left, right) => left * 10 + right,
    );
    expect(made(byLength, rows)).toEqual([
      { key: 'a', value: 14 },
      { key: 'b', value: 2 },
    ]);
  });

  test('fields are own fields', () => {
    expect(made(batches.groupByKey('toString' as 'plane'), [{}, 'text'])).toEqual([
      { toString: null, value: [{}, 'text'] },
    ]);
  });

  test.each([
    [1, [[1, 2, 3, 4, 5]]],
    [
      2,
      [
        [1, 2],
        [3, 4, 5],
      ],
    ],
    [4, [[1], [2], [3], [4, 5]]],
    [6, [[], [1], [2], [3], [4], [5]]],
  ])('rows are cut into %d slices of even size', (count, slices) => {
    expect(made(batches.glom(count), [1, 2, 3, 4, 5])).toEqual(slices);
    const lengths = batches.mapPartitions(count, (slice) => [slice.length, -1]);
    expect(made(lengths, [1, 2, 3, 4, 5])).toEqual(slices.flatMap(({ length }) => [length, -1]));
  });

  test('rows of two batches are joined by their keys', () => {
    const left = [
      { plane: 'a', n: 1 },
      { plane: 'a', n: 2 },
      { plane: 'b', n: 3 },
    ];
    const right = [
      { plane: 'c', n: 4 },
      { plane: 'a', n: 5 },
    ];
    const pairs = [
      { left: left[0], right: right[1] },
      { left: left[1], right: right[1] },
    ];
    const alone = { left: { left: left[2], right: null }, right: { left: null, right: right[0] } };
    const on = { on: 'plane' } as const;
    expect(made(batches.join(others, on), left, right)).toEqual(pairs);
    expect(made(batches.leftJoin(others, on), left, right)).toEqual([...pairs, alone.left]);
    expect(made(batches.rightJoin(others, on), left, right)).toEqual([...pairs, alone.right]);
    expect(made(batches.fullJoin(others, on), left, right)).toEqual([
      ...pairs,
      alone.left,
      alone.right,
    ]);
    expect(made(batches.cogroup(others, on), left, right)).toEqual([
      { plane: 'a', left: left.slice(0, 2), right: [right[1]] },
      { plane: 'b', left: [left[2]], right: [] },
      { plane: 'c', left: [], right: [right[0]] },
    ]);
    expect(nodesOf(batches.join(others, on)).at(-1)).toMatchObject({
      uid: 'transform-batch-1',
      inputs: ['kinesis-flights', 'kinesis-others'],
    });
  });

  test('functions of the author are the node', () => {
    const apply = (all: readonly Flight[]) => all;
    expect(nodesOf(batches.transform(apply)).at(-1)).toMatchObject({
      kind: 'transform-batch',
      apply,
    });
    expect(nodesOf(flights.transformBatch(apply)).at(-1)).toMatchObject({ apply });
    const update = () => 1;
    expect(nodesOf(batches.updateStateByKey('plane', update)).at(-1)).toMatchObject({
      kind: 'update-state',
      key: { fields: ['plane'] },
      update,
    });
    expect(nodesOf(batches.mapWithState(['plane', 'delay'], update)).at(-1)).toMatchObject({
      kind: 'map-with-state',
      key: { fields: ['plane', 'delay'] },
    });
  });
});

describe('over the batches of a stretch of time', () => {
  const lengths = { lengthMs: 60_000, slideMs: 20_000 };

  test('rows come out as they came', () => {
    const [window, each] = nodesOf(batches.window('1 minute', '20 seconds')).slice(-2);
    expect(window).toEqual({
      kind: 'batch-window',
      uid: 'batch-window-1',
      inputs: ['kinesis-flights'],
      key: { fields: [], selectors: [] },
      value: null,
      reduce: null,
      inverse: null,
      keep: null,
      ...lengths,
    });
    if (each?.kind !== 'flat-map') throw new Error('rows come out one by one');
    expect(each.apply({ value: rows } as never)).toEqual(rows);
  });

  test('rows are combined, with an inverse or without', () => {
    const add = (left: Flight, _right: Flight) => left;
    const reduced = batches.reduceByWindow(add, '1 minute', '20 seconds', add);
    const { window, rows } = windowOf(reduced, { value: 'x' });
    expect(window).toMatchObject({
      reduce: add,
      inverse: add,
      value: null,
      keep: null,
      ...lengths,
    });
    expect(rows).toEqual(['x']);
    expect(windowOf(batches.reduceByWindow(add, '1 minute', '20 seconds')).window).toMatchObject({
      inverse: null,
    });
  });

  test('rows and values are counted', () => {
    const counted = windowOf(batches.countByWindow('1 minute', '20 seconds'), { value: 3 });
    expect(counted.rows).toEqual([{ count: 3 }]);
    expect(counted.window).toMatchObject({ key: { fields: [] }, keep: null });
    const { window, rows } = windowOf(batches.countByValueAndWindow('1 minute', '20 seconds'), {
      key: '{"a":1}',
      value: 2,
    });
    expect(rows).toEqual([{ value: { a: 1 }, count: 2 }]);
    if (window.kind !== 'batch-window') throw new Error('no window');
    const apply = (part: unknown, ...values: unknown[]) =>
      (part as (...all: readonly unknown[]) => unknown)(...values);
    const { select } = window.key.selectors[0] as { select: unknown };
    expect(apply(select, { a: 1 })).toBe('{"a":1}');
    expect(apply((window.value as { select: unknown }).select, 'anything')).toBe(1);
    expect(apply(window.reduce, 2, 3)).toBe(5);
    expect(apply(window.inverse, 5, 3)).toBe(2);
    expect([0, 1].map((n) => apply(window.keep, n))).toEqual([false, true]);
  });

  test('values are combined by key', () => {
    const add = (left: number, right: number) => left + right;
    const filter = (total: number) => total > 0;
    const definition = { key: 'plane', value: 'delay', reduce: add, inverse: add, filter } as const;
    const reduced = batches.reduceByKeyAndWindow({
      ...definition,
      length: '1 minute',
      slide: '20 seconds',
    });
    expect(windowOf(reduced).window).toMatchObject({
      key: { fields: ['plane'] },
      value: { kind: 'field', field: 'delay' },
      reduce: add,
      inverse: add,
      keep: filter,
      ...lengths,
    });
  });

  test('values are listed by key', () => {
    const listed = (value?: 'delay') =>
      windowOf(
        batches.groupByKeyAndWindow({
          key: ['plane'],
          length: '1 minute',
          slide: '20 seconds',
          ...(value && { value }),
        } as unknown as { key: 'plane'; length: '1 minute'; slide: '20 seconds' }),
      ).window as unknown as {
        value: { select(row: unknown): unknown };
        reduce(left: unknown, right: unknown): unknown;
      };
    expect(listed('delay').value.select(rows[2])).toEqual([4]);
    expect(listed().value.select(rows[2])).toEqual([rows[2]]);
    expect(listed().reduce([1, 2], [3])).toEqual([1, 2, 3]);
  });
});
