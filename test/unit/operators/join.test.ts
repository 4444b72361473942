import { describe, expect, test } from 'vitest';
import type { EngineError } from '../../../lib/model/errors.ts';
import { hashOfKey, keyGroupOf } from '../../../lib/model/hash-range.ts';
import { GroupWatermarks } from '../../../lib/operators/group-watermarks.ts';
import { joinLagMs } from '../../../lib/operators/join.ts';
import { isExpired, sideRules } from '../../../lib/operators/join-sides.ts';
import { wirePlan } from '../../../lib/operators/wire-plan.ts';
import type { JoinNode, JoinType, PlanNode } from '../../../lib/plan/plan.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import {
  bound,
  bytesOf,
  fromSnapshot,
  JoinDrive,
  type JoinOptions,
  keyOf,
} from '../../support/joins.ts';
import { aPass } from '../../support/passes.ts';

const SECOND = 1_000;
/** Watermarks so far behind that no row is late and none expires. */
const PATIENT = { left: 1_000_000, right: 1_000_000 };
const around = bound('[', -2 * SECOND, 2 * SECOND, ']');
const tumbling = (sizeMs: number, slideMs = sizeMs) => ({ kind: 'time', sizeMs, slideMs }) as const;

const row = (t: number, k: unknown = 'a') => ({ k, t: t * SECOND });
const pair = (left: number | null, right: number | null, k: unknown = 'a') => ({
  left: left === null ? null : row(left, k),
  right: right === null ? null : row(right, k),
});

/** Pushes both sides and lets time go on to `toS` with rows of another key that meet each other. */
function goOn(drive: JoinDrive, toS: number) {
  const { rows } = drive.push({ left: [row(toS, 'clock')], right: [row(toS, 'clock')] });
  return rows.filter((each) => !JSON.stringify(each).includes('"clock"'));
}

describe('pairs', () => {
  test('come out as they are found, whichever side is first, and multiply', () => {
    const drive = new JoinDrive({ delays: PATIENT });
    expect(drive.push({ left: [row(1), row(2, 'b')] }).rows).toEqual([]);
    expect(drive.push({ right: [row(5), row(6)] }).rows).toEqual([pair(1, 5), pair(1, 6)]);
    expect(drive.push({ left: [row(7), row(8, 'c')] }).rows).toEqual([pair(7, 5), pair(7, 6)]);
  });

  test.each([
    [bound('[', -1_000, 2_000, ']'), [9, 10, 11, 12]],
    [bound('(', -1_000, 2_000, ')'), [10, 11]],
    [bound('[', -1_000, 2_000, ')'), [9, 10, 11]],
    [bound('(', 0, 2_000, ']'), [11, 12]],
    [bound('[', 1_000, 1_000, ']'), [11]],
    [bound('[', null, -1_000, ']'), [7, 8, 9]],
    [bound('(', 1_000, null, ']'), [12, 13]],
  ])('obey the bounds of right time - left time: %o', (within, times) => {
    const rights = [7, 8, 9, 10, 11, 12, 13].map((t) => row(t));
    const expected = times.map((t) => pair(10, t));
    const leftFirst = new JoinDrive({ within, delays: PATIENT });
    expect(leftFirst.push({ left: [row(10)], right: rights }).rows).toEqual(expected);
    const rightFirst = new JoinDrive({ within, delays: PATIENT });
    rightFirst.push({ right: rights });
    expect(rightFirst.push({ left: [row(10)] }).rows).toEqual(expected);
  });

  test('have equal keys, of one field or several, of the names that each side gives them', () => {
    const drive = new JoinDrive({
      leftKey: keyOf('k', 'shop'),
      rightKey: keyOf('id', 'place'),
      delays: PATIENT,
    });
    const left = { ...row(1), shop: 7 };
    const rights = [
      { id: 'a', place: 7, t: 1 },
      { id: 'a', place: '7', t: 2 },
      { id: 'b', place: 7, t: 3 },
    ];
    expect(drive.push({ left: [left], right: rights }).rows).toEqual([{ left, right: rights[0] }]);
  });

  test('null equals null where that is asked for alone', () => {
    const lefts = [row(1, null), { ...row(2, 'null') }];
    const rights = [row(3, null)];
    const plain = new JoinDrive({ delays: PATIENT });
    const answer = plain.push({ left: lefts, right: rights });
    expect([answer.rows, answer.stored]).toEqual([[], 1]);
    const safe = new JoinDrive({ nullSafe: true, delays: PATIENT });
    expect(safe.push({ left: lefts, right: rights }).rows).toEqual([pair(1, 3, null)]);
    const several: JoinOptions = { leftKey: keyOf('k', 'x'), rightKey: keyOf('k', 'x') };
    const both = new JoinDrive({ ...several, type: 'left', delays: PATIENT });
    const halfNull = { ...row(1), x: null };
    expect(both.push({ left: [halfNull], right: [halfNull] })).toMatchObject({
      rows: [],
      stored: 1,
    });
  });

  test('are refused by the condition, which sees both rows', () => {
    const where = (left: { v: number }, right: { v: number }) => left.v < right.v;
    const drive = new JoinDrive({ where, type: 'left', within: around });
    const left = { ...row(10), v: 5 };
    const rights = [4, 6].map((v) => ({ ...row(10), v }));
    expect(drive.push({ left: [left], right: rights }).rows).toEqual([{ left, right: rights[1] }]);
    expect(goOn(drive, 100)).toEqual([]);
  });

  test('of one source with itself have both rows of the same record', () => {
    const plan = new JoinDrive({ delays: PATIENT, within: around });
    const same = row(3);
    expect(plan.push({ left: [same], right: [same] }).rows).toEqual([{ left: same, right: same }]);
  });
});

test('an open bound finds rows that came in this batch, before and after the first search', () => {
  const drive = new JoinDrive({ within: bound('[', null, 2_000, ']') });
  const { rows } = drive.pushInOrder([
    ['right', row(5)],
    ['left', row(10)],
    ['right', row(12)],
    ['left', row(500)],
    ['right', row(501)],
  ]);
  expect(rows).toEqual([pair(10, 5), pair(10, 12), pair(500, 5), pair(500, 12), pair(500, 501)]);
});

test('keys stand in one place though the source is partitioned by what one side calls so', () => {
  const { plan } = new JoinDrive({
    leftKey: keyOf('k', 'shop'),
    rightKey: keyOf('id', 'shop'),
    leftWhere: ({ v }: { readonly v: number }) => v === 1,
    rightWhere: ({ v }: { readonly v: number }) => v === 2,
    delays: PATIENT,
  });
  const nodes = plan.nodes.flatMap((node): PlanNode[] => {
    if (node.kind === 'kinesis-source') {
      return node.uid === 'left' ? [{ ...node, partitionedBy: ['k'] }] : [];
    }
    return [node.uid === 'right time' ? { ...node, inputs: ['left'] } : node] as PlanNode[];
  });
  const drive = new JoinDrive({}, { ...plan, inOneTask: false, nodes });
  const [left, right] = [1, 2].map((v) => ({ ...row(v), id: 'a', shop: 7, v }));
  drive.push({ left: [left] });
  // A new sandbox knows the key from state alone.
  drive.coldStart();
  expect(drive.push({ left: [right] }).rows).toEqual([{ left, right }]);
});

describe('late rows', () => {
  test('are dropped and counted; a row just above the watermark is not', () => {
    const drive = new JoinDrive({ within: around, type: 'full' });
    drive.push({ left: [row(100)], right: [row(110)] });
    expect(drive.watermarkMs).toBe(100 * SECOND);
    const answer = drive.push({ left: [row(100), row(99)], right: [row(100), row(100.001)] });
    expect([answer.late, answer.rows, answer.counts.applied]).toEqual([3, [pair(100, 100.001)], 1]);
  });

  test('are none on a side that has no watermark', () => {
    const drive = new JoinDrive({ within: around, delays: { left: 0, right: null } });
    drive.push({ left: [row(100)] });
    const answer = drive.push({ left: [row(1)], right: [row(98), row(1)] });
    expect([answer.late, answer.rows]).toEqual([1, [pair(100, 98)]]);
  });

  test('are none where they could come out in no way', () => {
    const drive = new JoinDrive({ within: around, type: 'left', rightWhere: () => false });
    drive.push({ left: [row(100)], right: [row(100)] });
    const answer = drive.push({ left: [row(1)], right: [row(1), row(200, null)] });
    expect([answer.late, answer.counts]).toMatchObject([1, { late: 1, filtered: 2 }]);
  });
});

describe('rows that meet no other', () => {
  test.each<[JoinType, boolean, boolean]>([
    ['inner', false, false],
    ['left', true, false],
    ['right', false, true],
    ['full', true, true],
    ['semi', false, false],
  ])('come out of a %s join once their time is over: left %s, right %s', (type, left, right) => {
    const drive = new JoinDrive({ type, within: bound('[', -3_000, 2_000, ']') });
    const first = drive.push({ left: [row(10)], right: [row(20)] });
    expect([first.rows, first.stored]).toEqual([[], 2]);
    expect(goOn(drive, 12)).toEqual([]);
    expect(goOn(drive, 12.001)).toEqual(left ? [pair(10, null)] : []);
    expect(goOn(drive, 23)).toEqual([]);
    expect(goOn(drive, 23.001)).toEqual(right ? [pair(null, 20)] : []);
    expect(goOn(drive, 60)).toEqual([]);
  });

  test('come out when the watermark reaches a bound that does not count', () => {
    const drive = new JoinDrive({ type: 'full', within: bound('(', -3_000, 2_000, ')') });
    drive.push({ left: [row(10)], right: [row(20)] });
    expect(goOn(drive, 11.999)).toEqual([]);
    expect(goOn(drive, 12)).toEqual([pair(10, null)]);
    expect(goOn(drive, 23)).toEqual([pair(null, 20)]);
  });

  test('wait a whole millisecond at a bound that counts, also with times between two', () => {
    const { plan } = new JoinDrive({ type: 'left', within: bound('[', -3_000, 2_000, ']') });
    const [left] = sideRules(plan.nodes.find((node): node is JoinNode => node.kind === 'join')!, [
      true,
      true,
    ]);
    // The time of a window's row is a microsecond before its end.
    const goneAt = (placeMs: number, watermarkMs: number) =>
      isExpired(left.expiry!, placeMs, watermarkMs);
    expect([goneAt(9_999.999, 12_000), goneAt(9_999.999, 12_001)]).toEqual([false, true]);
    expect([goneAt(10_000, 12_000), goneAt(10_000, 12_001)]).toEqual([false, true]);
  });

  test('come out although they are not late, where the bound asks for earlier rows', () => {
    const within = bound('[', -3_000, -2_000, ']');
    const drive = new JoinDrive({ type: 'full', within });
    drive.push({ left: [row(100, 'x')], right: [row(100, 'x')] });
    const answer = drive.push({ left: [row(101)], right: [row(101)] });
    expect([answer.rows, answer.late]).toEqual([[pair(101, null)], 0]);
    expect(goOn(drive, 104.001)).toEqual([pair(null, 100, 'x'), pair(null, 101)]);
  });

  test('stay for ever where a side has no bound, or the other no watermark', () => {
    const open = new JoinDrive({ type: 'full', within: bound('[', null, 2_000, ']') });
    open.push({ left: [row(10)], right: [row(10, 'b')] });
    expect(goOn(open, 5_000)).toEqual([pair(10, null)]);
    expect(open.push({ left: [row(9_000, 'b')] }).rows).toEqual([
      { left: row(9_000, 'b'), right: row(10, 'b') },
    ]);
    const delays = { left: 0, right: null };
    const half = new JoinDrive({ type: 'full', within: around, delays });
    half.push({ left: [row(10)], right: [row(10, 'b')] });
    expect(goOn(half, 5_000)).toEqual([pair(null, 10, 'b')]);
  });

  test('do not come out when they met one, in the same batch or long before', () => {
    const drive = new JoinDrive({ type: 'full', within: around });
    drive.push({ left: [row(10), row(11)] });
    expect(drive.push({ right: [row(12)] }).rows).toEqual([pair(10, 12), pair(11, 12)]);
    drive.coldStart();
    expect(goOn(drive, 100)).toEqual([]);
  });

  test('come out in order of bucket, key group and key, however they arrived', () => {
    const keys = ['d', 'a', 'c', 'b', 'e'];
    const orderOf = (order: readonly string[]) => {
      const drive = new JoinDrive({ type: 'left', within: around });
      drive.push({ left: [row(20, 'later'), ...order.map((k) => row(10, k))] });
      return goOn(drive, 100).map(({ left }) => (left as { readonly k: string }).k);
    };
    const groups = keys.toSorted(
      (one, other) => keyGroupOf(hashOfKey(one)) - keyGroupOf(hashOfKey(other)),
    );
    expect(orderOf(keys)).toEqual([...groups, 'later']);
    expect(orderOf(keys.toReversed())).toEqual([...groups, 'later']);
  });

  test('come out for each key group by its own watermark, and only once', () => {
    const drive = new JoinDrive({ type: 'left', within: around });
    const ahead = keyGroupOf(hashOfKey('a'));
    expect(keyGroupOf(hashOfKey('b'))).not.toBe(ahead);
    const floors = [{ firstKeyGroup: ahead, lastKeyGroup: ahead, watermarkMs: 50 * SECOND }];
    const push = (t: number) =>
      drive.pushInOrder(
        [
          ['left', row(t, 'b')],
          ['right', row(t, 'none')],
        ],
        { floors },
      ).rows;
    drive.push({ left: [row(49), row(10, 'b')] });
    expect(push(20)).toEqual([pair(10, null, 'b')]);
    expect(push(52.001)).toEqual([pair(20, null, 'b'), pair(49, null)]);
  });
});

describe('rows that fail the condition of their own side', () => {
  const leftWhere = ({ t }: { readonly t: number }) => t !== 10 * SECOND;

  test('come out at once where they are kept, and are not stored', () => {
    const drive = new JoinDrive({ type: 'left', within: around, leftWhere });
    const answer = drive.push({ left: [row(10), row(11)], right: [row(10)] });
    expect([answer.rows, answer.stored]).toEqual([[pair(10, null), pair(11, 10)], 2]);
    expect(goOn(drive, 100)).toEqual([]);
  });

  test('vanish where they are not', () => {
    const drive = new JoinDrive({ type: 'right', within: around, leftWhere });
    const answer = drive.push({ left: [row(10)], right: [row(10)] });
    expect([answer.rows, answer.stored]).toEqual([[], 1]);
    expect(goOn(drive, 100)).toEqual([pair(null, 10)]);
  });
});

describe('windows', () => {
  const times = (start: number, end: number) => ({
    windowStart: new Date(start * SECOND).toISOString(),
    windowEnd: new Date(end * SECOND).toISOString(),
  });

  test('let rows meet in the same window alone, and close for both sides at their end', () => {
    const drive = new JoinDrive({ type: 'full', window: tumbling(10 * SECOND) });
    const first = drive.push({ left: [row(9), row(10)], right: [row(1), row(11, 'b')] });
    expect([first.rows, first.stored]).toEqual([[{ ...pair(9, 1), ...times(0, 10) }], 2]);
    expect(drive.push({ left: [row(15)], right: [row(14, 'b')] }).stored).toBe(4);
    const last = drive.push({ left: [row(9), row(20, 'c')], right: [row(20, 'd')] });
    expect([last.late, last.stored]).toEqual([1, 2]);
    expect(new Set(last.rows)).toEqual(
      new Set([
        { ...pair(10, null), ...times(10, 20) },
        { ...pair(15, null), ...times(10, 20) },
        { ...pair(null, 11, 'b'), ...times(10, 20) },
        { ...pair(null, 14, 'b'), ...times(10, 20) },
      ]),
    );
  });

  test('that slide hold a row several times; those that have closed do not', () => {
    const drive = new JoinDrive({ window: tumbling(10 * SECOND, 5 * SECOND) });
    const first = drive.push({ left: [row(7)], right: [row(7), row(12)] });
    expect(first.rows).toEqual([
      { ...pair(7, 7), ...times(0, 10) },
      { ...pair(7, 7), ...times(5, 15) },
      { ...pair(7, 12), ...times(5, 15) },
    ]);
    expect(first.stored).toBe(6);
    expect(goOn(drive, 10)).toHaveLength(0);
    const second = drive.push({ left: [row(6)] });
    expect([second.late, second.rows]).toEqual([
      1,
      [
        { ...pair(6, 7), ...times(5, 15) },
        { ...pair(6, 12), ...times(5, 15) },
      ],
    ]);
  });

  test('that have closed are empty, also for a side without a watermark', () => {
    const delays = { left: 0, right: null };
    const drive = new JoinDrive({ type: 'right', window: tumbling(500, 500), delays });
    drive.push({ left: [row(0.1), row(0.5, 'b')] });
    const answer = drive.push({ right: [row(0.2)] });
    expect([answer.rows, answer.late, answer.stored]).toEqual([
      [{ ...pair(null, 0.2), ...times(0, 0.5) }],
      0,
      1,
    ]);
  });

  test('of no length let rows of the same time meet, and go when the watermark is there', () => {
    const drive = new JoinDrive({ type: 'left', window: tumbling(0, 1) });
    const first = drive.push({ left: [row(10), row(11)], right: [row(10), row(10.5)] });
    expect([first.rows, first.stored]).toEqual([[{ ...pair(10, 10), ...times(10, 10) }], 1]);
    expect(drive.watermarkMs).toBe(10.5 * SECOND);
    const second = drive.push({ right: [row(11)] });
    expect([second.rows, second.stored]).toEqual([[{ ...pair(11, 11), ...times(11, 11) }], 0]);
  });

  test('need event time', () => {
    const drive = new JoinDrive({ window: tumbling(10 * SECOND), delays: PATIENT });
    const answer = drive.push({ left: [{ k: 'a' }] });
    expect(answer.dead).toMatchObject([{ reason: 'event-time-missing' }]);
  });
});

describe('the time of a row', () => {
  const timesOf = (type: JoinType) => {
    const { plan } = new JoinDrive({ type, within: around });
    const state = KeyedState.empty();
    const pass = aPass();
    const times: number[] = [];
    const wired = wirePlan(plan, pass, () => (_, timeMs) => times.push(timeMs));
    const watermarks = (ms: number) => GroupWatermarks.of(ms, []);
    pass.begin({
      draft: state.draft({ undoable: true }),
      hashRange: { start: 0n, end: 2n ** 128n - 1n },
      previous: watermarks(0),
      batchTimeMs: 0,
      tables: new Map(),
    });
    for (const operator of wired.operators) operator.begin();
    wired.pushes.get('left')!(row(10), Number.NaN);
    wired.pushes.get('left')!(row(20, 'alone'), Number.NaN);
    wired.pushes.get('right')!(row(11), Number.NaN);
    wired.pushes.get('right')!(row(21, 'single'), Number.NaN);
    for (const operator of wired.operators) {
      operator.close({ previous: watermarks(0), current: watermarks(100_000) });
    }
    return times.map((timeMs) => timeMs / SECOND);
  };

  test.each<[JoinType, number[]]>([
    ['inner', [10]],
    ['left', [10, 20]],
    ['right', [11, 21]],
    ['full', [10, 20, 21]],
    ['semi', [10]],
  ])('of a %s join is that of the side it keeps', (type, times) => {
    expect(timesOf(type)).toEqual(times);
  });
});

describe('the lag of a join', () => {
  const lag = (options: Partial<JoinNode>) =>
    joinLagMs(
      new JoinDrive(options).plan.nodes.find((node): node is JoinNode => node.kind === 'join')!,
    );

  test.each([
    [bound('[', -40, 30, ']'), 41],
    [bound('(', -40, 30, ')'), 40],
    [bound('(', -2, 2, ']'), 3],
    [bound('[', null, 300, ')'), 300],
    [bound('[', -5, null, ']'), 6],
    [bound('[', -9, -1, ']'), 10],
    [bound('[', 1, 5, ']'), 6],
    [bound('[', null, -5, ']'), 0],
    [bound('[', 0, 0, ']'), 1],
    [null, 0],
  ])('is its larger bound, and a millisecond where that counts: %o is %s', (within, expected) => {
    expect(lag({ within })).toBe(expected);
  });

  test('is none with windows', () => {
    expect(lag({ within: around, window: tumbling(10) })).toBe(0);
  });

  test('keeps rows that waited for their bound from being late behind the join', () => {
    const behind: PlanNode[] = [
      {
        kind: 'map',
        uid: 'lefts',
        inputs: ['pairs'],
        apply: ({ left }: ReturnType<typeof pair>) => left,
      },
      {
        kind: 'aggregate',
        uid: 'counts',
        inputs: ['lefts'],
        key: keyOf(),
        window: tumbling(SECOND),
        allowedLatenessMs: 0,
        aggregates: { n: { kind: 'count', input: null, decimalScale: null } },
        lateSink: null,
      },
    ];
    const drive = new JoinDrive({ type: 'left', within: bound('[', 0, 5_000, ']'), behind });
    drive.push({ left: [row(1.5), row(2.5)], right: [row(1.5, 'b')] });
    const rows = [3, 6, 7, 8, 20].flatMap(
      (t) => drive.push({ left: [row(t, 'c')], right: [row(t, 'd')] }).rows,
    );
    const counted = rows.map(({ windowStart, n }) => [windowStart, n]);
    expect(counted.slice(0, 3)).toEqual([
      [new Date(1_000).toISOString(), 1],
      [new Date(2_000).toISOString(), 1],
      [new Date(3_000).toISOString(), 1],
    ]);
  });
});

describe('a semi join', () => {
  test('gives a left row once, at its first partner; one that has met is not stored', () => {
    const drive = new JoinDrive({ type: 'semi', within: around, delays: PATIENT });
    const first = drive.push({ right: [row(10), row(11)], left: [row(20, 'b')] });
    expect([first.rows, first.stored]).toEqual([[], 3]);
    const second = drive.push({ left: [row(10.5)], right: [row(20, 'b')] });
    expect([second.rows, second.stored]).toEqual([[row(10.5), row(20, 'b')], 4]);
    const third = drive.push({ right: [row(21, 'b')] });
    expect([third.rows, third.stored]).toEqual([[], 5]);
  });
});

describe('state', () => {
  test('of a busy key changes by a part of it only', () => {
    const drive = new JoinDrive({ delays: PATIENT });
    const many = (count: number) => Array.from({ length: count }, (_, index) => row(index + 1));
    const first = drive.push({ left: many(200) });
    const second = drive.push({ left: many(1) });
    expect(second.delta.length).toBeLessThan(first.delta.length / 8);
    expect(drive.lists()).toBe(13);
    drive.coldStart();
    const { rows } = drive.push({ right: [row(1)] });
    expect(rows.map(({ left }) => left)).toEqual([...many(200), row(1)]);
  });

  test('of a busy key finds the chunk with room, wherever it is', () => {
    const drive = new JoinDrive({ delays: PATIENT, type: 'full' });
    for (let count = 1; count <= 100; count += 1) {
      expect(drive.push({ left: [row(count)] }).stored).toBe(count);
      expect(drive.lists()).toBe(Math.ceil(count / 16));
    }
  });

  test('that is not needed any more is gone altogether', () => {
    const drive = new JoinDrive({ within: around });
    drive.push({ left: [row(10), row(11, 'b')], right: [row(11), row(12, 'c')] });
    expect(drive.lists()).toBe(4);
    goOn(drive, 1_000);
    expect(drive.lists()).toBe(2);
  });

  test('follows from its deltas, before 1970 as well', () => {
    const beginning = { left: 100 * SECOND, right: 100 * SECOND };
    const drive = new JoinDrive({ type: 'full', within: around, delays: beginning });
    const follower = fromSnapshot(drive.state);
    for (const t of [3, 5, 104, 106, 120]) {
      follower.applyDelta(drive.push({ left: [row(t)], right: [row(t + 1, 'b')] }).delta);
      expect(bytesOf(follower)).toBe(bytesOf(drive.state));
    }
  });

  test('of another bound is refused', () => {
    const drive = new JoinDrive({ within: around });
    drive.push({ left: [row(10)] });
    const other = new JoinDrive({ within: bound('[', -2_000, 2_000, ')') });
    other.coldStart(fromSnapshot(drive.state));
    expect(() => other.push({ left: [row(11)] })).toThrow(
      expect.objectContaining({ code: 'state-schema-changed' }) as EngineError,
    );
  });
});

describe('functions of the pipeline', () => {
  const map = (apply: (pair: never) => unknown): PlanNode[] => [
    { kind: 'map', uid: 'map', inputs: ['pairs'], apply },
  ];

  test('cannot change stored rows, nor those of other pairs', () => {
    type Nested = { t: number; in: { t: number } };
    const spoil = (each: Nested) => {
      each.t = -1;
      each.in.t = -1;
    };
    const drive = new JoinDrive({
      delays: PATIENT,
      where: (left: Nested, right: Nested) => {
        spoil(left);
        spoil(right);
        return true;
      },
      behind: map(() => ({ n: 1 })),
    });
    const nested = (t: number) => ({ ...row(t), in: { t } });
    const seen: unknown[] = [];
    const second = new JoinDrive({
      delays: PATIENT,
      behind: map((each: { readonly left: Nested; readonly right: Nested }) => {
        seen.push(JSON.parse(JSON.stringify(each)));
        spoil(each.left);
        spoil(each.right);
        return each;
      }),
    });
    for (const each of [drive, second]) {
      each.push({ left: [nested(1), nested(2)], right: [nested(3), nested(4)] });
      const text = JSON.stringify(bytesOf(each.state));
      expect(text).toBe(JSON.stringify(bytesOf(fromSnapshot(each.state))));
    }
    expect(bytesOf(drive.state)).toBe(bytesOf(second.state));
    expect(seen).toEqual([
      { left: nested(1), right: nested(3) },
      { left: nested(2), right: nested(3) },
      { left: nested(1), right: nested(4) },
      { left: nested(2), right: nested(4) },
    ]);
  });

  test('in front of the join cannot change stored rows, though none sees them behind it', () => {
    const given: { t: number }[] = [];
    const { plan } = new JoinDrive({ delays: PATIENT });
    const remember = (each: { t: number }) => {
      for (const other of given) other.t = -1;
      given.push(each);
      return true;
    };
    const filter: PlanNode = {
      kind: 'filter',
      uid: 'remember',
      inputs: ['left time'],
      apply: remember,
    };
    const nodes = plan.nodes.map(
      (node): PlanNode =>
        node.kind === 'join' ? { ...node, inputs: ['remember', 'right time'] } : node,
    );
    const drive = new JoinDrive(
      { delays: PATIENT },
      { ...plan, nodes: [...nodes.slice(0, 4), filter, ...nodes.slice(4)] },
    );
    const answer = drive.push({ left: [row(1), row(2)], right: [row(3)] });
    expect(answer.rows).toEqual([pair(1, 3), pair(2, 3)]);
    expect(drive.push({ left: [row(4)], right: [row(5)] }).rows).toEqual([
      pair(4, 3),
      pair(1, 5),
      pair(2, 5),
      pair(4, 5),
    ]);
  });

  test('that fail behind the join leave nothing of the record', () => {
    const drive = new JoinDrive({
      type: 'full',
      within: around,
      behind: map(({ left, right }: ReturnType<typeof pair>) => {
        if (right?.t === 11 * SECOND) throw new Error('no');
        return { left, right };
      }),
    });
    drive.push({ left: [row(10), row(10)] });
    const before = bytesOf(drive.state);
    const answer = drive.push({ right: [row(11)] });
    expect(answer.dead).toMatchObject([{ reason: 'operator-failed' }]);
    expect(answer.rows).toEqual([]);
    expect(bytesOf(drive.state)).toBe(before);
    const next = drive.push({ right: [row(20), row(11, 'b')], left: [row(20)] });
    expect(next.rows).toEqual([pair(20, 20), pair(10, null), pair(10, null)]);
    expect(goOn(drive, 60)).toEqual([]);
  });

  test('that throw as conditions make the record a dead letter', () => {
    for (const name of ['where', 'leftWhere', 'rightWhere'] as const) {
      const fail = () => {
        throw new Error('no');
      };
      const drive = new JoinDrive({ type: 'full', delays: PATIENT, [name]: fail });
      const answer = drive.push({ left: [row(1)], right: [row(1)] });
      expect(answer.dead).toMatchObject([
        { reason: 'operator-failed', detail: "operator 'pairs' threw Error: no" },
      ]);
    }
  });

  test('cannot put into state what is not JSON', () => {
    const refused = [
      () => ({ k: 'a', v: new Map() }),
      () => ({ k: 'a', v: Number.NaN }),
      () => ({ k: 'a', v: undefined }),
      () => ({ k: 'a', [Symbol('s')]: 1 }),
      () => Object.defineProperty({ k: 'a' }, 'hidden', { value: 1 }),
      () => Object.assign(Object.create({ inherited: 1 }), { k: 'a' }),
    ];
    for (const make of refused) {
      const drive = new JoinDrive({ delays: PATIENT });
      const nodes = drive.plan.nodes.map(
        (node): PlanNode =>
          node.kind === 'join' ? { ...node, inputs: ['made', 'right time'] } : node,
      );
      const made: PlanNode = { kind: 'map', uid: 'made', inputs: ['left time'], apply: make };
      const mapped = new JoinDrive(
        { delays: PATIENT },
        { ...drive.plan, nodes: [...nodes.slice(0, 4), made, ...nodes.slice(4)] },
      );
      const answer = mapped.push({ left: [row(1)] });
      expect(answer.dead).toMatchObject([
        {
          reason: 'operator-failed',
          detail: "operator 'pairs' cannot keep a row that is not plain JSON of at most 63 levels",
        },
      ]);
      expect(answer.stored).toBe(0);
    }
  });
});

test.each([false, true])(
  'rows nested deeper than state can hold are refused (code: %s)',
  (code) => {
    const where = code ? () => true : null;
    const drive = new JoinDrive({ delays: PATIENT, where });
    const nested = (levels: number): unknown =>
      levels === 0 ? 'x'.repeat(200) : [nested(levels - 1)];
    const good = drive.push({ left: [{ ...row(1), deep: nested(62) }] });
    expect([good.dead, good.stored]).toEqual([[], 1]);
    drive.coldStart();
    const bad = drive.push({ left: [{ ...row(1), deep: nested(63) }] });
    expect(bad.dead).toMatchObject([{ reason: 'operator-failed' }]);
    expect(bad.stored).toBe(1);
  },
);
