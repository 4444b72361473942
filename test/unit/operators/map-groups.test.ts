import { describe, expect, test } from 'vitest';
import type { KeySpec, PlanNode } from '../../../lib/plan/plan.ts';
import type { GroupState } from '../../../lib/plan/user-state.ts';
import {
  byFields,
  deadOf,
  StateDrive,
  type StatePlanOptions,
  statePlan,
} from '../../support/user-state.ts';

interface Row {
  readonly k: string;
  readonly at?: number;
  readonly n?: number;
}
type Apply = (key: never, rows: readonly Row[], state: GroupState<number>) => unknown;

interface Options extends StatePlanOptions {
  readonly timeout?: 'none' | 'processing-time' | 'event-time';
  readonly flat?: boolean;
  readonly key?: KeySpec;
  readonly dropLate?: boolean;
}

function driveOf(apply: Apply, options: Options = {}): StateDrive {
  const { timeout = 'none', flat = true, key = byFields('k'), dropLate, ...rest } = options;
  const lateness = dropLate ?? timeout === 'event-time';
  return new StateDrive(
    statePlan(
      { kind: 'map-groups', key, flat, timeout, dropLate: lateness, apply: apply as never },
      rest,
    ),
  );
}

/** Counts rows and says so; with a timeout it says farewell. */
const counting =
  (setTimeout?: (state: GroupState<number>, rows: readonly Row[]) => void): Apply =>
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

describe('calls', () => {
  test('one for each key of a batch, in order of its first row, rows in order of arrival', () => {
    const drive = driveOf((k, rows) => [{ k, n: rows.map(({ n }) => n) }]);
    const batch = [
      { k: 'b', n: 1 },
      { k: 'a', n: 2 },
      { k: 'b', n: 3 },
    ];
    expect(drive.rows(batch)).toEqual([
      { k: 'b', n: [1, 3] },
      { k: 'a', n: [2] },
    ]);
    expect(drive.rows([])).toEqual([]);
  });

  test('state goes from batch to batch and can be removed', () => {
    const drive = driveOf((k, rows, state) => {
      const n = (state.getOption() ?? 0) + rows.length;
      if (n < 3) state.update(n);
      else state.remove();
      return [{ k, n, exists: state.exists }];
    });
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a', n: 1, exists: true }]);
    drive.restart();
    expect(drive.rows([{ k: 'a' }, { k: 'a' }])).toEqual([{ k: 'a', n: 3, exists: false }]);
    expect(drive.state.rowCount()).toBe(0);
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a', n: 1, exists: true }]);
  });

  test.each([
    ['no field', byFields(), {}],
    ['one field', byFields('k'), 'a'],
    ['two fields', byFields('k', 'n'), { k: 'a', n: 1 }],
    [
      'a function',
      { fields: ['key'], selectors: [{ kind: 'function', select: ({ k }: Row) => `${k}!` }] },
      'a!',
    ],
  ] as [string, KeySpec, unknown][])('show a key of %s', (_, key, shown) => {
    const drive = driveOf((seen) => [{ seen }], { key });
    expect(drive.rows([{ k: 'a', n: 1 }])).toEqual([{ seen: shown }]);
  });

  test('without flat give exactly one row', () => {
    const drive = driveOf((k, rows) => (rows.length > 1 ? undefined : { k }), { flat: false });
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a' }]);
    expect(deadOf(drive.batch([{ k: 'a' }, { k: 'a' }]))).toEqual([
      {
        reason: 'operator-failed',
        detail: `operator 'op' returned an undefined row`,
        about: { key: 'a', rows: [{ k: 'a' }, { k: 'a' }] },
      },
    ]);
  });

  test('see the time of the batch, and the watermark by which their rows were late', () => {
    const drive = driveOf(
      (k, _, { watermarkMs, batchTimeMs }) => [{ k, watermarkMs, batchTimeMs }],
      { delayMs: 10 },
    );
    expect(drive.rows([{ k: 'a', at: 100 }], 5)).toEqual([
      { k: 'a', watermarkMs: 0, batchTimeMs: 5 },
    ]);
    expect(drive.rows([{ k: 'a', at: 200 }], 6)).toEqual([
      { k: 'a', watermarkMs: 90, batchTimeMs: 6 },
    ]);
  });
});

describe('a call that fails', () => {
  const failing = driveOf.bind(null, (k, rows, state) => {
    state.update((state.getOption() ?? 0) + rows.length);
    const seen = rows as Row[];
    if (seen.splice(0).some(({ n }) => n === 13)) throw new Error('thirteen');
    return [{ k, n: state.get() }];
  });

  test('leaves no trace and its neighbours alone; the rows are in the dead letter', () => {
    const drive = failing({});
    drive.batch([{ k: 'a' }]);
    const answer = drive.batch([{ k: 'a' }, { k: 'b' }, { k: 'a', n: 13 }]);
    expect(answer.rows['out']).toEqual([{ k: 'b', n: 1 }]);
    expect(deadOf(answer)).toEqual([
      {
        reason: 'operator-failed',
        detail: `operator 'op' threw Error: thirteen`,
        about: { key: 'a', rows: [{ k: 'a' }, { k: 'a', n: 13 }] },
      },
    ]);
    expect(answer.result.counts).toEqual({
      applied: 3,
      dead: 0,
      filtered: 0,
      late: 0,
      lateRows: 0,
    });
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a', n: 2 }]);
  });

  test('behind the operator takes back its state and its other rows', () => {
    const refuse = (row: { readonly n: number }) => {
      if (row.n === 2) throw new Error('two');
      return row;
    };
    const after = [{ kind: 'map', uid: 'refuse', apply: refuse } as unknown as PlanNode];
    const drive = driveOf(
      (k, rows, state) => {
        state.update((state.getOption() ?? 0) + rows.length);
        return [
          { k, n: 0 },
          { k, n: state.get() },
        ];
      },
      { after },
    );
    expect(drive.rows([{ k: 'a' }])).toEqual([
      { k: 'a', n: 0 },
      { k: 'a', n: 1 },
    ]);
    const answer = drive.batch([{ k: 'a' }]);
    expect(answer.rows['out']).toBeUndefined();
    expect(deadOf(answer)[0]?.detail).toBe(`operator 'refuse' threw Error: two`);
    expect(drive.rows([{ k: 'a' }, { k: 'a' }])).toEqual([
      { k: 'a', n: 0 },
      { k: 'a', n: 3 },
    ]);
  });

  test.each([
    ['is asynchronous', async () => []],
    ['did not return an array or another iterable', () => 7],
    ['returned an undefined row', () => [undefined]],
    [
      'wants to keep a value that is not plain JSON',
      (_: never, __: unknown, state: GroupState<number>) => state.update(Number.NaN),
    ],
    [
      'asked for a state that is not there',
      (_: never, __: unknown, state: GroupState<number>) => [state.get()],
    ],
    [
      `set a timeout duration, which needs timeout: 'processing-time'`,
      (_: never, __: unknown, state: GroupState<number>) => state.setTimeoutDuration('1 second'),
    ],
    [
      `set a timeout timestamp, which needs timeout: 'event-time'`,
      (_: never, __: unknown, state: GroupState<number>) => state.setTimeoutTimestamp(1),
    ],
  ] as [string, Apply][])('because it %s', (what, apply) => {
    const answer = driveOf(apply).batch([{ k: 'a' }]);
    expect(deadOf(answer).map(({ detail }) => detail)).toEqual([`operator 'op' ${what}`]);
  });

  test('because its code throws in a generator', () => {
    const drive = driveOf(function* (k, rows, state) {
      state.update(rows.length);
      yield { k };
      throw new Error('later');
    });
    const answer = drive.batch([{ k: 'a' }]);
    expect([answer.rows['out'], deadOf(answer)[0]?.detail, drive.state.rowCount()]).toEqual([
      undefined,
      `operator 'op' threw Error: later`,
      0,
    ]);
  });

  test('a record that fails behind another operator takes its row out of the group', () => {
    const twice = {
      kind: 'flat-map',
      uid: 'twice',
      apply: (row: Row) => [row, row.n === 13 ? { n: 13 } : row],
    } as unknown as PlanNode;
    const drive = driveOf((k, rows) => [{ k, n: rows.length }], { before: [twice] });
    const answer = drive.batch([{ k: 'a' }, { k: 'a', n: 13 }, { k: 'b', n: 13 }]);
    expect(answer.rows['out']).toEqual([{ k: 'a', n: 2 }]);
    expect(deadOf(answer).map(({ reason }) => reason)).toEqual(['key-missing', 'key-missing']);
  });
});

describe('what user code holds', () => {
  test('are copies', () => {
    const drive = driveOf((k, rows, state) => {
      const held = state as unknown as GroupState<{ list: number[] }>;
      const value = held.exists ? held.get() : { list: [] };
      value.list.push(rows.length);
      if (value.list.length === 1) held.update(value);
      value.list.push(99);
      return [{ k, list: held.get().list }];
    });
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a', list: [1] }]);
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a', list: [1] }]);
  });

  test('is dead after the call', () => {
    let kept: GroupState<number> | null = null;
    const drive = driveOf((_, __, state) => {
      kept ??= state;
      return [{ exists: kept.exists }];
    });
    expect(drive.rows([{ k: 'a' }])).toEqual([{ exists: false }]);
    expect(() => kept!.update(1)).toThrow(`a state of 'op' was used after its call had ended`);
    expect(deadOf(drive.batch([{ k: 'a' }]))[0]?.detail).toBe(
      `operator 'op' threw Error: a state of 'op' was used after its call had ended`,
    );
  });
});

describe('timeouts by processing time', () => {
  const tenSeconds = () =>
    driveOf(
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
    const drive = driveOf(
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
    const drive = driveOf(
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
    const drive = driveOf(
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
    const drive = driveOf((_, __, state) => state.setTimeoutDuration('0 seconds'), {
      timeout: 'processing-time',
    });
    expect(deadOf(drive.batch([{ k: 'a' }]))[0]?.detail).toBe(
      `operator 'op' set a timeout duration that is not positive`,
    );
  });
});

describe('timeouts by event time', () => {
  const atLastPlus = (afterMs: number) =>
    driveOf(
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
    const drive = driveOf(counting(), { delayMs: 10 });
    drive.batch([{ k: 'a', at: 50 }]);
    expect(drive.rows([{ k: 'a', at: 40 }])).toEqual([{ k: 'a', n: 2 }]);
  });

  test('one at the watermark is accepted, one before it refused', () => {
    const drive = driveOf(
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
    const drive = driveOf(
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
    expect(() => driveOf(counting(), { timeout: 'event-time' })).toThrow(
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
  const drive = driveOf(
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
