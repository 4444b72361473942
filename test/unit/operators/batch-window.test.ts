import { describe, expect, test } from 'vitest';
import { asBatchTimeMs } from '../../../lib/model/ids.ts';
import { createBatchWindow } from '../../../lib/operators/batch-window.ts';
import { GroupWatermarks } from '../../../lib/operators/group-watermarks.ts';
import type { BatchWindowNode } from '../../../lib/plan/plan.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { decodeSegment } from '../../../lib/state/snapshot.ts';
import { aPass, PassDrive } from '../../support/passes.ts';
import {
  failing,
  field,
  IDLE,
  keyOf,
  type Link,
  restart,
  stateCounts,
  straightPlan,
  watermark,
  withoutIdle,
} from '../../support/straight-plan.ts';

type Pair = readonly [key: string, value: number];

const plus = (left: number, right: number) => left + right;
const minus = (left: number, right: number) => left - right;

const windowOf = (
  lengthMs: number,
  slideMs: number,
  changes: Partial<Omit<BatchWindowNode, 'inputs'>> = {},
): Link => ({
  kind: 'batch-window',
  uid: 'window',
  key: keyOf('k'),
  lengthMs,
  slideMs,
  value: field('v'),
  reduce: plus,
  inverse: null,
  keep: null,
  ...changes,
});

const rowsOf = (pairs: readonly Pair[]) => pairs.map(([k, v]) => ({ k, v }));

/** Drives batches at given times, each in a new sandbox, and gives what comes out as pairs. */
function driver(...links: Link[]) {
  const plan = straightPlan(withoutIdle, ...links);
  const passes = new PassDrive(plan);
  const push = (atMs: number, pairs: readonly Pair[], more: readonly object[] = []) => {
    const events = [...rowsOf(pairs), ...more];
    const answer = passes.push(events.length === 0 ? [IDLE] : events, {
      batchTimeMs: asBatchTimeMs(atMs),
    });
    restart(passes);
    return answer;
  };
  return {
    passes,
    push,
    at: (atMs: number, ...pairs: readonly Pair[]) =>
      (push(atMs, pairs).rows['out'] ?? []).map((row) => [row['k'], row['value']]),
    kept: (atMs: number) => stateCounts(plan, passes, atMs)[0],
  };
}

describe('a window of processing time', () => {
  test('takes the batches of its length together and comes out at each slide', () => {
    const { at, kept } = driver(windowOf(4_000, 2_000));
    expect(at(1_000, ['a', 1])).toEqual([]);
    expect(at(2_000, ['a', 2])).toEqual([['a', 3]]);
    expect(at(3_000, ['b', 3])).toEqual([]);
    expect(kept(3_000)).toBe(2);
    expect(at(4_000, ['a', 4], ['a', 4])).toEqual([
      ['a', 11],
      ['b', 3],
    ]);
    expect(at(5_000)).toEqual([]);
    expect(at(6_000)).toEqual([
      ['a', 8],
      ['b', 3],
    ]);
    expect(at(8_000)).toEqual([]);
    expect(kept(8_000)).toBe(0);
  });

  test('leaves out batches in the gap of a slide that is longer', () => {
    const { at, passes } = driver(windowOf(2_000, 3_000));
    const out = [1, 2, 3, 4, 5, 6].map((n) => at(1_000 * n, ['a', 10 ** n]));
    expect(out).toEqual([[], [], [['a', 1_100]], [], [], [['a', 1_100_000]]]);
    // The two batches of the window, and when the last batch was.
    expect(passes.state.rowCount()).toBe(3);
  });

  test('comes out once per slide however long batches are apart', () => {
    const { at } = driver(windowOf(10_000, 10_000));
    expect(at(1_700_000_001_000, ['a', 1])).toEqual([['a', 1]]);
    expect(at(1_700_000_009_999, ['a', 2])).toEqual([]);
    expect(at(1_700_000_010_500, ['a', 3])).toEqual([['a', 6]]);
    expect(at(1_700_000_055_000, ['b', 1])).toEqual([['b', 1]]);
  });

  test('counts batches of the same time as one', () => {
    const { at } = driver(windowOf(2_000, 1_000));
    expect(at(1_000, ['a', 1])).toEqual([['a', 1]]);
    expect(at(1_000, ['a', 2], ['b', 5])).toEqual([]);
    expect(at(2_000, ['a', 4])).toEqual([
      ['a', 7],
      ['b', 5],
    ]);
    expect(at(3_000)).toEqual([['a', 4]]);
  });

  test('keys of several fields come with each of them, in an order that is always the same', () => {
    const links = [windowOf(1_000, 1_000, { key: keyOf('k', 'v'), value: null, reduce: (l) => l })];
    const { passes } = driver(...links);
    const keys: Pair[] = [
      ['b', 1],
      ['a', 2],
      ['a', 1],
    ];
    const outOf = (pairs: readonly Pair[]) =>
      new PassDrive(straightPlan(...links)).push(rowsOf(pairs)).rows['out'];
    expect(outOf(keys)).toEqual(outOf(keys.toReversed()));
    expect(outOf(keys)).toContainEqual({ k: 'a', v: 2, value: { k: 'a', v: 2 } });
    expect(passes.state.rowCount()).toBe(0);
  });
});

describe('without a function the values come as a list', () => {
  const listed = { reduce: null };

  test('in order of arrival, over batches', () => {
    const { at, kept } = driver(windowOf(2_000, 1_000, listed));
    expect(at(1_000, ['a', 3], ['b', 1], ['a', 1])).toEqual([
      ['a', [3, 1]],
      ['b', [1]],
    ]);
    expect(at(1_000, ['a', 7])).toEqual([]);
    expect(at(2_000, ['a', 2])).toEqual([
      ['a', [3, 1, 7, 2]],
      ['b', [1]],
    ]);
    expect(kept(2_000)).toBe(2);
    expect(at(3_000)).toEqual([['a', [2]]]);
    expect(kept(3_000)).toBe(1);
  });

  test('of one group without a key', () => {
    const { push } = driver(windowOf(2_000, 1_000, { ...listed, key: keyOf(), value: null }));
    expect(push(1_000, [['a', 1]]).rows['out']).toEqual([{ value: [{ k: 'a', v: 1 }] }]);
    expect(push(2_000, [['b', 2]]).rows['out']).toEqual([
      {
        value: [
          { k: 'a', v: 1 },
          { k: 'b', v: 2 },
        ],
      },
    ]);
  });

  test('a record that fails after its row was taken leaves none behind', () => {
    const { push } = driver(
      { kind: 'flat-map', uid: 'two', apply: (row: object) => [{ ...row, fail: false }, row] },
      failing,
      windowOf(1_000, 1_000, listed),
    );
    const answer = push(
      1_000,
      [['a', 1]],
      [
        { k: 'a', v: 2, fail: true },
        { k: 'c', v: 3, fail: true },
      ],
    );
    expect(answer.rows['out']).toEqual([{ k: 'a', value: [1, 1] }]);
    expect(answer.dead).toHaveLength(2);
  });
});

describe('with an inverse function', () => {
  const running = { inverse: minus };

  test('keys stay with what the inverse leaves of them', () => {
    const { at, kept } = driver(windowOf(2_000, 1_000, running));
    expect(at(1_000, ['a', 1])).toEqual([['a', 1]]);
    expect(at(2_000, ['a', 2], ['b', 5])).toEqual([
      ['a', 3],
      ['b', 5],
    ]);
    expect(at(3_000)).toEqual([
      ['a', 2],
      ['b', 5],
    ]);
    expect(at(4_000)).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
    expect(at(5_000)).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
    expect(kept(5_000)).toBe(2);
  });

  test('what left in batches without a window is taken off once', () => {
    const { at } = driver(windowOf(4_000, 2_000, running));
    const out = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => at(1_000 * n, ...pairsUntil(n, 6)));
    expect(out.map(([pair]) => pair?.[1])).toEqual([
      undefined,
      3,
      undefined,
      10,
      undefined,
      18,
      undefined,
      11,
    ]);
  });

  test('batches in the gap of a longer slide are never counted', () => {
    const { at } = driver(windowOf(2_000, 3_000, running));
    const out = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => at(1_000 * n, ...pairsUntil(n, 7)));
    expect(out.map(([pair]) => pair?.[1]).filter((value) => value !== undefined)).toEqual([
      5, 11, 0,
    ]);
  });

  test('an equal total is still counted up to its new time', () => {
    const { at } = driver(windowOf(2_000, 1_000, running));
    const out = [1, 2, 1, 2, 5].map((v, index) => at(1_000 * (index + 1), ['a', v]));
    expect(out).toEqual([[['a', 1]], [['a', 3]], [['a', 3]], [['a', 3]], [['a', 7]]]);
  });

  test('what comes at the time of the last window is part of the total at once', () => {
    const { at } = driver(windowOf(2_000, 1_000, running));
    expect(at(1_000, ['a', 1])).toEqual([['a', 1]]);
    expect(at(1_000, ['a', 10], ['b', 3])).toEqual([]);
    expect(at(2_000, ['b', 2])).toEqual([
      ['a', 11],
      ['b', 5],
    ]);
    expect(at(3_000)).toEqual([
      ['a', 0],
      ['b', 2],
    ]);
  });

  test('a key that is refused leaves, and comes back with all of its window', () => {
    const { at, kept } = driver(
      windowOf(3_000, 1_000, { ...running, keep: (total: number) => total >= 3 }),
    );
    expect(at(1_000, ['a', 1])).toEqual([]);
    expect(kept(1_000)).toBe(0);
    expect(at(2_000, ['a', 2])).toEqual([['a', 3]]);
    expect(at(3_000)).toEqual([['a', 3]]);
    expect(at(4_000)).toEqual([]);
    expect(at(5_000, ['a', 3])).toEqual([['a', 3]]);
  });

  test('a key whose function failed goes on from the batches', () => {
    const brittle = (total: number, left: number) => {
      if (left === 13) throw new Error('unlucky');
      return total - left;
    };
    const { at, push } = driver(windowOf(2_000, 1_000, { inverse: brittle }));
    at(1_000, ['a', 13], ['b', 1]);
    at(2_000, ['a', 1], ['b', 1]);
    const answer = push(3_000, [['a', 2]]);
    expect(answer.rows['out']).toEqual([{ k: 'b', value: 1 }]);
    expect(answer.dead).toMatchObject([{ reason: 'operator-failed' }]);
    expect(at(4_000)).toEqual([
      ['a', 2],
      ['b', 0],
    ]);
  });
});

describe('functions of the pipeline', () => {
  test('a record whose value cannot be reduced or kept is set aside alone', () => {
    const reduce = (left: number, right: number) => {
      if (right < 0) throw new Error('negative');
      return left + right;
    };
    const { push } = driver(windowOf(1_000, 1_000, { reduce }));
    const answer = push(
      1_000,
      [
        ['a', 1],
        ['a', -1],
        ['a', 2],
      ],
      [{ k: 'a' }],
    );
    expect(answer.rows['out']).toEqual([{ k: 'a', value: 3 }]);
    expect(answer.dead.map(({ detail }) => detail)).toEqual([
      "operator 'window' threw Error: negative",
      "operator 'window' kept a value that is not plain JSON",
    ]);
  });

  test('may change what they are given', () => {
    const reduce = (left: { n: number[] }, right: { n: number[] }) => {
      left.n.push(...right.n);
      right.n.length = 0;
      return left;
    };
    const value = { kind: 'function', select: ({ v }: { v: number }) => ({ n: [v] }) } as const;
    const { at } = driver(windowOf(2_000, 1_000, { reduce, value }));
    at(1_000, ['a', 1], ['a', 2]);
    expect(at(2_000, ['a', 3])).toEqual([['a', { n: [1, 2, 3] }]]);
    expect(at(3_000)).toEqual([['a', { n: [3] }]]);
  });

  test('a row that fails behind it is set aside, and the totals stay', () => {
    const spoilt: Link = {
      kind: 'filter',
      uid: 'spoilt',
      apply: ({ value }: { value: number }) => {
        if (value === 3) throw new Error('three');
        return true;
      },
    };
    const { at, push } = driver(windowOf(2_000, 1_000, { inverse: minus }), spoilt);
    at(1_000, ['a', 1]);
    expect(push(2_000, [['a', 2]]).dead).toHaveLength(1);
    expect(at(3_000)).toEqual([['a', 2]]);
  });
});

test('results of windows of event time belong to the batch in which these close', () => {
  const counted: Link = {
    kind: 'aggregate',
    uid: 'counted',
    key: keyOf('k'),
    window: { kind: 'time', sizeMs: 10, slideMs: 10 },
    allowedLatenessMs: 0,
    aggregates: { v: { kind: 'count', input: null, decimalScale: null } },
    lateSink: null,
  };
  const { push } = driver(watermark(0), counted, windowOf(2_000, 1_000, { reduce: null }));
  const event = (k: string, at: number) => ({ k, at });
  expect(push(1_000, [], [event('a', 1), event('a', 10)]).rows['out']).toEqual([
    { k: 'a', value: [1] },
  ]);
  expect(push(2_000, [], [event('a', 20)]).rows['out']).toEqual([{ k: 'a', value: [1, 1] }]);
  expect(push(3_000, []).rows['out']).toEqual([{ k: 'a', value: [1] }]);
});

test('totals of another length are refused', () => {
  const before = driver(windowOf(2_000, 1_000, { inverse: minus }));
  before.at(1_000, ['a', 1]);
  const after = driver(windowOf(3_000, 1_000, { inverse: minus }));
  after.passes.state = before.passes.state;
  expect(() => after.at(2_000, ['a', 1])).toThrow(/its state was written for/);
});

test('without the time of the batch before, the last batch with rows counts as that', () => {
  const { at, passes } = driver(windowOf(10_000, 10_000));
  at(1_700_000_001_000, ['a', 1]);
  forgetPrevious(passes.state);
  expect(at(1_700_000_002_000, ['a', 2])).toEqual([]);
  expect(at(1_700_000_010_000)).toEqual([['a', 3]]);
});

test('rows that come after the batch has ended are part of it for the next window', () => {
  const node = { ...windowOf(2_000, 1_000, { reduce: null }), inputs: ['in'] } as BatchWindowNode;
  const pass = aPass();
  const out: unknown[] = [];
  const { operator, pushes } = createBatchWindow(node, {
    pass,
    next: (row) => out.push(row),
    source: { partitionedBy: null },
    behindMs: 0,
    timed: [false],
    refuse: () => {},
    takesResults: false,
    userCode: false,
    codeBehind: false,
  });
  const state = KeyedState.empty();
  for (const batchTimeMs of [1_000, 2_000]) {
    const watermarks = GroupWatermarks.of(null, []);
    const draft = state.draft({ undoable: true });
    const hashRange = { start: 0n, end: 0n };
    pass.begin({ draft, hashRange, previous: watermarks, batchTimeMs, tables: new Map() });
    operator.begin();
    operator.finishRows();
    if (batchTimeMs === 1_000) pushes[0]!({ k: 'a', v: 1 }, Number.NaN);
    operator.close({ previous: watermarks, current: watermarks });
    state.adopt(draft);
  }
  expect(out).toEqual([{ k: 'a', value: [1] }]);
});

/** What a log holds that began with other key groups than that of the entry. */
function forgetPrevious(state: KeyedState): void {
  const [operator] = decodeSegment(state.encodeSegments()[0]!.bytes).operators;
  const draft = state.draft();
  draft
    .operator('window', {
      id: operator!.schemaId,
      columns: [{ kind: 'value' }, { kind: 'number', initial: Number.NaN }],
    })
    .evict({ rowKey: -2, firstKeyGroup: 0, lastKeyGroup: 255 });
  state.adopt(draft);
}

/** The number of the batch as value of `a`, up to the last that has one. */
const pairsUntil = (n: number, last: number): readonly Pair[] => (n <= last ? [['a', n]] : []);
