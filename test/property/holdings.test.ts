import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  approxCountDistinct,
  approxPercentile,
  collectList,
  collectSet,
  countIf,
  dynamodb,
  kinesis,
  median,
  noop,
  pipeline,
  sliding,
  topK,
  tumbling,
  variance,
} from '../../lib/index.ts';
import { type Accumulation, compileAggregates } from '../../lib/operators/accumulation.ts';
import { compareCodePoints } from '../../lib/operators/accumulator.ts';
import { estimate, withValue } from '../../lib/operators/distinct-sketch.ts';
import { binsOf } from '../../lib/operators/percentile-bins.ts';
import type { AggregateNode, Plan } from '../../lib/plan/plan.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import type { RowTable } from '../../lib/state/row-table.ts';
import { mergedPartials, partialOf as partial } from '../support/partial-aggregates.ts';
import { ARRIVAL_MS, PassDrive } from '../support/passes.ts';
import { cases } from './cases.ts';

interface Row {
  readonly key: string;
  readonly at: number;
  readonly value: number | null;
  readonly scalar: string | number | boolean | null;
  readonly name: string | null;
  readonly json: unknown;
  readonly flag: boolean | null;
}

/** Whole numbers, whose sums are exact in any order, and a field that mixes all that is allowed. */
const row = fc.record({
  key: fc.constantFrom('a', 'b'),
  at: fc.constant(0),
  value: fc.option(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer()), { nil: null }),
  scalar: fc.option(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 2 }),
      fc.integer({ min: -3, max: 3 }),
      fc.constant(-0),
      fc.boolean(),
    ),
    { nil: null },
  ),
  name: fc.option(fc.string({ unit: 'grapheme', maxLength: 3 }), { nil: null }),
  json: fc.option(
    fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.string({ unit: 'grapheme', maxLength: 3 }),
      fc.record({ parts: fc.array(fc.option(fc.integer(), { nil: null }), { maxLength: 2 }) }),
    ),
    { nil: null },
  ),
  flag: fc.option(fc.boolean(), { nil: null }),
});
const rows = fc.array(row, { maxLength: 12 });

const orderFree = {
  flagged: countIf('flag'),
  unrest: variance('value'),
  middle: median('value'),
  distinct: collectSet('scalar'),
  best: topK('value', 3),
  leaders: topK('name', 2, { by: 'value' }),
  about: approxCountDistinct('scalar'),
  tenth: approxPercentile('value', 0.1),
  quarters: approxPercentile('value', [0, 0.25, 0.75, 1], { accuracy: 20 }),
};

function accumulationOf(): Accumulation {
  const { nodes } = pipeline('p')
    .from(kinesis<Row>('rows').partitionedBy('key'))
    .keyBy('key')
    .aggregate(orderFree)
    .to(noop(), { mode: 'update' })
    .plan();
  return compileAggregates(nodes.find((node): node is AggregateNode => node.kind === 'aggregate')!);
}
const accumulation = accumulationOf();

const partialOf = (rows: readonly Row[]) => partial(accumulation, rows);
const merged = (left: RowTable, right: RowTable) => mergedPartials(accumulation, left, right);

function resultOf(table: RowTable): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  accumulation.writeResults(result, table, 0);
  return result;
}

/** The cells of a state; sums of doubles, which only moments have, are left to the results. */
const valuesOf = (table: RowTable) =>
  accumulation.columns.flatMap(({ kind }, column) =>
    kind === 'value' ? [table.getValue(column, 0)] : [],
  );

const notNull = <Value>(value: Value): value is NonNullable<Value> => value !== null;

const typeOrder = (value: unknown) => ['boolean', 'number', 'string'].indexOf(typeof value);

function sortedSet(values: readonly (string | number | boolean)[]) {
  return [...new Set(values.map((value) => (value === 0 ? 0 : value)))].sort((left, right) =>
    typeof left === 'string' && typeof right === 'string'
      ? compareCodePoints(left, right)
      : typeOrder(left) - typeOrder(right) || Number(left) - Number(right),
  );
}

/** The same by plain arrays; percentiles as the values that they estimate. */
function naive(members: readonly Row[]) {
  const values = members.map(({ value }) => value).filter(notNull);
  const ascending = values.map((value) => value + 0).sort((left, right) => left - right);
  const size = values.length;
  const mean = values.reduce((left, right) => left + right, 0) / size;
  const squares = values.reduce((left, right) => left + (right - mean) ** 2, 0);
  const scalars = members.map(({ scalar }) => scalar).filter(notNull);
  const atShare = (share: number) => ascending[Math.max(1, Math.ceil(share * size)) - 1]!;
  const ranked = members
    .filter(({ name, value }) => name !== null && value !== null)
    .sort((left, right) =>
      left.value === right.value
        ? JSON.stringify(left.name) < JSON.stringify(right.name)
          ? -1
          : 1
        : right.value! - left.value!,
    );
  return {
    flagged: members.filter(({ flag }) => flag === true).length,
    unrest: size < 2 ? null : squares / (size - 1),
    middle:
      size === 0
        ? null
        : size % 2 === 1
          ? ascending[(size - 1) / 2]
          : (ascending[size / 2 - 1]! + ascending[size / 2]!) / 2,
    distinct: sortedSet(scalars),
    best: ascending.toReversed().slice(0, 3),
    leaders: ranked.slice(0, 2).map(({ name }) => name),
    about: estimate(
      scalars.reduce((sketch: string, scalar) => withValue(sketch, 9, scalar), ''),
      9,
    ),
    tenth: size === 0 ? null : atShare(0.1),
    quarters: size === 0 ? null : [0, 0.25, 0.75, 1].map(atShare),
  };
}

const isNear = (actual: number, expected: number, share: number) =>
  Math.abs(actual - expected) <= share * Math.abs(expected) * (1 + 1e-9);

function expectAnswers(actual: Record<string, unknown>, members: readonly Row[]) {
  const { unrest, tenth, quarters, ...exact } = naive(members);
  for (const [name, value] of Object.entries(exact))
    expect([name, actual[name]]).toEqual([name, value]);
  if (unrest === null || tenth === null || quarters === null) {
    expect([actual['unrest'], unrest]).toEqual([null, null]);
    expect([actual['tenth'] === null, actual['quarters'] === null]).toEqual(
      [tenth, quarters].map((value) => value === null),
    );
    return;
  }
  expect(isNear(actual['unrest'] as number, unrest, 1e-9)).toBe(true);
  expect(isNear(actual['tenth'] as number, tenth, 1 / 100)).toBe(true);
  expect(
    (actual['quarters'] as number[]).every((value, index) =>
      isNear(value, quarters[index]!, 1 / 20),
    ),
  ).toBe(true);
}

describe('partial aggregates that hold values', () => {
  test('merge in any order and grouping to the very state of one pass, with the answers of plain arrays', () => {
    fc.assert(
      fc.property(rows, rows, rows, (...parts) => {
        const [left, middle, right] = parts.map(partialOf) as [RowTable, RowTable, RowTable];
        const whole = partialOf(parts.flat());
        expectAnswers(resultOf(whole), parts.flat());
        for (const other of [
          merged(merged(left, middle), right),
          merged(left, merged(middle, right)),
          merged(merged(right, left), middle),
          partialOf(parts.flat().toReversed()),
        ]) {
          expect(valuesOf(other)).toEqual(valuesOf(whole));
          const { unrest: actual, ...others } = resultOf(other);
          const { unrest, ...expected } = resultOf(whole);
          expect(others).toEqual(expected);
          if (typeof unrest !== 'number') expect(actual).toBe(unrest);
          else expect(isNear(actual as number, unrest, 1e-9)).toBe(true);
        }
      }),
      cases(),
    );
  });

  test('do not change what they were made of', () => {
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const [left, right] = [partialOf(one), partialOf(other)];
        const before = structuredClone([valuesOf(left), valuesOf(right)]);
        merged(left, right);
        expect([valuesOf(left), valuesOf(right)]).toEqual(before);
      }),
      cases(),
    );
  });
});

test('a bin is within its relative error of every number in it, and bins ascend', () => {
  const anyNumber = fc
    .tuple(
      fc.double({ min: 1, max: 10, noNaN: true }),
      fc.integer({ min: -110, max: 108 }),
      fc.constantFrom(1, -1, 0),
    )
    .map(([digits, exponent, sign]) => digits * 10 ** exponent * sign + 0);
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(2, 20, 100, 1_000), fc.double({ min: 2, max: 1_000, noNaN: true })),
      anyNumber,
      anyNumber,
      (accuracy, one, other) => {
        const { binOf, numberOf } = binsOf(accuracy);
        expect(isNear(numberOf(binOf(one)), one, 1 / accuracy)).toBe(true);
        const [low, high] = one < other ? [one, other] : [other, one];
        expect(binOf(low)).toBeLessThanOrEqual(binOf(high));
        expect(Number.isSafeInteger(binOf(one))).toBe(true);
      },
    ),
    cases(5_000),
  );
});

const STEP_MS = 40_000;
const T0 = ARRIVAL_MS - (ARRIVAL_MS % 600_000);
const WINDOWS = {
  tumbling: { sizeMs: 120_000, slideMs: 120_000 },
  sliding: { sizeMs: 120_000, slideMs: 40_000 },
  uneven: { sizeMs: 120_000, slideMs: 50_000 },
} as const;

/** With `listed` the windows are kept whole, without they are merged of panes. */
function planOf({ sizeMs, slideMs }: { sizeMs: number; slideMs: number }, listed: boolean): Plan {
  const grouped = pipeline('p')
    .from(kinesis<Row>('rows').partitionedBy('key'))
    .withWatermark('at', '10 minutes')
    .keyBy('key')
    .window(
      sizeMs === slideMs
        ? tumbling(`${sizeMs} milliseconds`)
        : sliding(`${sizeMs} milliseconds`, `${slideMs} milliseconds`),
    );
  return listed
    ? grouped
        .aggregate({ ...orderFree, all: collectList('json') })
        .to(dynamodb('rows'), { mode: 'update' })
        .plan()
    : grouped.aggregate(orderFree).to(dynamodb('rows'), { mode: 'update' }).plan();
}

function expectedWindows(members: readonly Row[], window: { sizeMs: number; slideMs: number }) {
  const groups = new Map<string, Row[]>();
  for (const member of members) {
    const last = Math.floor(member.at / window.slideMs) * window.slideMs;
    for (let start = last; start > member.at - window.sizeMs; start -= window.slideMs) {
      const name = `${start} ${member.key}`;
      groups.set(name, [...(groups.get(name) ?? []), member]);
    }
  }
  return groups;
}

/** What a table's attribute says; lists are lists of attributes. */
function plain(attribute: unknown): unknown {
  if (Array.isArray(attribute)) return attribute.map((each) => plain(each));
  if (typeof attribute !== 'object' || attribute === null) return attribute;
  const [[type, value]] = Object.entries(attribute) as [[string, unknown]];
  if (type === 'N') return Number(value);
  if (type === 'NULL') return null;
  if (type === 'L') return plain(value);
  if (type !== 'M') return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([name, member]) => [name, plain(member)]),
  );
}

const timed = fc
  .array(fc.tuple(row, fc.integer({ min: 0, max: 8 })), { minLength: 1, maxLength: 12 })
  .map((steps) => steps.map(([each, step]): Row => ({ ...each, at: T0 + step * STEP_MS })));

describe.each(Object.entries(WINDOWS))('%s windows', (_, window) => {
  test('any cut into batches, warm or cold, gives the answers of plain arrays in a table', () => {
    const plans = [true, false].map((listed) => ({ listed, plan: planOf(window, listed) }));
    fc.assert(
      fc.property(
        timed,
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(...plans),
        (members, size, { listed, plan }) => {
          const drive = new PassDrive(plan);
          const replica = KeyedState.empty();
          const table = new Map<string, Record<string, unknown>>();
          for (let from = 0; from < members.length; from += size) {
            drive.state = KeyedState.fromSegments(
              drive.state.encodeSegments().map(({ bytes }) => bytes),
            );
            const answer = drive.push(members.slice(from, from + size));
            expect(answer.dead).toEqual([]);
            replica.applyDelta(answer.delta);
            for (const each of answer.rows['dynamodb-rows'] ?? []) {
              table.set(`${Date.parse(String(each['windowStart']))} ${String(each['key'])}`, each);
            }
          }
          const bytesOf = (state: KeyedState) =>
            state.encodeSegments().map(({ bytes }) => Buffer.from(bytes).toString('base64'));
          expect(bytesOf(replica)).toEqual(bytesOf(drive.state));
          const expected = expectedWindows(members, window);
          expect([...table.keys()].sort()).toEqual([...expected.keys()].sort());
          for (const [name, group] of expected) {
            const actual = Object.fromEntries(
              Object.entries(table.get(name)!).map(([field, value]) => [field, plain(value)]),
            );
            expectAnswers(actual, group);
            const all = group.map(({ json }) => json).filter(notNull);
            if (listed) expect(actual['all']).toEqual(JSON.parse(JSON.stringify(all)));
          }
        },
      ),
      cases(),
    );
  });
});
