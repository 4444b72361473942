import { describe, expect, test } from 'vitest';
import type { PlanNode } from '../../../lib/plan/plan.ts';
import {
  list,
  map,
  type ProcessContext,
  type StateParts,
  value,
} from '../../../lib/plan/user-state.ts';
import {
  deadOf,
  emittedTimes,
  type Program,
  processDrive,
  processPlan,
} from '../../support/user-state.ts';

const detailsOf = (answer: Parameters<typeof deadOf>[0]) =>
  deadOf(answer).map(({ detail }) => detail);

describe('state', () => {
  test('a value is set, read and cleared', () => {
    const drive = processDrive({
      state: { n: value<number>() },
      onRow({ n }, { key, state, emit }) {
        emit({ key, n: state.n.get() ?? null });
        if (n === 0) state.n.clear();
        else state.n.set((state.n.get() ?? 0) + n!);
      },
    });
    expect(drive.rows([1, 2, 0, 5].map((n) => ({ k: 'a', n })))).toEqual([
      { key: 'a', n: null },
      { key: 'a', n: 1 },
      { key: 'a', n: 3 },
      { key: 'a', n: null },
    ]);
    drive.restart();
    expect(drive.rows([{ k: 'a', n: 0 }])).toEqual([{ key: 'a', n: 5 }]);
    expect(drive.state.rowCount()).toBe(0);
  });

  test('a list is appended to, replaced and cleared', () => {
    const drive = processDrive({
      state: { items: list<number>() },
      onRow({ n }, { state, emit }) {
        if (n === 0) state.items.clear();
        else if (n! < 0) state.items.set([n!, n! - 1]);
        else state.items.append(n!, n! + 1);
        emit({ items: state.items.get() });
      },
    });
    const batch = [1, 3, -7].map((n) => ({ k: 'a', n }));
    expect(drive.rows(batch).map(({ items }) => items)).toEqual([
      [1, 2],
      [1, 2, 3, 4],
      [-7, -8],
    ]);
    drive.restart();
    expect(drive.rows([{ k: 'a', n: 9 }])).toEqual([{ items: [-7, -8, 9, 10] }]);
    expect(drive.rows([{ k: 'a', n: 0 }])).toEqual([{ items: [] }]);
    expect(drive.state.rowCount()).toBe(0);
  });

  test('a map keeps names in the order in which they came, whatever they are', () => {
    const names = ['9', '1', '__proto__', 'constructor', ''];
    const drive = processDrive({
      state: { seen: map<number>() },
      onRow({ n }, { state, emit }) {
        const { seen } = state;
        emit({ before: seen.get('1') ?? null, has: seen.has('constructor') });
        if (n === 1) for (const [index, name] of names.entries()) seen.set(name, index);
        if (n === 2) seen.set('9', 90);
        if (n === 3) seen.delete('1');
        emit({ entries: seen.entries() });
        if (n === 4) seen.clear();
      },
    });
    const rows = drive.rows([1, 2].map((n) => ({ k: 'a', n })));
    expect(rows).toEqual([
      { before: null, has: false },
      { entries: names.map((name, index) => [name, index]) },
      { before: 1, has: true },
      { entries: names.map((name, index) => [name, name === '9' ? 90 : index]) },
    ]);
    drive.restart();
    expect(drive.rows([{ k: 'a', n: 3 }])[1]).toEqual({
      entries: [
        ['9', 90],
        ['__proto__', 2],
        ['constructor', 3],
        ['', 4],
      ],
    });
    drive.batch([{ k: 'a', n: 4 }]);
    expect(drive.state.rowCount()).toBe(0);
  });

  test('parts may have the names of what objects inherit', () => {
    const state = { ['__proto__']: value<number>(), constructor: list<number>() };
    const drive = processDrive({
      state,
      onRow(_, context) {
        const parts = context.state as typeof context.state & Record<string, never>;
        const count = Object.getOwnPropertyDescriptor(parts, '__proto__')!.value;
        count.set((count.get() ?? 0) + 1);
        parts.constructor.append(count.get());
        context.emit({ n: count.get(), list: parts.constructor.get() });
      },
    });
    drive.batch([{ k: 'a' }]);
    drive.restart();
    expect(drive.rows([{ k: 'a' }])).toEqual([{ n: 2, list: [1, 2] }]);
  });

  test('goes in and out as copies', () => {
    const shared = { list: [1] };
    const drive = processDrive({
      state: { one: value<typeof shared>(), many: list<typeof shared>() },
      onRow(_, { state, emit }) {
        emit({ one: state.one.get() ?? null, many: state.many.get() });
        state.one.set(shared);
        state.many.append(shared);
        state.one.get()!.list.push(2);
        state.many.get()[0]!.list.push(3);
        shared.list.push(4);
      },
    });
    drive.batch([{ k: 'a' }]);
    expect(drive.rows([{ k: 'b' }, { k: 'a' }])[1]).toEqual({
      one: { list: [1] },
      many: [{ list: [1] }],
    });
  });

  test('is refused when its parts changed', () => {
    const onRow: Program<StateParts>['onRow'] = (_, { state }) =>
      (state as { n: { set(n: number): void } }).n.set(1);
    const before = processDrive<StateParts>({ state: { n: value<number>() }, onRow });
    before.batch([{ k: 'a' }]);
    const after = processDrive<StateParts>({
      state: { n: value<number>({ ttl: '1 day' }) },
      onRow,
    });
    after.state = before.state;
    expect(() => after.batch([{ k: 'a' }])).toThrow(/changed: its state was written for/);
  });
});

describe('a call that fails', () => {
  test('makes its record a dead letter; nothing of it stays', () => {
    const drive = processDrive({
      state: { n: value<number>(), items: list<number>() },
      timers: 'processing-time',
      onRow({ n }, { state, timers, emit }) {
        emit({ n: (state.n.get() ?? 0) + n!, items: state.items.get(), timers: timers.list() });
        state.n.set((state.n.get() ?? 0) + n!);
        state.items.append(n!);
        timers.register(n!);
        if (n === 13) throw new Error('thirteen');
      },
      onTimer() {},
    });
    const answer = drive.batch(
      [100, 13, 200].map((n) => ({ k: 'a', n })),
      0,
    );
    expect(answer.rows['out']).toEqual([
      { n: 100, items: [], timers: [] },
      { n: 300, items: [100], timers: [100] },
    ]);
    expect(deadOf(answer)).toEqual([
      {
        reason: 'operator-failed',
        detail: `operator 'op' threw Error: thirteen`,
        about: { k: 'a', n: 13 },
      },
    ]);
  });

  test('behind the operator takes state and earlier rows of the call back', () => {
    const refuse = (row: { readonly n: number }) => {
      if (row.n === 2) throw new Error('two');
      return row;
    };
    const drive = processDrive({
      state: { n: value<number>() },
      onRow({ n }, { state, emit }) {
        state.n.set((state.n.get() ?? 0) + 1);
        emit({ n: 10 * state.n.get()! });
        emit({ n });
      },
      after: [{ kind: 'map', uid: 'refuse', apply: refuse } as unknown as PlanNode],
    });
    const answer = drive.batch([1, 2, 3].map((n) => ({ k: 'a', n })));
    expect(answer.rows['out']).toEqual([{ n: 10 }, { n: 1 }, { n: 20 }, { n: 3 }]);
  });

  type Use = (context: ProcessContext<string, { n: ReturnType<typeof value> }, unknown>) => unknown;
  test.each([
    ['is asynchronous', async () => {}],
    ['wants to keep a value that is not plain JSON', ({ state }) => state.n.set(undefined)],
    ['emitted an undefined row', ({ emit }) => emit(undefined)],
    ['emitted a row at no time between the years 1 and 9999', ({ emit }) => emit({}, Number.NaN)],
    ['registered a timer, but no timers are declared', ({ timers }) => timers.register(1)],
  ] as [string, Use][])('because it %s', (what, use) => {
    const drive = processDrive({ state: { n: value() }, onRow: (_, context) => use(context) });
    expect(detailsOf(drive.batch([{ k: 'a' }]))).toEqual([`operator 'op' ${what}`]);
  });
});

test('a context is dead after its call, with all its parts', () => {
  let kept: ProcessContext<string, StateParts, unknown> | null = null;
  processDrive<StateParts>({
    state: { n: value<number>(), items: list<number>(), seen: map<number>() },
    timers: 'processing-time',
    onRow(_, context) {
      kept = context;
    },
    onTimer() {},
  }).batch([{ k: 'a' }]);
  const { state, timers, emit } = kept! as ProcessContext<string, StateParts, unknown>;
  const parts = state as unknown as Record<
    string,
    Record<string, (...values: unknown[]) => unknown>
  >;
  const uses = [
    () => emit({}),
    () => timers.list(),
    () => timers.register(1),
    () => timers.delete(1),
    ...['get', 'set', 'clear'].map((use) => () => parts['n']![use]!(1)),
    ...['get', 'append', 'clear'].map((use) => () => parts['items']![use]!(1)),
    () => parts['items']!['set']!([]),
    ...['get', 'has', 'set', 'delete', 'entries', 'clear'].map(
      (use) => () => parts['seen']![use]!('x', 1),
    ),
  ];
  for (const use of uses)
    expect(use).toThrow(`a context of 'op' was used after its call had ended`);
});

describe('what is emitted', () => {
  test('has the event time of its row, or its own', () => {
    const plan = processPlan({
      onRow({ n }, { emit }) {
        emit({ n });
        if (n !== undefined) emit({ n: -n }, n);
      },
      delayMs: 0,
    });
    const batch = [
      { k: 'a', at: 50 },
      { k: 'a', at: 60, n: 7 },
    ];
    expect(emittedTimes(plan, [batch])).toEqual([[50, 60, 7]]);
  });

  test('must come after the watermark that its rows were late by', () => {
    const drive = processDrive({ onRow: ({ n }, { emit }) => emit({ n }, n!), delayMs: 0 });
    drive.batch([{ k: 'a', at: 1_706_774_340_000, n: 1_706_774_340_000 }]);
    const rows = [1, 1_706_774_340_000, 1_706_774_340_001].map((n) => ({
      k: 'a',
      at: 1_706_774_340_001,
      n,
    }));
    const answer = drive.batch(rows);
    expect(answer.rows['out']).toEqual([{ n: 1_706_774_340_001 }]);
    expect(deadOf(answer).map(({ reason, detail }) => [reason, detail])).toEqual([
      [
        'emitted-late',
        `operator 'op' emitted a row at 1970-01-01T00:00:00.001Z, which is not after the watermark, 2024-02-01T07:59:00.000Z`,
      ],
      [
        'emitted-late',
        `operator 'op' emitted a row at 2024-02-01T07:59:00.000Z, which is not after the watermark, 2024-02-01T07:59:00.000Z`,
      ],
    ]);
  });

  test('without an event time in front may have any time', () => {
    const drive = processDrive({ onRow: ({ n }, { emit }) => emit({ n }, n!) });
    expect(drive.rows([{ k: 'a', n: -5 }])).toEqual([{ n: -5 }]);
  });

  test('by a late row that is let through is not late itself', () => {
    const plan = processPlan({ onRow: (_, { emit }) => emit({}), delayMs: 0 });
    const batches = [[{ k: 'a', at: 100 }], [{ k: 'a', at: 40 }]];
    expect(emittedTimes(plan, batches)).toEqual([[100], [101]]);
  });
});
