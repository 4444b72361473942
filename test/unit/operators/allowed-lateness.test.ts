import { describe, expect, test } from 'vitest';
import { hashOfKey, keyGroupOf } from '../../../lib/model/hash-range.ts';
import type { AggregateSpec, OutputMode, WindowSpec } from '../../../lib/plan/plan.ts';
import { session, sliding, tumbling } from '../../../lib/plan/window.ts';
import { PassDrive } from '../../support/passes.ts';
import {
  aggregate,
  aggregationPlan,
  keyOf,
  planOf,
  SOURCE,
  sink,
  watermark,
} from '../../support/window-plans.ts';

type Row = Record<string, unknown>;

const sum: AggregateSpec = {
  kind: 'sum',
  input: { kind: 'field', field: 'v' },
  decimalScale: null,
};
const list: AggregateSpec = { ...sum, kind: 'collectList' };

const drive = (window: WindowSpec, value = sum, mode: OutputMode = 'append') =>
  new PassDrive(aggregationPlan({ window, allowedLatenessMs: 20, aggregates: { value } }, mode));

const row = (at: number, v: number, key = 'a') => ({ key, at, v });
const ms = (text: unknown) => Date.parse(String(text));
/** Key, start, value. */
const shown = (rows: readonly Row[] = []) =>
  rows.map(({ key, windowStart, value }) => [key, ms(windowStart), value]);

describe('a window that is kept for late rows', () => {
  test('comes out when it closes, and again with all it holds for the keys that got rows', () => {
    const windows = drive(tumbling('10 milliseconds'));
    windows.push([row(101, 1), row(102, 2, 'b')]);
    expect(shown(windows.push([row(111, 4)]).rows['out']).sort()).toEqual([
      ['a', 100, 1],
      ['b', 100, 2],
    ]);
    expect(windows.state.rowCount()).toBe(3);
    expect(shown(windows.push([row(103, 8), row(104, 16)]).rows['out'])).toEqual([['a', 100, 25]]);
    expect(windows.push([row(112, 32)]).rows['out']).toBeUndefined();
    expect(shown(windows.push([row(125, 64), row(109, 128, 'b')]).rows['out'])).toEqual([
      ['b', 100, 130],
      ['a', 110, 36],
    ]);
  });

  test('takes rows until the watermark has passed its end by the lateness', () => {
    const windows = drive(tumbling('10 milliseconds'));
    windows.push([row(101, 1)]);
    windows.push([row(129, 2)]);
    expect(shown(windows.push([row(102, 4)]).rows['out'])).toEqual([['a', 100, 5]]);
    windows.push([row(130, 8)]);
    const { rows, result } = windows.push([row(103, 16)]);
    expect(rows['out']).toBeUndefined();
    expect(result.counts).toMatchObject({ late: 1, applied: 0 });
    expect(windows.state.rowCount()).toBe(2);
  });

  test('comes out once where a row comes too late to be in time and closes it is kept no longer', () => {
    const windows = drive(tumbling('10 milliseconds'));
    windows.push([row(101, 1)]);
    windows.push([row(115, 2)]);
    expect(shown(windows.push([row(102, 4), row(200, 8)]).rows['out'])).toEqual([
      ['a', 100, 5],
      ['a', 110, 2],
    ]);
    expect(windows.state.rowCount()).toBe(1);
  });

  test.each([
    ['panes', sum, (...values: number[]) => values.reduce((left, right) => left + right)],
    ['windows', list, (...values: number[]) => values],
  ])('may overlap others, kept as %s', (_, value, of) => {
    const windows = drive(sliding('20 milliseconds', '10 milliseconds'), value);
    windows.push([row(105, 1), row(106, 2, 'b')]);
    expect(shown(windows.push([row(125, 4)]).rows['out']).sort()).toEqual([
      ['a', 100, of(1)],
      ['a', 90, of(1)],
      ['b', 100, of(2)],
      ['b', 90, of(2)],
    ]);
    expect(shown(windows.push([row(107, 8)]).rows['out'])).toEqual([
      ['a', 90, of(1, 8)],
      ['a', 100, of(1, 8)],
    ]);
    windows.push([row(131, 16)]);
    const { rows, result } = windows.push([row(108, 32)]);
    expect(shown(rows['out'])).toEqual([['a', 100, of(1, 8, 32)]]);
    expect(result.counts).toMatchObject({ applied: 1, lateRows: 1 });
  });

  test('does not come out again for a key whose own watermark has passed it', () => {
    const window = sliding('20 milliseconds', '10 milliseconds');
    const plan = aggregationPlan(
      { window, allowedLatenessMs: 20, aggregates: { value: sum } },
      'append',
      { delayMs: 1_000 },
    );
    const windows = new PassDrive(plan);
    windows.push([row(105, 1), row(105, 2, 'b')]);
    const group = keyGroupOf(hashOfKey('a'));
    windows.floors = [{ firstKeyGroup: group, lastKeyGroup: group, watermarkMs: 131 }];
    const { rows, result } = windows.push([row(107, 4), row(108, 8, 'b')]);
    expect(shown(rows['out'])).toEqual([['a', 100, 5]]);
    expect(result.counts).toMatchObject({ applied: 2, lateRows: 1 });
  });

  test('comes out changed in update mode for as long', () => {
    const windows = drive(tumbling('10 milliseconds'), sum, 'update');
    windows.push([row(101, 1), row(129, 2)]);
    expect(shown(windows.push([row(102, 4)]).rows['out'])).toEqual([['a', 100, 5]]);
    windows.push([row(130, 8)]);
    expect(windows.push([row(103, 16)]).rows['out']).toBeUndefined();
  });

  test('gives windows behind it each of its rows', () => {
    const behind = planOf([
      SOURCE,
      watermark(),
      aggregate({ window: tumbling('10 milliseconds'), allowedLatenessMs: 20 }),
      aggregate({
        uid: 'behind',
        inputs: ['groups'],
        key: keyOf(),
        window: tumbling('100 milliseconds'),
        aggregates: { value: { ...list, input: { kind: 'field', field: 'rows' } } },
      }),
      sink('behind', 'append'),
    ]);
    const windows = new PassDrive(behind);
    windows.push([row(101, 1), row(115, 1)]);
    windows.push([row(102, 1)]);
    expect(windows.push([row(200, 1)]).rows['out']).toMatchObject([{ value: [1, 2, 1] }]);
  });
});

describe('a session that is kept for late rows', () => {
  const sessions = () => drive(session('10 milliseconds'), list);

  test('comes out again when a row joins it that is late by itself', () => {
    const kept = sessions();
    kept.push([row(100, 1)]);
    expect(shown(kept.push([row(115, 2, 'b')]).rows['out'])).toEqual([['a', 100, [1]]]);
    expect(shown(kept.push([row(95, 4)]).rows['out'])).toEqual([['a', 95, [1, 4]]]);
    expect(kept.push(['no event']).rows['out']).toBeUndefined();
    expect(shown(kept.push([row(126, 8, 'b')]).rows['out'])).toEqual([['b', 115, [2]]]);
  });

  test('is open again when a row makes it last longer than the watermark', () => {
    const kept = sessions();
    kept.push([row(100, 1)]);
    kept.push([row(115, 2, 'b')]);
    expect(kept.push([row(110, 4)]).rows['out']).toBeUndefined();
    expect(shown(kept.push([row(121, 8, 'c')]).rows['out'])).toEqual([['a', 100, [1, 4]]]);
  });

  test('takes rows that are late by themselves only where they touch it', () => {
    const kept = sessions();
    kept.push([row(100, 1), row(125, 2, 'b')]);
    // They end at 98, at 101 and then at 92; only the last two touch what ends at 110.
    const { result, rows } = kept.push([row(88, 4), row(91, 8), row(82, 16), row(88, 32, 'b')]);
    expect(shown(rows['out'])).toEqual([['a', 82, [1, 8, 16]]]);
    expect(result.counts).toMatchObject({ applied: 2, late: 2 });
  });

  test('is gone once the watermark has passed its end by the lateness', () => {
    const kept = sessions();
    kept.push([row(100, 1), row(129, 2, 'b')]);
    expect(kept.state.rowCount()).toBe(2);
    kept.push([row(130, 4, 'b')]);
    expect(kept.state.rowCount()).toBe(1);
    expect(kept.push([row(95, 8)]).result.counts).toMatchObject({ late: 1, applied: 0 });
  });

  test('does not come out again because others of its key have become one', () => {
    const kept = sessions();
    const { rows } = kept.push([row(129, 1), row(117, 2), row(100, 4)]);
    expect(shown(rows['out'])).toEqual([
      ['a', 100, [4]],
      ['a', 117, [2]],
    ]);
    expect(kept.push([row(120, 8)]).rows['out']).toBeUndefined();
    expect(kept.state.rowCount()).toBe(2);
    expect(shown(kept.push([row(200, 16)]).rows['out'])).toEqual([['a', 117, [2, 1, 8]]]);
  });
});
