import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GroupWatermarks } from '../../../lib/operators/group-watermarks.ts';
import { wirePlan } from '../../../lib/operators/wire-plan.ts';
import type { AggregateSpec, OutputMode, Plan } from '../../../lib/plan/plan.ts';
import { counting } from '../../../lib/plan/window.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { aPass, PassDrive } from '../../support/passes.ts';
import { aggregate, keyOf, planOf, SOURCE, sink } from '../../support/window-plans.ts';

type Row = Record<string, unknown>;

const list: AggregateSpec = {
  kind: 'collectList',
  input: { kind: 'field', field: 'v' },
  decimalScale: null,
};

const planOfRows = (size: number, slide = size, mode: OutputMode = 'append'): Plan =>
  planOf([
    SOURCE,
    aggregate({ inputs: ['in'], window: counting(size, slide), aggregates: { list } }),
    sink('groups', mode),
  ]);
const drive = (...plan: Parameters<typeof planOfRows>) => new PassDrive(planOfRows(...plan));

const row = (v: unknown, key = 'a') => ({ key, v });
const shown = (rows: readonly Row[] = []) => rows.map(({ key, list }) => [key, list]);

describe('windows of rows', () => {
  test('come out with the row that completes them, and leave nothing', () => {
    const windows = drive(3);
    expect(windows.push([row(1), row(2)]).rows['out']).toBeUndefined();
    expect(windows.state.rowCount()).toBe(1);
    expect(windows.push([row(3), row(4)]).rows['out']).toEqual([{ key: 'a', list: [1, 2, 3] }]);
    expect(shown(windows.push([row(5), row(6)]).rows['out'])).toEqual([['a', [4, 5, 6]]]);
    expect(windows.state.rowCount()).toBe(0);
  });

  test('count the rows of each key apart, and come in order of arrival', () => {
    const windows = drive(2);
    const batch = [row(1, 'b'), row(2, 'a'), row(3, 'a'), row(4, 'b'), row(5, 'a'), row(6, 'a')];
    expect(shown(windows.push(batch).rows['out'])).toEqual([
      ['a', [2, 3]],
      ['b', [1, 4]],
      ['a', [5, 6]],
    ]);
  });

  test('that slide hold the last rows, the first ones fewer', () => {
    const windows = drive(5, 2);
    const batch = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((v) => row(v));
    expect(shown(windows.push(batch).rows['out'])).toEqual([
      ['a', [1, 2]],
      ['a', [1, 2, 3, 4]],
      ['a', [2, 3, 4, 5, 6]],
      ['a', [4, 5, 6, 7, 8]],
    ]);
  });

  test('that leave rows out hold the last before they come out', () => {
    const windows = drive(2, 3);
    const batch = [1, 2, 3, 4, 5, 6].map((v) => row(v));
    expect(shown(windows.push(batch).rows['out'])).toEqual([
      ['a', [2, 3]],
      ['a', [5, 6]],
    ]);
  });

  test('come out in update mode as well', () => {
    expect(shown(drive(1, 1, 'update').push([row(1), row(2)]).rows['out'])).toEqual([
      ['a', [1]],
      ['a', [2]],
    ]);
  });

  test('are refused in complete mode', () => {
    expect(() => drive(2, 2, 'complete')).toThrow("the windows of 'groups' are gone");
  });

  test.each([0, -1, 1.5, Number.NaN])('of %s rows are refused', (size) => {
    expect(() => counting(size)).toThrow('the size of a window of rows');
    expect(() => counting(1, size)).toThrow('the slide of a window of rows');
  });

  test('are part of the record that completes them: where one fails so does the other', () => {
    const failing = planOf([
      SOURCE,
      aggregate({ inputs: ['in'], window: counting(2), aggregates: { list } }),
      {
        kind: 'map',
        uid: 'picky',
        inputs: ['groups'],
        apply: (window: { list: unknown[] }) => {
          if (window.list.includes('bad')) throw new Error('bad window');
          return window;
        },
      },
      sink('picky', 'append'),
    ]);
    const windows = new PassDrive(failing);
    const { rows, dead, result } = windows.push([row(1), row('bad'), row(2), row(3)]);
    expect(shown(rows['out'])).toEqual([['a', [1, 2]]]);
    expect(dead).toMatchObject([{ reason: 'operator-failed' }]);
    expect(result.counts).toMatchObject({ dead: 1, applied: 3 });
    expect(shown(windows.push([row(4)]).rows['out'])).toEqual([['a', [3, 4]]]);
  });

  test('without a key are those of all rows', () => {
    const windows = new PassDrive(
      planOf([
        SOURCE,
        aggregate({ inputs: ['in'], key: keyOf(), window: counting(2), aggregates: { list } }),
        sink('groups', 'append'),
      ]),
    );
    expect(windows.push([row(1, 'a'), row(2, 'b')]).rows['out']).toEqual([{ list: [1, 2] }]);
  });

  test('are counted while they are open', () => {
    const pass = aPass();
    const { operators, pushes } = wirePlan(planOfRows(4, 2), pass, () => () => {});
    pass.draft = KeyedState.empty().draft({ undoable: true });
    for (const operator of operators) operator.begin();
    for (const v of [1, 2, 3]) pushes.get('events')!(row(v), Number.NaN);
    pushes.get('events')!(row(1, 'b'), Number.NaN);
    expect(operators.map((each) => each.countState(GroupWatermarks.of(null, [])))).toEqual([4]);
  });

  test('are the same for any cut into batches, warm and cold', () => {
    const events = fc.array(fc.tuple(fc.constantFrom('a', 'b', ''), fc.integer()), {
      minLength: 1,
      maxLength: 40,
    });
    const counts = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(events, counts, counts, counts, (all, size, slide, cut) => {
        const windows = drive(size, slide);
        const seen = new Map<string, number[]>();
        for (let from = 0; from < all.length; from += cut) {
          const expected: unknown[] = [];
          const batch = all.slice(from, from + cut);
          for (const [key, v] of batch) {
            const rows = [...(seen.get(key) ?? []), v];
            seen.set(key, rows);
            if (rows.length % slide === 0) expected.push([key, rows.slice(-size)]);
          }
          const answer = windows.push(batch.map(([key, v]) => row(v, key)));
          expect(shown(answer.rows['out'])).toEqual(expected);
          windows.state = KeyedState.fromSegments(
            windows.state.encodeSegments().map(({ bytes }) => bytes),
          );
        }
      }),
      { numRuns: 200, seed: 20_260 },
    );
  });
});
