import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../../../lib/model/decimal.ts';
import { type Accumulation, compileAggregates } from '../../../lib/operators/accumulation.ts';
import { compareCodePoints } from '../../../lib/operators/accumulator.ts';
import type { RecordFault } from '../../../lib/operators/record-fault.ts';
import type { AggregateSpec } from '../../../lib/plan/plan.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';

const field = { kind: 'field', field: 'v' } as const;
type Kind = Exclude<
  AggregateSpec['kind'],
  'custom' | 'topK' | 'approxCountDistinct' | 'approxPercentile'
>;
const over = (kind: Kind, decimalScale: number | null = null): AggregateSpec => ({
  kind,
  input: field,
  decimalScale,
});

const compile = (aggregates: Readonly<Record<string, AggregateSpec>>): Accumulation =>
  compileAggregates({
    kind: 'aggregate',
    uid: 'totals',
    inputs: ['source'],
    key: { fields: [], selectors: [] },
    window: null,
    allowedLatenessMs: 0,
    aggregates,
    lateSink: null,
  });

/** Adds values in some groups, merges the groups in order, and gives the results. */
function resultsOf(
  aggregates: Readonly<Record<string, AggregateSpec>>,
  groups: readonly unknown[][],
) {
  const accumulation = compile(aggregates);
  const schema = { id: 'test', columns: accumulation.columns };
  const table = KeyedState.empty().draft().operator('totals', schema).table(0);
  const slots = groups.map((values, group) => {
    const slot = table.touch(group);
    for (const v of values) {
      accumulation.prepare({ v });
      accumulation.add(table.rows, slot, { v });
    }
    return slot;
  });
  for (const slot of slots.slice(1)) accumulation.merge(table.rows, slots[0]!, table.rows, slot);
  const results: Record<string, unknown> = {};
  accumulation.writeResults(results, table.rows, slots[0]!);
  return results;
}

describe('merging partial aggregates', () => {
  test('gives what one run over all rows gives', () => {
    const all = {
      rows: { kind: 'count', input: null, decimalScale: null },
      values: over('count'),
      total: over('sum'),
      mean: over('avg'),
      least: over('min'),
      most: over('max'),
      spread: over('stddev'),
    } satisfies Record<string, AggregateSpec>;
    const values = fc.array(fc.option(fc.integer({ min: -999, max: 999 }), { nil: null }));
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const whole = resultsOf(all, [[...a, ...b, ...c]]);
        const parts = resultsOf(all, [a, b, c]);
        for (const [name, value] of Object.entries(whole)) {
          if (typeof value !== 'number') expect(parts[name]).toBe(value);
          else expect(parts[name]).toBeCloseTo(value, 8);
        }
      }),
      { seed: 2 },
    );
  });

  test('of texts, mixed values and decimals loses nothing', () => {
    const mixed = { least: over('min'), most: over('max'), values: over('count') };
    expect(
      resultsOf(mixed, [
        ['b', 2],
        [null, 'a'],
        [1, 'c'],
      ]),
    ).toEqual({ least: 1, most: 'c', values: 5 });
    expect(resultsOf(mixed, [[], ['b'], ['a']])).toEqual({ least: 'a', most: 'b', values: 2 });
    const exact = { total: over('sum', 2), mean: over('avg', 2), values: over('count', 2) };
    const results = resultsOf(exact, [['9007199254740993.01'], [0.1, null], ['-0.01']]);
    expect(results['total']).toEqual(new Decimal(900719925474099310n, 2));
    expect(String(results['mean'])).toBe('3002399751580331.033333');
    expect(resultsOf(exact, [[], []])).toEqual({ total: null, mean: null, values: 0 });
  });
});

describe('inputs of aggregates', () => {
  const reasonOf = (spec: AggregateSpec, v: unknown) => {
    try {
      compile({ result: spec }).prepare({ v });
      return 'none';
    } catch (thrown) {
      return (thrown as RecordFault).reason;
    }
  };

  test.each([
    [over('sum'), '1', 'not-a-number'],
    [over('avg'), {}, 'not-a-number'],
    [over('stddev'), true, 'not-a-number'],
    [over('sum'), Number.POSITIVE_INFINITY, 'not-finite'],
    [over('min'), Number.NaN, 'not-finite'],
    ...[over('sum'), over('avg'), over('stddev'), over('min'), over('max'), over('first')].flatMap(
      (spec): [AggregateSpec, unknown, string][] => [
        [spec, 1e110, 'out-of-range'],
        [spec, -1e200, 'out-of-range'],
        [spec, 9.9e-111, 'out-of-range'],
        [spec, 5e-324, 'out-of-range'],
        [spec, Number.POSITIVE_INFINITY, 'not-finite'],
        [spec, -9.9e109, 'none'],
        [spec, 1e-110, 'none'],
        [spec, -0, 'none'],
      ],
    ),
    [over('last'), { deep: [1, { worst: 1e200 }] }, 'out-of-range'],
    [over('last'), { deep: [1, { worst: 1e100 }, null, true, 'text'] }, 'none'],
    [over('sum', 2), 1e200, 'out-of-range'],
    [over('sum', 2), '-100000000000000000000000000', 'out-of-range'],
    [over('sum', 2), '-99999999999999999999999999.99', 'none'],
    [over('max'), true, 'not-comparable'],
    [over('min'), 'text', 'none'],
    [over('count'), {}, 'none'],
    [over('sum', 2), 0.001, 'not-a-number'],
    [over('sum', 2), '1e3', 'not-a-number'],
    [over('sum', 2), [], 'not-a-number'],
    [over('sum', 2), Number.NaN, 'not-finite'],
    [over('sum', 2), 1234567890123456.5, 'none'],
    [over('first'), { a: [1] }, 'none'],
    [over('last'), new Date(0), 'operator-failed'],
    [over('sum'), null, 'none'],
  ])('%j of %o: %s', (spec, value, reason) => {
    expect(reasonOf(spec, value)).toBe(reason);
  });

  test('share the columns of equal running values', () => {
    const { columns, meaning } = compile({
      a: over('sum'),
      b: over('avg'),
      c: over('count'),
      d: over('max'),
    });
    expect(columns).toHaveLength(3);
    expect(meaning).toBe('sum("v") count("v") max number("v")');
  });

  test('share the moments of variance and deviation, and the bins of percentiles', () => {
    const percentile = { kind: 'approxPercentile', input: field, decimalScale: null } as const;
    const { columns, meaning } = compile({
      a: over('stddev'),
      b: over('variance'),
      c: { ...percentile, percentages: 0.5, accuracy: 100 },
      d: { ...percentile, percentages: [0.1, 0.9], accuracy: 100 },
      e: { ...percentile, percentages: 0.5, accuracy: 200 },
    });
    expect(columns).toHaveLength(5);
    expect(meaning).toBe('moments("v") bins("v" accuracy 100) bins("v" accuracy 200)');
  });

  test('of a text field keep texts and numbers apart', () => {
    expect(compile({ a: over('max') }).columns).toHaveLength(2);
  });
});

test('texts are ordered by code point, as their UTF-8 bytes are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
      expect(Math.sign(compareCodePoints(left, right))).toBe(bytes);
    }),
    { numRuns: 2_000, seed: 4 },
  );
});
