import { describe, expect, test } from 'vitest';
import { GroupWatermarks } from '../../../lib/operators/group-watermarks.ts';
import { wirePlan } from '../../../lib/operators/wire-plan.ts';
import type { AggregateSpec, OutputMode, Plan } from '../../../lib/plan/plan.ts';
import { sliding, tumbling } from '../../../lib/plan/window.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { aPass, PassDrive } from '../../support/passes.ts';
import {
  aggregate,
  aggregationPlan,
  keyOf,
  planOf,
  SOURCE,
  sink,
  watermark,
} from '../../support/window-plans.ts';

const sum: AggregateSpec = {
  kind: 'sum',
  input: { kind: 'field', field: 'v' },
  decimalScale: null,
};
const rows: AggregateSpec = { kind: 'count', input: null, decimalScale: null };
const everything = { key: keyOf(), aggregates: { rows, sum } };

const row = (at: number, v: number) => ({ key: 'a', at, v });

describe('an aggregation without a key', () => {
  test.each<OutputMode>(['update', 'complete'])(
    'gives its row with every batch in mode %s',
    (mode) => {
      const one = new PassDrive(aggregationPlan(everything, mode));
      expect(one.push(['no event']).rows['out']).toEqual([{ rows: 0, sum: null }]);
      expect(one.state.rowCount()).toBe(1);
      expect(one.push([row(1, 5), row(2, 6)]).rows['out']).toEqual([{ rows: 2, sum: 11 }]);
      expect(one.push(['no event']).rows['out']).toEqual([{ rows: 2, sum: 11 }]);
      expect(one.push(['no event']).delta).toEqual(one.push(['no event']).delta);
      expect(one.state.rowCount()).toBe(1);
    },
  );

  test('has a row for each window that has rows, and for no other', () => {
    const windows = new PassDrive(
      aggregationPlan({ ...everything, window: tumbling('10 milliseconds') }, 'update'),
    );
    expect(windows.push(['no event']).rows['out']).toBeUndefined();
    expect(windows.push([row(1, 5), row(12, 6), row(2, 7)]).rows['out']).toMatchObject([
      { windowStart: '1970-01-01T00:00:00.000Z', rows: 2, sum: 12 },
      { windowStart: '1970-01-01T00:00:00.010Z', rows: 1, sum: 6 },
    ]);
  });

  test('that reduces has no row before its first', () => {
    const { aggregates: _, ...rest } = aggregate({ key: keyOf() });
    const reduced = new PassDrive(
      planOf([
        SOURCE,
        watermark(),
        {
          ...rest,
          kind: 'reduce',
          reduce: (left: { v: number }, right: { v: number }) => ({ v: left.v + right.v }),
        },
        sink('groups', 'update'),
      ]),
    );
    expect(reduced.push(['no event']).rows['out']).toBeUndefined();
    expect(reduced.push([row(1, 5), row(2, 6)]).rows['out']).toEqual([{ v: 11 }]);
    expect(reduced.push(['no event']).rows['out']).toEqual([{ v: 11 }]);
  });

  test('is not refused where the source is partitioned by a function', () => {
    const partitioned = { ...SOURCE, partitionedByFunction: () => 'elsewhere' } as typeof SOURCE;
    const plan = planOf(
      [partitioned, watermark(), aggregate(everything), sink('groups', 'update')],
      {
        inOneTask: false,
      },
    );
    const one = new PassDrive(plan);
    one.hashRange = { start: 0n, end: 0n };
    expect(one.push([row(1, 5)]).rows['out']).toEqual([{ rows: 1, sum: 5 }]);
  });
});

describe('state is counted', () => {
  const counted = (plan: Plan, times: readonly number[], watermarkMs: number) => {
    const pass = aPass();
    const { operators, pushes } = wirePlan(plan, pass, () => () => {});
    const state = KeyedState.empty();
    const watermarks = GroupWatermarks.of(watermarkMs, []);
    const before = GroupWatermarks.of(Number.NEGATIVE_INFINITY, []);
    const begin = () => {
      const draft = state.draft({ undoable: true });
      pass.begin({
        draft,
        hashRange: { start: 0n, end: 2n ** 128n - 1n },
        previous: before,
        batchTimeMs: 0,
        tables: new Map(),
      });
      for (const operator of operators) operator.begin();
      return draft;
    };
    const draft = begin();
    for (const at of times) pushes.get('events')!(row(at, 1), Number.NaN);
    for (const operator of operators) operator.close({ previous: before, current: watermarks });
    const counts = () => operators.map((operator) => operator.countState(watermarks))[0];
    const drafted = counts();
    state.adopt(draft);
    const adopted = counts();
    begin();
    return [drafted, adopted, counts()];
  };

  test('as windows that are open, whatever they are made of, before and after the commit', () => {
    const window = sliding('30 milliseconds', '10 milliseconds');
    const panes = aggregationPlan({ window });
    const list: AggregateSpec = { ...sum, kind: 'collectList' };
    const whole = aggregationPlan({ window, aggregates: { list } });
    for (const plan of [panes, whole]) {
      expect(counted(plan, [100, 101, 115], 0)).toEqual([4, 4, 4]);
      expect(counted(plan, [100, 101, 115], 119)).toEqual([3, 3, 3]);
      expect(counted(plan, [100, 101, 115], 120)).toEqual([2, 2, 2]);
      expect(counted(plan, [100, 101, 115], 140)).toEqual([0, 0, 0]);
    }
  });

  test('as windows that are kept for late rows', () => {
    const window = sliding('30 milliseconds', '10 milliseconds');
    const plan = aggregationPlan({ window, allowedLatenessMs: 10 });
    expect(counted(plan, [100, 101, 115], 120)).toEqual([3, 3, 3]);
  });

  test('as sessions', () => {
    const plan = aggregationPlan({ window: { kind: 'session', gap: 10 } });
    expect(counted(plan, [100, 120, 109], 0)).toEqual([2, 2, 2]);
    expect(counted(plan, [100, 120, 140, 109], 119)).toEqual([2, 2, 2]);
    expect(counted(plan, [140, 120, 100, 130], 110)).toEqual([1, 1, 1]);
  });
});
