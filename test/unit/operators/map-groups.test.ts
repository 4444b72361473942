import { describe, expect, test } from 'vitest';
import type { KeySpec, PlanNode } from '../../../lib/plan/plan.ts';
import type { GroupState } from '../../../lib/plan/user-state.ts';
import {
  type Apply,
  byFields,
  deadOf,
  groupsDrive,
  type UserRow,
} from '../../support/user-state.ts';

describe('calls', () => {
  test('one for each key of a batch, in order of its first row, rows in order of arrival', () => {
    const drive = groupsDrive((k, rows) => [{ k, n: rows.map(({ n }) => n) }]);
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
    const drive = groupsDrive((k, rows, state) => {
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
      { fields: ['key'], selectors: [{ kind: 'function', select: ({ k }: UserRow) => `${k}!` }] },
      'a!',
    ],
  ] as [string, KeySpec, unknown][])('show a key of %s', (_, key, shown) => {
    const drive = groupsDrive((seen) => [{ seen }], { key });
    expect(drive.rows([{ k: 'a', n: 1 }])).toEqual([{ seen: shown }]);
  });

  test('without flat give exactly one row', () => {
    const drive = groupsDrive((k, rows) => (rows.length > 1 ? undefined : { k }), { flat: false });
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
    const drive = groupsDrive(
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
  const failing = groupsDrive.bind(null, (k, rows, state) => {
    state.update((state.getOption() ?? 0) + rows.length);
    const seen = rows as UserRow[];
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
    const drive = groupsDrive(
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
    const answer = groupsDrive(apply).batch([{ k: 'a' }]);
    expect(deadOf(answer).map(({ detail }) => detail)).toEqual([`operator 'op' ${what}`]);
  });

  test('because its code throws in a generator', () => {
    const drive = groupsDrive(function* (k, rows, state) {
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
      apply: (row: UserRow) => [row, row.n === 13 ? { n: 13 } : row],
    } as unknown as PlanNode;
    const drive = groupsDrive((k, rows) => [{ k, n: rows.length }], { before: [twice] });
    const answer = drive.batch([{ k: 'a' }, { k: 'a', n: 13 }, { k: 'b', n: 13 }]);
    expect(answer.rows['out']).toEqual([{ k: 'a', n: 2 }]);
    expect(deadOf(answer).map(({ reason }) => reason)).toEqual(['key-missing', 'key-missing']);
  });
});

describe('what user code holds', () => {
  test('are copies', () => {
    const drive = groupsDrive((k, rows, state) => {
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
    const drive = groupsDrive((_, __, state) => {
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
