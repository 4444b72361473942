import { describe, expect, test } from 'vitest';
import {
  type Aggregate,
  approxCountDistinct,
  approxPercentile,
  collectList,
  collectSet,
  count,
  countIf,
  dynamodb,
  kinesis,
  median,
  pipeline,
  s3,
  sliding,
  stddev,
  topK,
  tumbling,
  variance,
} from '../../../lib/index.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { ARRIVAL_MS, PassDrive } from '../../support/passes.ts';

type Event = { readonly key: string; readonly at: number; readonly v?: unknown };
type Aggregates = Readonly<Record<string, Aggregate<never, unknown>>>;

const T0 = ARRIVAL_MS - (ARRIVAL_MS % 600_000);
const MINUTE = 60_000;
const of = (v: unknown, at = T0): Event => ({ key: 'k', at, v });

const windowed = () =>
  pipeline('p')
    .from(kinesis<Event>('events').partitionedBy('key'))
    .withWatermark('at', '10 minutes')
    .keyBy('key');

const inFiles = (aggregates: Aggregates) =>
  new PassDrive(
    windowed()
      .window(tumbling('10 minutes'))
      .aggregate(aggregates as Readonly<Record<string, Aggregate<unknown, unknown>>>)
      .to(s3('rows'), { mode: 'append' })
      .plan(),
  );
const closing = of(null, T0 + 100 * MINUTE);

/** The row that files get of some values in one window. */
function rowOf(aggregates: Aggregates, values: readonly unknown[]) {
  const { rows, dead } = inFiles(aggregates).push([...values.map((v) => of(v)), closing]);
  const { key, windowStart, windowEnd, ...results } = rows['s3-rows']?.[0] ?? {};
  return { results, dead: dead.map(({ reason, detail }) => ({ reason, detail })) };
}

describe('over nothing, and over nulls alone', () => {
  const aggregates = {
    flagged: countIf('v'),
    unrest: variance('v'),
    middle: median('v'),
    all: collectList('v'),
    distinct: collectSet('v'),
    best: topK('v', 3),
    ranked: topK('v', 3, { by: 'at' }),
    about: approxCountDistinct('v'),
    most: approxPercentile('v', 0.9),
    some: approxPercentile('v', [0.1, 0.9]),
  } as unknown as Aggregates;

  test.each([[[null]], [[undefined, null]]])('%j gives what Spark gives', (values) => {
    expect(rowOf(aggregates, values)).toEqual({
      results: {
        flagged: 0,
        unrest: null,
        middle: null,
        all: [],
        distinct: [],
        best: [],
        ranked: [],
        about: 0,
        most: null,
        some: null,
      },
      dead: [],
    });
  });
});

test('of one value there is a median and no deviation; stddev is the root of variance', () => {
  const numbers = { unrest: variance('v'), spread: stddev('v'), middle: median('v') };
  const aggregates = numbers as unknown as Aggregates;
  expect(rowOf(aggregates, [7]).results).toEqual({ unrest: null, spread: null, middle: 7 });
  expect(rowOf(aggregates, [2, 4, 4, 4, 5, 5, 7, 9]).results).toEqual({
    unrest: 32 / 7,
    spread: Math.sqrt(32 / 7),
    middle: 4.5,
  });
});

test('lists keep order, sets have their own, the greatest come first', () => {
  const values = ['b', 10, true, 'a', 9, false, 'b', -0, 'é', '\u{1f600}', '\uffff', 10];
  expect(rowOf({ set: collectSet('v') } as Aggregates, values).results).toEqual({
    set: [false, true, 0, 9, 10, 'a', 'b', 'é', '\uffff', '\u{1f600}'],
  });
  expect(
    rowOf({ list: collectList('v') } as Aggregates, [[1], null, { a: null }, 'x']).results,
  ).toEqual({
    list: [[1], { a: null }, 'x'],
  });
  expect(
    rowOf({ top: topK('v', 4) } as unknown as Aggregates, [3, 'a', 7, 7, 'b', -1]).results,
  ).toEqual({
    top: ['b', 'a', 7, 7],
  });
});

describe('a value that does not fit is a dead letter', () => {
  const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
  test.each<[string, unknown, unknown, string]>([
    ['countIf', countIf('v'), 1, 'not-a-boolean'],
    ['countIf', countIf((async () => true) as never), 1, 'not-a-boolean'],
    ['variance', variance('v'), '1', 'not-a-number'],
    ['median', median('v'), '1', 'not-a-number'],
    ['approxPercentile', approxPercentile('v', 0.5), true, 'not-a-number'],
    ['collectSet', collectSet('v'), [1], 'not-a-scalar'],
    ['approxCountDistinct', approxCountDistinct('v'), {}, 'not-a-scalar'],
    ['approxCountDistinct', approxCountDistinct('v'), 1e200, 'out-of-range'],
    ['collectList', collectList(() => new Date(0)), 1, 'operator-failed'],
    ['collectList', collectList('v'), { a: 1e200 }, 'out-of-range'],
    ['collectList', collectList(() => nested(64)), 1, 'value-too-large'],
    ['topK', topK('v', 1), true, 'not-comparable'],
    ['topK', topK('v', 1), 'x'.repeat(1_023), 'value-too-large'],
    ['topK', topK('v', 1, { by: 'at' }), { text: 'é'.repeat(520) }, 'value-too-large'],
    ['topK', topK(() => 1, 1, { by: () => [] as never }), 1, 'not-comparable'],
  ])('of %s', (_name, aggregate, value, reason) => {
    const { dead } = rowOf({ n: aggregate as Aggregate<never, unknown> }, [value]);
    expect(dead.map((each) => each.reason)).toContain(reason);
  });

  test('and what just fits is kept, also in bytes of state', () => {
    const deep = nested(63);
    const drive = inFiles({
      list: collectList(() => deep),
      top: topK(() => deep, 2, { by: () => 1 }),
      text: topK('v', 1),
    } as unknown as Aggregates);
    expect(drive.push([of('x'.repeat(1_022))]).dead).toEqual([]);
    const stored = drive.state.encodeSegments().map(({ bytes }) => bytes);
    const loaded = KeyedState.fromSegments(stored).encodeSegments();
    expect(loaded.map(({ bytes }) => bytes)).toEqual(stored);
    // No sink takes a row as deep, which is then a dead letter of its own.
    drive.state = KeyedState.fromSegments(stored);
    expect(drive.push([closing]).dead.map(({ reason }) => reason)).toEqual(['not-storable']);
  });
});

describe('a group that is full', () => {
  test('refuses rows that need more room, and takes all others', () => {
    // Of the 64 KiB, each value of 1,021 letters needs two quotes and a comma besides.
    const text = (index: number) => `${index}`.padEnd(1_021, '-');
    const texts = Array.from({ length: 65 }, (_, index) => text(index));
    const { results, dead } = rowOf({ n: count(), list: collectList('v') } as Aggregates, [
      ...texts,
      null,
    ]);
    expect(results).toEqual({ n: 65, list: texts.slice(0, 64) });
    expect(dead).toEqual([
      {
        reason: 'group-too-large',
        detail:
          "'v', an input of 'aggregate-1', would make its group hold more than 65536 bytes of JSON",
      },
    ]);
    const set = rowOf({ n: count(), set: collectSet('v') } as Aggregates, [...texts, texts[3]]);
    expect(set.results).toEqual({ n: 65, set: texts.slice(0, 64).sort() });
    expect(set.dead.map(({ reason }) => reason)).toEqual(['group-too-large']);
  });

  test('of a median counts distinct values only, and leaves other aggregates as they were', () => {
    const values = Array.from({ length: 10_001 }, (_, index) => index);
    const { results, dead } = rowOf({ n: count(), middle: median('v') } as unknown as Aggregates, [
      ...values,
      0,
      0,
      0,
    ]);
    expect(results).toEqual({ n: 10_003, middle: 4_998 });
    expect(dead).toEqual([
      {
        reason: 'group-too-large',
        detail:
          "'v', an input of 'aggregate-1', would make its group hold more than 10000 distinct values",
      },
    ]);
  });

  test('of a set is full by the bytes of its distinct values, also in a merge of panes', () => {
    const plan = windowed()
      .window(sliding('40 minutes', '10 minutes'))
      .aggregate({ n: count(), set: collectSet('v') } as Readonly<
        Record<string, Aggregate<unknown, unknown>>
      >)
      .to(dynamodb('rows'), { mode: 'update' })
      .plan();
    const texts = (from: number, pane: number) =>
      Array.from({ length: 40 }, (_, index) =>
        of(`${from + index}`.padEnd(1_021, '-'), T0 + pane * 10 * MINUTE),
      );
    const same = new PassDrive(plan);
    same.push([...texts(0, 0), ...texts(0, 1), ...texts(0, 2)]);
    expect(same.push([of(null, T0 + 20 * MINUTE)]).dead).toEqual([]);
    const others = new PassDrive(plan);
    const { dead, rows } = others.push([
      ...texts(0, 0),
      ...texts(40, 1),
      ...texts(0, 2),
      of(1, T0 + 30 * MINUTE),
    ]);
    const full = dead.map(({ reason, data }) => {
      const { windowStart } = JSON.parse(Buffer.from(String(data), 'base64').toString());
      return [reason, (Date.parse(windowStart) - T0) / MINUTE];
    });
    expect(full).toEqual([-20, -10, 0, 10].map((minute) => ['group-too-large', minute]));
    expect(rows['dynamodb-rows']!.map(({ n }) => n)).toEqual([40, 41, 1]);
  });

  test('only as a merge of panes gives no row, whichever way it is merged', () => {
    const plan = windowed()
      .window(sliding('30 minutes', '10 minutes'))
      .aggregate({ middle: median('v') } as unknown as Readonly<
        Record<string, Aggregate<unknown, unknown>>
      >)
      .to(dynamodb('rows'), { mode: 'update' })
      .plan();
    const drive = new PassDrive(plan);
    const values = (from: number, at: number) =>
      Array.from({ length: 6_000 }, (_, index) => of(from + index, at));
    expect(drive.push(values(0, T0)).dead).toEqual([]);
    expect(drive.push(values(6_000, T0 + 10 * MINUTE)).dead).toHaveLength(2);
    // The window of all three panes stays full, though the third alone would fit.
    const { dead, rows, result } = drive.push(values(12_000, T0 + 20 * MINUTE));
    expect(result.counts.dead).toBe(0);
    expect(dead.map(({ reason }) => reason)).toEqual(['group-too-large', 'group-too-large']);
    expect(rows['dynamodb-rows']).toMatchObject([
      { windowStart: new Date(T0 + 20 * MINUTE).toISOString(), middle: 14_999.5 },
    ]);
  });
});
