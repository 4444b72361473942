import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  avg,
  count,
  decimal,
  kinesis,
  max,
  min,
  noop,
  pipeline,
  stddev,
  sum,
} from '../../lib/index.ts';
import { Decimal } from '../../lib/model/decimal.ts';
import { type Accumulation, compileAggregates } from '../../lib/operators/accumulation.ts';
import type { AggregateNode } from '../../lib/plan/plan.ts';
import type { RowTable } from '../../lib/state/row-table.ts';
import { mergedPartials, partialOf as partial } from '../support/partial-aggregates.ts';
import { cases } from './cases.ts';

interface Event {
  readonly key: string;
  readonly value: number | null;
  readonly amount: string | number | null;
  readonly mixed: string | number | null;
}

const plan = pipeline('p')
  .from(kinesis<Event>('events').partitionedBy('key'))
  .keyBy('key')
  .aggregate({
    rows: count(),
    values: count('value'),
    total: sum('value'),
    mean: avg('value'),
    least: min('value'),
    greatest: max('value'),
    spread: stddev('value'),
    exact: sum(decimal('amount', { scale: 2 })),
    exactMean: avg(decimal('amount', { scale: 2 })),
    first: min('mixed'),
    last: max('mixed'),
  })
  .to(noop(), { mode: 'update' })
  .plan();
const node = plan.nodes.find((each): each is AggregateNode => each.kind === 'aggregate')!;
const accumulation: Accumulation = compileAggregates(node);

const partialOf = (rows: readonly Event[]) => partial(accumulation, rows);
const merged = (left: RowTable, right: RowTable) => mergedPartials(accumulation, left, right);

function resultOf(table: RowTable): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  accumulation.writeResults(result, table, 0);
  return Object.fromEntries(
    Object.entries(result).map(([name, value]) => [
      name,
      value instanceof Decimal ? value.toString() : value,
    ]),
  );
}

const nullable = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null });
const amount = fc
  .bigInt({ min: -(10n ** 27n), max: 10n ** 27n })
  .map((units) => new Decimal(units, 2).toString());

/** Whole numbers have exact sums in any order; a mean or deviation is a quotient of such. */
const wholeEvent = fc.record({
  key: fc.constant('k'),
  value: nullable(fc.integer({ min: -1_000_000, max: 1_000_000 })),
  amount: nullable(fc.oneof(amount, fc.integer())),
  mixed: nullable(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.integer())),
});
const doubleEvent = fc.record({
  key: fc.constant('k'),
  value: nullable(fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(Math.fround)),
  amount: nullable(amount),
  mixed: nullable(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.double({ noNaN: true, min: 1, max: 9 }),
    ),
  ),
});
const some = <Value>(event: fc.Arbitrary<Value>) => fc.array(event, { maxLength: 8 });

/** Doubles that are added in another order differ in their last bits, measured by what was added. */
function expectClose(left: RowTable, right: RowTable, events: readonly Event[]) {
  const magnitude = events.reduce((total, { value }) => total + Math.abs(value ?? 0), 1);
  const [actual, expected] = [resultOf(left), resultOf(right)];
  for (const [name, value] of Object.entries(expected)) {
    const other = actual[name];
    if (typeof value !== 'number' || typeof other !== 'number') expect(other).toEqual(value);
    // The root of a deviation turns a distance of 1e-12 into one of 1e-6.
    else if (name === 'spread')
      expect(Math.abs(other ** 2 - value ** 2)).toBeLessThan(1e-9 * magnitude ** 2);
    else expect(Math.abs(other - value)).toBeLessThanOrEqual(1e-9 * magnitude);
  }
}

describe('partial aggregates', () => {
  const exactNames = Object.keys(node.aggregates).filter((name) => name !== 'spread');
  const exactOf = (table: RowTable) => {
    const result = resultOf(table);
    return exactNames.map((name) => result[name]);
  };

  test('merge associatively, in any order, to what all rows give at once: whole numbers exactly', () => {
    fc.assert(
      fc.property(some(wholeEvent), some(wholeEvent), some(wholeEvent), (...parts) => {
        const [left, middle, right] = parts.map(partialOf) as [RowTable, RowTable, RowTable];
        const all = exactOf(partialOf(parts.flat()));
        const values = parts.flat().flatMap(({ value }) => value ?? []);
        const {
          rows,
          values: valueCount,
          total,
          least,
          greatest,
        } = resultOf(partialOf(parts.flat()));
        expect([rows, valueCount]).toEqual([parts.flat().length, values.length]);
        if (values.length > 0) {
          const naive = [values.reduce((a, b) => a + b), Math.min(...values), Math.max(...values)];
          expect([total, least, greatest]).toEqual(naive);
        }
        expect(exactOf(merged(merged(left, middle), right))).toEqual(all);
        expect(exactOf(merged(left, merged(middle, right)))).toEqual(all);
        expect(exactOf(merged(merged(right, left), middle))).toEqual(all);
      }),
      cases(),
    );
  });

  test('merge associatively for doubles up to their last bits', () => {
    fc.assert(
      fc.property(some(doubleEvent), some(doubleEvent), some(doubleEvent), (...parts) => {
        const [left, middle, right] = parts.map(partialOf) as [RowTable, RowTable, RowTable];
        const events = parts.flat();
        const all = partialOf(events);
        expectClose(merged(merged(left, middle), right), all, events);
        expectClose(merged(left, merged(middle, right)), all, events);
        expectClose(merged(right, merged(middle, left)), all, events);
      }),
      cases(),
    );
  });

  test('do not change by what holds nothing, from either side', () => {
    fc.assert(
      fc.property(some(doubleEvent), (events) => {
        const [part, nothing] = [partialOf(events), partialOf([])];
        expect(resultOf(merged(part, nothing))).toEqual(resultOf(part));
        expect(resultOf(merged(nothing, part))).toEqual(resultOf(part));
      }),
      cases(),
    );
  });
});
