import { describe, expect, test } from 'vitest';
import type { PlanNode, UpdateStateNode } from '../../../lib/plan/plan.ts';
import { byFields, deadOf, StateDrive, statePlan } from '../../support/user-state.ts';

interface Row {
  readonly k: string;
  readonly n?: number;
}
type Update = (
  rows: readonly Row[],
  state: number | undefined,
  context: { readonly batchTimeMs: number; readonly key: unknown },
) => unknown;

const planOf = (update: Update, initial: UpdateStateNode['initial'] = []) =>
  statePlan({ kind: 'update-state', key: byFields('k'), update: update as never, initial });
const driveOf = (...options: Parameters<typeof planOf>) => new StateDrive(planOf(...options));

const counting: Update = (rows, state) => (state ?? 0) + rows.length;

describe('calls', () => {
  test('one per batch for each key with rows or state; every key with state comes out', () => {
    const drive = driveOf(counting);
    expect(drive.rows([{ k: 'b' }, { k: 'a' }, { k: 'b' }])).toEqual([
      { k: 'a', state: 1 },
      { k: 'b', state: 2 },
    ]);
    drive.restart();
    expect(drive.rows([{ k: 'c' }])).toEqual([
      { k: 'a', state: 1 },
      { k: 'c', state: 1 },
      { k: 'b', state: 2 },
    ]);
    expect(drive.rows([])).toEqual([
      { k: 'a', state: 1 },
      { k: 'c', state: 1 },
      { k: 'b', state: 2 },
    ]);
  });

  test('undefined removes the state and gives no row', () => {
    const drive = driveOf((rows, state) =>
      rows.length === 0 ? undefined : counting(rows, state, {} as never),
    );
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a', state: 1 }]);
    expect(drive.rows([])).toEqual([]);
    expect(drive.state.rowCount()).toBe(0);
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a', state: 1 }]);
  });

  test('see rows in order of arrival, the time of the batch and the key', () => {
    const drive = driveOf((rows, _, { key, batchTimeMs }) => [
      key,
      batchTimeMs,
      ...rows.map(({ n }) => n),
    ]);
    expect(
      drive.rows(
        [
          { k: 'a', n: 2 },
          { k: 'a', n: 1 },
        ],
        9,
      ),
    ).toEqual([{ k: 'a', state: ['a', 9, 2, 1] }]);
  });

  test('that change nothing leave nothing in the delta', () => {
    const drive = driveOf((rows) => ({ list: [1, { n: 'x' }], none: null, rows: rows.length > 9 }));
    drive.batch([{ k: 'a' }]);
    const { delta } = drive.batch([]);
    expect([...delta]).toEqual([2, 0]);
  });

  test('another name for the same value is a change', () => {
    const drive = driveOf((_, state) => (state === undefined ? { a: 1 } : { b: 1 }) as never);
    drive.batch([{ k: 'a' }]);
    expect(drive.rows([])).toEqual([{ k: 'a', state: { b: 1 } }]);
    drive.restart();
    const seen = driveOf((_, state) => state);
    seen.state = drive.state;
    expect(seen.rows([])).toEqual([{ k: 'a', state: { b: 1 } }]);
  });

  test('what user code changes in place is not kept, also where it fails then', () => {
    const drive = new StateDrive(
      statePlan({
        kind: 'update-state',
        key: byFields('k'),
        initial: [],
        update: ((rows: readonly Row[], state: number[] = []) => {
          const next = [...state, rows.length];
          state.push(99);
          if (next.length === 2 && rows.length > 0) throw new Error('two');
          return next;
        }) as never,
      }),
    );
    drive.batch([{ k: 'a' }]);
    expect(drive.rows([{ k: 'a' }])).toEqual([]);
    expect(drive.rows([])).toEqual([{ k: 'a', state: [1, 0] }]);
  });
});

describe('a call that fails', () => {
  test('leaves the state of its key, and sets its rows aside', () => {
    const drive = driveOf((rows, state) => {
      if (rows.some(({ n }) => n === 13)) throw new Error('thirteen');
      return (state ?? 0) + rows.length;
    });
    drive.batch([{ k: 'a' }]);
    const answer = drive.batch([{ k: 'a', n: 13 }, { k: 'b' }]);
    expect(answer.rows['out']).toEqual([{ k: 'b', state: 1 }]);
    expect(deadOf(answer)).toEqual([
      {
        reason: 'operator-failed',
        detail: `operator 'op' threw Error: thirteen`,
        about: { key: 'a', rows: [{ k: 'a', n: 13 }] },
      },
    ]);
    expect(drive.rows([])).toEqual([
      { k: 'a', state: 1 },
      { k: 'b', state: 1 },
    ]);
  });

  test.each([
    ['is asynchronous', async () => 1],
    ['wants to keep a value that is not plain JSON', () => new Date(0)],
  ] as [string, Update][])('because it %s', (what, update) => {
    const answer = driveOf(update).batch([{ k: 'a' }]);
    expect(deadOf(answer)[0]?.detail).toBe(`operator 'op' ${what}`);
  });

  test('behind the operator takes the new state back', () => {
    const refuse = (row: { readonly state: number }) => {
      if (row.state === 2) throw new Error('two');
      return row;
    };
    const plan = statePlan(
      { kind: 'update-state', key: byFields('k'), update: counting as never, initial: [] },
      { after: [{ kind: 'map', uid: 'refuse', apply: refuse } as unknown as PlanNode] },
    );
    const drive = new StateDrive(plan);
    drive.batch([{ k: 'a' }]);
    drive.batch([{ k: 'a' }]);
    expect(drive.rows([{ k: 'a' }, { k: 'a' }])).toEqual([{ k: 'a', state: 3 }]);
  });
});

describe('the state that keys begin with', () => {
  test('is there before the first batch', () => {
    const drive = driveOf(counting, [
      [['a'], 10],
      [['b'], 20],
    ]);
    expect(drive.rows([{ k: 'b' }])).toEqual([
      { k: 'a', state: 10 },
      { k: 'b', state: 21 },
    ]);
  });

  test('is given once: a key whose state was removed begins empty', () => {
    const drive = driveOf((rows, state) => (rows.length > 0 ? undefined : state), [[['a'], 10]]);
    expect(drive.rows([])).toEqual([{ k: 'a', state: 10 }]);
    expect(drive.rows([{ k: 'a' }])).toEqual([]);
    drive.restart();
    expect(drive.rows([])).toEqual([]);
  });

  test('is not given by a batch that is thrown away', () => {
    const drive = driveOf(counting, [[['a'], 10]]);
    drive.pass([{ k: 'a' }]);
    expect(drive.rows([{ k: 'a' }])).toEqual([{ k: 'a', state: 11 }]);
  });

  test('goes to the shard that owns the key', () => {
    const plan = planOf(counting, [
      [['a'], 10],
      [['b'], 20],
    ]);
    const nodes = plan.nodes.map((node) =>
      node.kind === 'kinesis-source' ? { ...node, partitionedBy: ['k'] } : node,
    );
    const drive = new StateDrive({ ...plan, inOneTask: false, nodes });
    // The MD5 of a begins with 0c, that of b with 92.
    drive.hashRange = { start: 0n, end: 2n ** 127n - 1n };
    expect(drive.rows([])).toEqual([{ k: 'a', state: 10 }]);
  });

  test.each([
    ['too many values', [[['a', 'b'], 1]]],
    ['a value that is no scalar', [[[{}], 1]]],
    ['a state that is not plain JSON', [[['a'], new Map()]]],
  ] as [string, UpdateStateNode['initial']][])('is refused with %s', (_, initial) => {
    expect(() => driveOf(counting, initial)).toThrow(
      `operator 'op' is given a first state whose key is not 1 plain values, or that is not plain JSON`,
    );
  });
});
