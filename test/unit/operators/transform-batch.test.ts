import { describe, expect, test } from 'vitest';
import type { Plan, PlanNode } from '../../../lib/plan/plan.ts';
import { ARRIVAL_MS, PassDrive } from '../../support/passes.ts';
import {
  failing,
  IDLE,
  keyOf,
  type Link,
  stateCounts,
  straightPlan,
  watermark,
  withoutIdle,
} from '../../support/straight-plan.ts';

interface Row {
  readonly n: number;
}

const transform = (apply: (...values: never[]) => unknown): Link => ({
  kind: 'transform-batch',
  uid: 'transform',
  apply,
});
const drive = (...links: Link[]) => new PassDrive(straightPlan(...links));
const rowsOf = (...values: number[]) => values.map((n) => ({ n }));

describe('all rows of a batch at once', () => {
  test('come in order of arrival, once per batch, also where there are none', () => {
    const calls: unknown[] = [];
    const plan = straightPlan(
      withoutIdle,
      transform((rows: Row[], context) => {
        calls.push([rows, context]);
        return [{ total: rows.reduce((sum, { n }) => sum + n, 0) }];
      }),
    );
    const passes = new PassDrive(plan);
    expect(passes.push(rowsOf(3, 1, 2)).rows['out']).toEqual([{ total: 6 }]);
    expect(passes.push([IDLE]).rows['out']).toEqual([{ total: 0 }]);
    const context = { batchTimeMs: ARRIVAL_MS };
    expect(calls).toEqual([
      [rowsOf(3, 1, 2), context],
      [[], context],
    ]);
    expect(stateCounts(plan, passes)).toEqual([0]);
  });

  test('may be given out by a generator', () => {
    const answer = drive(
      transform(function* (rows: Row[]) {
        yield* rows;
        yield { n: 9 };
      }),
    ).push(rowsOf(1));
    expect(answer.rows['out']).toEqual(rowsOf(1, 9));
    expect(answer.result.counts).toMatchObject({ applied: 1, filtered: 0 });
  });

  test('a record that fails after a row of it was taken leaves none behind', () => {
    const twice: Link = {
      kind: 'flat-map',
      uid: 'twice',
      apply: (row: Row & { fail?: boolean }) => [{ n: row.n }, { ...row, n: row.n + 1 }],
    };
    const seen: unknown[] = [];
    const answer = drive(
      twice,
      failing,
      transform((rows: Row[]) => {
        seen.push(...rows);
        return rows;
      }),
    ).push([{ n: 1 }, { n: 10, fail: true }, { n: 20 }]);
    expect(seen).toEqual(rowsOf(1, 2, 20, 21));
    expect(answer.rows['out']).toEqual(rowsOf(1, 2, 20, 21));
    expect(answer.dead).toHaveLength(1);
  });

  test('a row that fails behind it is set aside alone', () => {
    const answer = drive(
      transform((rows: Row[]) => rows),
      failing,
    ).push([{ n: 1 }, { n: 2, fail: true }, { n: 3 }]);
    expect(answer.rows['out']).toEqual(rowsOf(1, 3));
    expect(answer.dead.map(dataOf)).toEqual([{ n: 2, fail: true }]);
  });

  test('of two inputs come apart', () => {
    const answer = new PassDrive(planOfTwo((left: Row[], right: Row[]) => [{ left, right }])).push(
      rowsOf(1, 2, 3, 4),
    );
    expect(answer.rows['out']).toEqual([{ left: rowsOf(1, 3), right: rowsOf(2, 4) }]);
  });
});

describe('event time', () => {
  const counted: Link = {
    kind: 'aggregate',
    uid: 'counted',
    key: keyOf(),
    window: { kind: 'time', sizeMs: 10, slideMs: 10 },
    allowedLatenessMs: 0,
    aggregates: { n: { kind: 'count', input: null, decimalScale: null } },
    lateSink: null,
  };

  test('stays with the rows that are handed through', () => {
    const passes = drive(
      watermark(0),
      transform((rows: Row[]) => rows.toReversed()),
      counted,
    );
    const answer = passes.push([{ at: 11 }, { at: 12 }, { at: 21 }, { at: 30 }]);
    expect(answer.rows['out']).toMatchObject([
      { windowStart: '1970-01-01T00:00:00.010Z', n: 2 },
      { windowStart: '1970-01-01T00:00:00.020Z', n: 1 },
    ]);
  });

  test('is none for rows that are new, and for texts and numbers, which have no identity', () => {
    const byTime: Link = { kind: 'deduplicate', uid: 'by-time', key: keyOf(), forget: 'time' };
    const numbers: Link = { kind: 'map', uid: 'numbers', apply: ({ at }: { at: number }) => at };
    const [copied, plain] = [
      drive(
        watermark(0),
        transform((rows: Row[]) => rows.map((row) => ({ ...row }))),
        byTime,
      ),
      drive(
        watermark(0),
        numbers,
        transform((rows: number[]) => rows),
        byTime,
      ),
    ];
    for (const passes of [copied, plain]) {
      expect(passes.push([{ at: 5 }]).dead).toMatchObject([{ reason: 'event-time-missing' }]);
    }
  });

  test('rows of windows come in one call, when these have closed', () => {
    const calls: number[] = [];
    const passes = drive(
      withoutIdle,
      watermark(0),
      counted,
      transform((rows: Row[]) => {
        calls.push(rows.length);
        return [{ sum: rows.reduce((sum, { n }) => sum + n, 0) }];
      }),
    );
    expect(passes.push([{ at: 1 }, { at: 2 }]).rows['out']).toEqual([{ sum: 0 }]);
    expect(passes.push([{ at: 11 }, { at: 25 }]).rows['out']).toEqual([{ sum: 3 }]);
    expect(passes.push([IDLE]).rows['out']).toEqual([{ sum: 0 }]);
    expect(calls).toEqual([0, 2, 0]);
  });
});

describe('a call that fails', () => {
  test.each<[string, (rows: Row[]) => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
      /threw Error: no/,
    ],
    ['is asynchronous', async (rows) => rows, /is asynchronous/],
    ['returns nothing', () => undefined, /did not return an array/],
    ['returns text', () => 'text', /did not return an array/],
    ['returns an undefined row', () => [1, undefined], /returned an undefined row/],
  ])('because it %s sets the rows of its batch aside', (_, apply, detail) => {
    const passes = drive(transform((rows: Row[]) => (rows.length === 1 ? rows : apply(rows))));
    const answer = passes.push(rowsOf(1, 2));
    expect(answer.rows['out']).toBeUndefined();
    expect(answer.dead).toMatchObject([{ reason: 'operator-failed' }]);
    expect(answer.dead[0]!.detail).toMatch(detail);
    expect(answer.dead.map(dataOf)).toEqual([rowsOf(1, 2)]);
    expect(passes.push(rowsOf(3)).rows['out']).toEqual(rowsOf(3));
  });

  test('with two inputs sets both aside', () => {
    const answer = new PassDrive(planOfTwo(() => null)).push(rowsOf(1, 2));
    expect(answer.dead.map(dataOf)).toEqual([[rowsOf(1), rowsOf(2)]]);
  });
});

/** Odd numbers to the left, even ones to the right. */
function planOfTwo(apply: (...values: never[]) => unknown): Plan {
  const plan = straightPlan();
  const [source, sink] = plan.nodes as [PlanNode, PlanNode];
  const half = (uid: string, rest: number): PlanNode => ({
    kind: 'filter',
    uid,
    inputs: ['source'],
    apply: ({ n }: Row) => n % 2 === rest,
  });
  return {
    ...plan,
    nodes: [
      source,
      half('odd', 1),
      half('even', 0),
      { kind: 'transform-batch', uid: 'transform', inputs: ['odd', 'even'], apply },
      { ...sink, inputs: ['transform'] } as PlanNode,
    ],
  };
}

const dataOf = (letter: Record<string, unknown>) =>
  JSON.parse(Buffer.from(String(letter['data']), 'base64').toString('utf8'));
