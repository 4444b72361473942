import { describe, expect, test } from 'vitest';
import { list, map, value } from '../../../lib/plan/user-state.ts';
import { deadOf, emittedTimes, processDrive, processPlan } from '../../support/user-state.ts';

const detailsOf = (answer: Parameters<typeof deadOf>[0]) =>
  deadOf(answer).map(({ detail }) => detail);

describe('timers of processing time', () => {
  const SECOND = 1_000;

  test('fire when the clock reaches them, also for keys with rows in the batch, after those', () => {
    const drive = processDrive({
      state: { n: value<number>() },
      timers: 'processing-time',
      onRow(_, { key, state, timers, batchTimeMs, emit }) {
        if (!state.n.get()) timers.register(batchTimeMs + 5 * SECOND);
        state.n.set((state.n.get() ?? 0) + 1);
        emit({ key, n: state.n.get() });
      },
      onTimer(timeMs, { key, state, emit, batchTimeMs }) {
        emit({ key, n: -state.n.get()!, timeMs, batchTimeMs });
        state.n.clear();
      },
    });
    expect(drive.rows([{ k: 'a' }], 1 * SECOND)).toEqual([{ key: 'a', n: 1 }]);
    expect(drive.rows([{ k: 'b' }], 6 * SECOND - 1)).toEqual([{ key: 'b', n: 1 }]);
    drive.restart();
    expect(drive.rows([{ k: 'a' }], 6 * SECOND)).toEqual([
      { key: 'a', n: 2 },
      { key: 'a', n: -2, timeMs: 6 * SECOND, batchTimeMs: 6 * SECOND },
    ]);
    expect(drive.state.rowCount()).toBe(1);
    expect(drive.rows([], 20 * SECOND)).toEqual([
      { key: 'b', n: -1, timeMs: 11 * SECOND - 1, batchTimeMs: 20 * SECOND },
    ]);
    expect(drive.state.rowCount()).toBe(0);
  });

  test('can be deleted and set anew', () => {
    const drive = processDrive({
      state: { n: value<number>() },
      timers: 'processing-time',
      onRow(_, { state, timers, batchTimeMs }) {
        const dueMs = state.n.get();
        if (dueMs !== undefined) timers.delete(dueMs);
        const nextMs = batchTimeMs + (dueMs === undefined ? 5 : 7.5) * SECOND;
        timers.register(nextMs);
        state.n.set(nextMs);
      },
      onTimer: (timeMs, { key, emit }) => emit({ key, timeMs }),
    });
    drive.batch([{ k: 'a' }], 0);
    drive.batch([{ k: 'a' }], 1 * SECOND);
    expect(drive.rows([], 8 * SECOND)).toEqual([]);
    expect(drive.rows([], 8.5 * SECOND)).toEqual([{ key: 'a', timeMs: 8.5 * SECOND }]);
  });

  test('fire in order of time, then key group and key; those they register take their turn', () => {
    const drive = processDrive({
      timers: 'processing-time',
      onRow({ n }, { timers }) {
        timers.register(n!);
        timers.register(n!);
      },
      onTimer(timeMs, { key, timers, emit }) {
        emit({ key, timeMs, left: timers.list() });
        if (key === 'a' && timeMs < 30) timers.register(timeMs + 10);
      },
    });
    const batch = [
      { k: 'b', n: 10 },
      { k: 'a', n: 10 },
      { k: 'b', n: 25 },
      { k: 'b', n: 99 },
    ];
    drive.batch(batch, 0);
    expect(drive.rows([], 30).map(({ key, timeMs, left }) => [key, timeMs, left])).toEqual([
      ['a', 10, []],
      ['b', 10, [25, 99]],
      ['a', 20, []],
      ['b', 25, [99]],
      ['a', 30, []],
    ]);
    expect(drive.state.rowCount()).toBe(1);
  });

  test('one that fails has fired, and the others still fire', () => {
    const drive = processDrive({
      state: { n: value<number>() },
      timers: 'processing-time',
      onRow(_, { state, timers }) {
        state.n.set(1);
        timers.register(10);
        timers.register(20);
      },
      onTimer(timeMs, { key, state, emit }) {
        emit({ key, timeMs, n: state.n.get() });
        state.n.set(2);
        if (timeMs === 10) throw new Error('ten');
      },
    });
    drive.batch([{ k: 'a' }], 0);
    const answer = drive.batch([], 30);
    expect(answer.rows['out']).toEqual([{ key: 'a', timeMs: 20, n: 1 }]);
    expect(deadOf(answer)).toEqual([
      {
        reason: 'operator-failed',
        detail: `operator 'op' threw Error: ten`,
        about: { key: 'a', timer: 10 },
      },
    ]);
  });

  test('one that registers another not after itself fails', () => {
    const drive = processDrive({
      timers: 'processing-time',
      onRow: (_, { timers }) => timers.register(10),
      onTimer: (timeMs, { timers }) => timers.register(timeMs),
    });
    drive.batch([{ k: 'a' }], 0);
    expect(detailsOf(drive.batch([], 10))).toEqual([
      `operator 'op' registered a timer, 10, not after the one that fires, 10`,
    ]);
    expect(drive.state.rowCount()).toBe(0);
  });

  test('are whole numbers, and need a function', () => {
    const fractions = processDrive({
      timers: 'processing-time',
      onRow: (_, { timers }) => timers.register(0.5),
      onTimer() {},
    });
    expect(detailsOf(fractions.batch([{ k: 'a' }]))).toEqual([
      `operator 'op' registered a timer at no whole number of milliseconds`,
    ]);
    const deaf = processDrive({
      timers: 'processing-time',
      onRow: (_, { timers }) => timers.register(1),
    });
    expect(detailsOf(deaf.batch([{ k: 'a' }]))).toEqual([
      `operator 'op' registered a timer, but there is no onTimer`,
    ]);
  });
});

describe('timers of event time', () => {
  const farewell = () =>
    processDrive({
      state: { last: value<number>() },
      timers: 'event-time',
      onRow({ at }, { key, state, timers, watermarkMs, emit }) {
        const last = state.last.get();
        if (last !== undefined) timers.delete(last + 5);
        timers.register(at! + 5);
        state.last.set(at!);
        emit({ key, at, watermarkMs });
      },
      onTimer(timeMs, { key, state, watermarkMs, emit }) {
        state.last.clear();
        emit({ key, timeMs, watermarkMs });
      },
      delayMs: 10,
    });

  test('fire when the watermark reaches them, in the batch that moved it', () => {
    const drive = farewell();
    drive.batch([
      { k: 'a', at: 11 },
      { k: 'a', at: 15 },
    ]);
    expect(drive.rows([{ k: 'b', at: 29 }])).toEqual([{ key: 'b', at: 29, watermarkMs: 5 }]);
    expect(drive.rows([{ k: 'b', at: 30 }])).toEqual([
      { key: 'b', at: 30, watermarkMs: 19 },
      { key: 'a', timeMs: 20, watermarkMs: 20 },
    ]);
    expect(drive.state.rowCount()).toBe(1);
  });

  test('late rows are dropped before the call', () => {
    const drive = farewell();
    drive.batch([{ k: 'a', at: 50 }]);
    const answer = drive.batch([{ k: 'a', at: 40 }]);
    expect([answer.rows['out'], answer.result.counts.late]).toEqual([undefined, 1]);
  });

  test('their rows have the time of the timer, and never one that is late', () => {
    const plan = processPlan({
      timers: 'event-time',
      onRow: ({ n }, { timers }) => timers.register(n!),
      onTimer: (_, { emit }) => emit({}),
      delayMs: 0,
    });
    const batches = [[{ k: 'a', at: 100, n: 130 }], [{ k: 'b', at: 150, n: 7 }]];
    expect(emittedTimes(plan, batches)).toEqual([[], [101, 130]]);
  });

  test('need an event time', () => {
    expect(() => processDrive({ timers: 'event-time', onRow() {} })).toThrow(
      `operator 'op' has timers of event time but no event time in front of it; declare a watermark`,
    );
  });
});

describe('time to live', () => {
  const remembering = () =>
    processDrive({
      state: {
        one: value<number>({ ttl: '10 seconds' }),
        items: list<number>({ ttl: '10 seconds' }),
        seen: map<number>({ ttl: '10 seconds' }),
      },
      onRow({ n }, { state, emit }) {
        const { one, items, seen } = state;
        emit({
          one: one.get() ?? null,
          items: items.get(),
          seen: seen.entries(),
          has: seen.has('1'),
        });
        if (n === undefined) return;
        one.set(n);
        items.append(n);
        seen.set(String(n), n);
      },
    });

  test('counts from when each value was written, by the time of the batch', () => {
    const drive = remembering();
    drive.batch([{ k: 'a', n: 1 }], 0);
    drive.batch([{ k: 'a', n: 2 }], 5_000);
    expect(drive.rows([{ k: 'a' }], 9_999)).toEqual([
      {
        one: 2,
        items: [1, 2],
        seen: [
          ['1', 1],
          ['2', 2],
        ],
        has: true,
      },
    ]);
    drive.restart();
    expect(drive.rows([{ k: 'a' }], 10_000)).toEqual([
      { one: 2, items: [2], seen: [['2', 2]], has: false },
    ]);
    expect(drive.rows([{ k: 'a' }], 15_000)).toEqual([
      { one: null, items: [], seen: [], has: false },
    ]);
  });

  test('what has expired is cleaned up, and a key with nothing left is gone', () => {
    const drive = remembering();
    drive.batch([{ k: 'a', n: 1 }], 0);
    drive.batch([{ k: 'a', n: 2 }], 5_000);
    expect(drive.batch([], 9_999).delta.length).toBe(2);
    expect(drive.batch([], 10_000).delta.length).toBeGreaterThan(2);
    expect(drive.state.rowCount()).toBe(1);
    expect(drive.batch([], 14_999).delta.length).toBe(2);
    drive.batch([], 15_000);
    expect(drive.state.rowCount()).toBe(0);
  });
});
