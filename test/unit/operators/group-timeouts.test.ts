import { describe, expect, test } from 'vitest';
import type { PlanNode } from '../../../lib/plan/plan.ts';
import type { GroupState } from '../../../lib/plan/user-state.ts';
import {
  type Apply,
  byFields,
  deadOf,
  emittedTimes,
  groupsDrive,
  groupsPlan,
  type UserRow,
} from '../../support/user-state.ts';

/** Counts rows and says so; with a timeout it says farewell. */
const counting =
  (setTimeout?: (state: GroupState<number>, rows: readonly UserRow[]) => void): Apply =>
  (k, rows, state) => {
    if (state.hasTimedOut) {
      const n = state.get();
      state.remove();
      return [{ k, n, left: true }];
    }
    state.update((state.getOption() ?? 0) + rows.length);
    setTimeout?.(state, rows);
    return [{ k, n: state.get() }];
  };

describe('timeouts by processing time', () => {
  const tenSeconds = () =>
    groupsDrive(
      counting((state) => state.setTimeoutDuration('10 seconds')),
      {
        timeout: 'processing-time',
      },
    );

  test('are due when the clock is past them, once', () => {
    const drive = tenSeconds();
    expect(drive.rows([{ k: 'a' }], 1_000)).toEqual([{ k: 'a', n: 1 }]);
    expect(drive.rows([], 11_000)).toEqual([]);
    drive.restart();
    expect(drive.rows([], 11_001)).toEqual([{ k: 'a', n: 1, left: true }]);
    expect(drive.state.rowCount()).toBe(0);
    expect(drive.rows([], 30_000)).toEqual([]);
  });

  test('a row clears them, and keys with rows are not timed out in their batch', () => {
    const drive = tenSeconds();
    drive.batch([{ k: 'a' }, { k: 'b' }], 0);
    expect(drive.rows([{ k: 'a' }], 20_000)).toEqual([
      { k: 'a', n: 2 },
      { k: 'b', n: 1, left: true },
    ]);
    expect(drive.rows([], 30_001)).toEqual([{ k: 'a', n: 2, left: true }]);
  });

  test('a call for rows that sets none has none', () => {
    const drive = groupsDrive(
      counting((state, rows) => {
        if (rows[0]?.n === 1) state.setTimeoutDuration('1 second');
      }),
      { timeout: 'processing-time' },
    );
    drive.batch([{ k: 'a', n: 1 }], 0);
    drive.batch([{ k: 'a', n: 2 }], 500);
    expect(drive.rows([], 90_000)).toEqual([]);
  });

  test('one without state counts as a key until it has fired', () => {
    const drive = groupsDrive(
      (k, _, state) => {
        if (state.hasTimedOut) return [{ k, exists: state.exists }];
        state.setTimeoutDuration('1 second');
        return [];
      },
      { timeout: 'processing-time' },
    );
    drive.batch([{ k: 'a' }], 0);
    expect(drive.state.rowCount()).toBe(1);
    expect(drive.rows([], 1_001)).toEqual([{ k: 'a', exists: false }]);
    expect(drive.state.rowCount()).toBe(0);
  });

  test('a call that fails has fired nevertheless, and keeps the state', () => {
    const drive = groupsDrive(
      (k, rows, state) => {
        if (state.hasTimedOut) throw new Error('no');
        state.update((state.getOption() ?? 0) + rows.length);
        state.setTimeoutDuration('1 second');
        return [{ k, n: state.get() }];
      },
      { timeout: 'processing-time' },
    );
    drive.batch([{ k: 'a' }], 0);
    expect(deadOf(drive.batch([], 5_000))).toEqual([
      {
        reason: 'operator-failed',
        detail: `operator 'op' threw Error: no`,
        about: { key: 'a', rows: [] },
      },
    ]);
    expect(deadOf(drive.batch([], 9_000))).toEqual([]);
    expect(drive.rows([{ k: 'a' }], 9_000)).toEqual([{ k: 'a', n: 2 }]);
  });

  test('are longer than nothing', () => {
    const drive = groupsDrive((_, __, state) => state.setTimeoutDuration('0 seconds'), {
      timeout: 'processing-time',
    });
    expect(deadOf(drive.batch([{ k: 'a' }]))[0]?.detail).toBe(
      `operator 'op' set a timeout duration that is not positive`,
    );
  });
});

describe('timeouts by event time', () => {
  const atLastPlus = (afterMs: number) =>
    groupsDrive(
      counting((state, rows) => {
        state.setTimeoutTimestamp(Math.max(...rows.map(({ at }) => at!)) + afterMs);
      }),
      { timeout: 'event-time', delayMs: 10 },
    );

  test('are due when the watermark is past them, in the batch that moved it', () => {
    const drive = atLastPlus(5);
    expect(drive.rows([{ k: 'a', at: 15 }])).toEqual([{ k: 'a', n: 1 }]);
    expect(drive.rows([{ k: 'b', at: 30 }])).toEqual([{ k: 'b', n: 1 }]);
    expect(drive.rows([{ k: 'c', at: 31 }])).toEqual([
      { k: 'c', n: 1 },
      { k: 'a', n: 1, left: true },
    ]);
    expect(drive.state.rowCount()).toBe(2);
  });

  test('a key with rows is timed out in the same batch when the watermark has passed its new timeout', () => {
    const drive = atLastPlus(0);
    expect(
      drive.rows([
        { k: 'a', at: 20 },
        { k: 'b', at: 31 },
      ]),
    ).toEqual([
      { k: 'a', n: 1 },
      { k: 'b', n: 1 },
      { k: 'a', n: 1, left: true },
    ]);
  });

  test('late rows are dropped before the call', () => {
    const drive = atLastPlus(100);
    drive.batch([{ k: 'a', at: 50 }]);
    const answer = drive.batch([
      { k: 'a', at: 40 },
      { k: 'a', at: 41 },
    ]);
    expect(answer.rows['out']).toEqual([{ k: 'a', n: 2 }]);
    expect(answer.result.counts).toMatchObject({ late: 1, applied: 1 });
  });

  test('late rows get through where the plan does not drop them', () => {
    const drive = groupsDrive(counting(), { delayMs: 10 });
    drive.batch([{ k: 'a', at: 50 }]);
    expect(drive.rows([{ k: 'a', at: 40 }])).toEqual([{ k: 'a', n: 2 }]);
  });

  test('one at the watermark is accepted, one before it refused', () => {
    const drive = groupsDrive(
      (k, rows, state) => {
        state.setTimeoutTimestamp(rows[0]!.n!);
        return [{ k, watermarkMs: state.watermarkMs }];
      },
      { timeout: 'event-time', delayMs: 10 },
    );
    drive.batch([{ k: 'a', at: 50, n: 1_000 }]);
    expect(drive.rows([{ k: 'b', at: 50, n: 40 }])).toEqual([{ k: 'b', watermarkMs: 40 }]);
    const answer = drive.batch([
      { k: 'c', at: 50, n: 39 },
      { k: 'd', at: 50, n: 50.5 },
    ]);
    expect(deadOf(answer).map(({ detail }) => detail)).toEqual([
      `operator 'op' set a timeout timestamp, 39, before the watermark, 40`,
      `operator 'op' set a timeout timestamp that is no whole number of milliseconds`,
    ]);
  });

  test('sees the watermark that made it due', () => {
    const drive = groupsDrive(
      (k, _, state) => {
        if (!state.hasTimedOut) state.setTimeoutTimestamp(50);
        return [{ k, at: state.watermarkMs }];
      },
      { timeout: 'event-time', delayMs: 0 },
    );
    expect(drive.rows([{ k: 'a', at: 40 }])).toEqual([{ k: 'a', at: 0 }]);
    expect(drive.rows([{ k: 'b', at: 51 }])).toEqual([
      { k: 'b', at: 40 },
      { k: 'a', at: 51 },
      { k: 'b', at: 51 },
    ]);
  });

  test('need an event time', () => {
    expect(() => groupsDrive(counting(), { timeout: 'event-time' })).toThrow(
      `operator 'op' has timeouts by event time but no event time in front of it; declare a watermark`,
    );
  });
});

test('two operators in a row see the rows of one batch in that batch', () => {
  const second = {
    kind: 'map-groups',
    uid: 'second',
    key: byFields('k'),
    flat: true,
    timeout: 'none',
    dropLate: true,
    apply: (k: string, rows: readonly { readonly n: number }[]) => [
      { k, sum: rows.map((row) => row.n) },
    ],
  } as unknown as PlanNode;
  const drive = groupsDrive(
    counting((state, rows) => state.setTimeoutTimestamp(rows[0]!.at! + 5)),
    { timeout: 'event-time', delayMs: 0, after: [second] },
  );
  expect(drive.rows([{ k: 'a', at: 10 }])).toEqual([{ k: 'a', sum: [1] }]);
  // What times out comes out behind the call for rows: the second operator gets two calls.
  expect(drive.rows([{ k: 'b', at: 30 }])).toEqual([
    { k: 'b', sum: [1] },
    { k: 'a', sum: [1] },
  ]);
});

describe('the event time of what comes out', () => {
  test('is the greatest of the rows, or the time of the timeout, and never late', () => {
    const apply: Apply = (_, rows, state) => {
      if (rows.length > 1) state.setTimeoutTimestamp(65);
      return [{}];
    };
    const batches = [
      [
        { k: 'a', at: 30 },
        { k: 'b', at: 40 },
        { k: 'a', at: 60 },
        { k: 'a', at: 50 },
      ],
      [{ k: 'b', at: 20 }],
      [{ k: 'b', at: 70 }],
    ];
    expect(
      emittedTimes(
        groupsPlan(apply, { timeout: 'event-time', dropLate: false, delayMs: 0 }),
        batches,
      ),
    ).toEqual([[60, 40], [61], [70, 65]]);
  });

  test('is that of the batch for a timeout by the clock', () => {
    const apply: Apply = (_, rows, state) => {
      if (rows.length > 0) state.setTimeoutDuration('1 second');
      return [{}];
    };
    const plan = groupsPlan(apply, { timeout: 'processing-time', delayMs: 0 });
    const batches = [[{ k: 'a', at: 30 }], [{ k: 'b', at: 9_000 }], [{ k: 'c', at: 9_999 }]];
    expect(emittedTimes(plan, batches, [0, 1_001, 5_000])).toEqual([
      [30],
      [9_000, 1_001],
      [9_999, 9_001],
    ]);
  });

  test('is nothing where no event time is declared', () => {
    const plan = groupsPlan(() => [{}]);
    expect(emittedTimes(plan, [[{ k: 'a', at: 30 }]])).toEqual([[Number.NaN]]);
  });
});
