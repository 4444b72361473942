import { describe, expect, test } from 'vitest';
import type { PlanNode } from '../../../lib/plan/plan.ts';
import type { KeyState } from '../../../lib/plan/user-state.ts';
import { byFields, deadOf, StateDrive, statePlan } from '../../support/user-state.ts';

interface Row {
  readonly k: string;
  readonly n?: number;
}
type Apply = (key: string, row: Row | undefined, state: KeyState<number>) => unknown;

const driveOf = (
  apply: Apply,
  { timeoutMs = null as number | null, delayMs = undefined as number | undefined } = {},
) =>
  new StateDrive(
    statePlan(
      { kind: 'map-with-state', key: byFields('k'), timeoutMs, apply: apply as never },
      delayMs === undefined ? {} : { delayMs },
    ),
  );

const counting: Apply = (k, _, state) => {
  if (state.isTimingOut) return { k, n: state.get(), left: true };
  state.update((state.getOption() ?? 0) + 1);
  return { k, n: state.get() };
};

describe('calls', () => {
  test('one for each row, in order of arrival; undefined gives no row', () => {
    const drive = driveOf((k, row, state) => {
      state.update((state.getOption() ?? 0) + 1);
      return row?.n === 0 ? undefined : { k, n: state.get() };
    });
    expect(drive.rows([{ k: 'a' }, { k: 'b', n: 0 }, { k: 'a' }])).toEqual([
      { k: 'a', n: 1 },
      { k: 'a', n: 2 },
    ]);
    drive.restart();
    expect(drive.rows([{ k: 'b' }])).toEqual([{ k: 'b', n: 2 }]);
  });

  test('can remove state and set it again', () => {
    const drive = driveOf((k, _, state) => {
      if (state.exists) state.remove();
      else state.update(1);
      return { k, exists: state.exists };
    });
    const rows = drive.rows([{ k: 'a' }, { k: 'a' }, { k: 'a' }, { k: 'b' }, { k: 'b' }]);
    expect(rows.map(({ exists }) => exists)).toEqual([true, false, true, true, false]);
    expect(drive.state.rowCount()).toBe(1);
  });

  test('see the time of the batch and the watermark of the one before', () => {
    const drive = driveOf((_, __, { batchTimeMs, watermarkMs }) => ({ batchTimeMs, watermarkMs }), {
      delayMs: 10,
    });
    drive.batch([{ k: 'a', at: 60 }], 7);
    expect(drive.rows([{ k: 'a', at: 60 }], 8)).toEqual([{ batchTimeMs: 8, watermarkMs: 50 }]);
  });
});

describe('a call that fails', () => {
  test('makes its record a dead letter and leaves no trace', () => {
    const drive = driveOf((k, row, state) => {
      state.update((state.getOption() ?? 0) + 1);
      if (row?.n === 13) throw new Error('thirteen');
      return { k, n: state.get() };
    });
    const answer = drive.batch([{ k: 'a' }, { k: 'a', n: 13 }, { k: 'a' }]);
    expect(answer.rows['out']).toEqual([
      { k: 'a', n: 1 },
      { k: 'a', n: 2 },
    ]);
    expect(deadOf(answer)).toEqual([
      {
        reason: 'operator-failed',
        detail: `operator 'op' threw Error: thirteen`,
        about: { k: 'a', n: 13 },
      },
    ]);
    expect(answer.result.counts).toMatchObject({ applied: 2, dead: 1 });
  });

  test('behind the operator takes back what the record did to state', () => {
    const refuse = (row: { readonly n: number }) => {
      if (row.n === 2) throw new Error('two');
      return row;
    };
    const plan = statePlan(
      { kind: 'map-with-state', key: byFields('k'), timeoutMs: null, apply: counting as never },
      { after: [{ kind: 'map', uid: 'refuse', apply: refuse } as unknown as PlanNode] },
    );
    const drive = new StateDrive(plan);
    expect(drive.rows([{ k: 'a' }, { k: 'a' }, { k: 'a' }])).toEqual([{ k: 'a', n: 1 }]);
    expect(drive.batch([{ k: 'a' }]).result.counts).toMatchObject({ dead: 1 });
  });

  test('when it is asynchronous', () => {
    const answer = driveOf(async () => ({})).batch([{ k: 'a' }]);
    expect(deadOf(answer)[0]?.detail).toBe(`operator 'op' is asynchronous`);
  });
});

describe('a timeout', () => {
  test('is one call without a row, when no row has come for so long; then the state is gone', () => {
    const drive = driveOf(counting, { timeoutMs: 3_000 });
    drive.batch([{ k: 'a' }, { k: 'b' }], 1_000);
    expect(drive.rows([{ k: 'a' }], 3_999)).toEqual([{ k: 'a', n: 2 }]);
    drive.restart();
    expect(drive.rows([], 4_000)).toEqual([{ k: 'b', n: 1, left: true }]);
    expect(drive.rows([], 6_998)).toEqual([]);
    expect(drive.rows([], 6_999)).toEqual([{ k: 'a', n: 2, left: true }]);
    expect(drive.state.rowCount()).toBe(0);
    expect(drive.rows([{ k: 'a' }], 7_000)).toEqual([{ k: 'a', n: 1 }]);
  });

  test('waits from the last row, also where that row changed nothing', () => {
    const drive = driveOf(
      (k, row, state) => {
        if (state.isTimingOut) return { k, left: true };
        if (row?.n === 1) state.update(1);
        return undefined;
      },
      { timeoutMs: 1_000 },
    );
    drive.batch([{ k: 'a', n: 1 }], 0);
    drive.batch([{ k: 'a' }], 900);
    expect(drive.rows([], 1_500)).toEqual([]);
    expect(drive.rows([], 1_900)).toEqual([{ k: 'a', left: true }]);
  });

  test('a key without state has none', () => {
    const drive = driveOf((k, _, state) => ({ k, left: state.isTimingOut }), { timeoutMs: 1_000 });
    drive.batch([{ k: 'a' }], 0);
    expect(drive.rows([], 90_000)).toEqual([]);
  });

  test('comes key group by key group, and key by key', () => {
    const drive = driveOf((k, _, state) => (state.isTimingOut ? { k } : state.update(1)), {
      timeoutMs: 1,
    });
    drive.batch([{ k: 'a' }, { k: 'b' }, { k: 'c' }, { k: 'd' }], 0);
    // First bytes of their MD5: a 0c, b 92, c 4a, d 82.
    expect(drive.rows([], 1).map(({ k }) => k)).toEqual(['a', 'c', 'd', 'b']);
  });

  test.each([
    ['update', (state: KeyState<number>) => state.update(1)],
    ['remove', (state: KeyState<number>) => state.remove()],
  ])('cannot %s the state, which goes also when the call fails', (_, change) => {
    const drive = driveOf(
      (_key, row, state) => {
        if (row === undefined) change(state);
        else state.update(7);
      },
      { timeoutMs: 1 },
    );
    drive.batch([{ k: 'a' }], 0);
    expect(deadOf(drive.batch([], 1))).toEqual([
      {
        reason: 'operator-failed',
        detail: `operator 'op' changed a state that is timing out`,
        about: { key: 'a', state: 7 },
      },
    ]);
    expect(drive.state.rowCount()).toBe(0);
  });
});

test('a state is dead after its call', () => {
  let kept: KeyState<number> | null = null;
  driveOf((_, __, state) => {
    kept = state;
  }).batch([{ k: 'a' }]);
  expect(() => kept!.get()).toThrow(`a state of 'op' was used after its call had ended`);
});
