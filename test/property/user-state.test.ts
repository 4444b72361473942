import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asBatchTimeMs } from '../../lib/model/ids.ts';
import type { Plan } from '../../lib/plan/plan.ts';
import {
  type GroupState,
  type KeyState,
  list,
  type ProcessContext,
  value,
} from '../../lib/plan/user-state.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import type { Duration } from '../../lib/time/duration.ts';
import { byFields, groupsPlan, processPlan, StateDrive, statePlan } from '../support/user-state.ts';
import { cases } from './cases.ts';

// Each operator against a naive one of a few lines, which runs the same user functions over plain
// maps. Some calls fail, after they have changed what they could.

interface Row {
  readonly k: string;
  readonly at: number;
  readonly n: number;
}
interface Batch {
  readonly rows: readonly Row[];
  readonly nowMs: number;
}
type Out = Record<string, unknown>;

/** What a batch gave: rows in an order of their own, how many calls failed, how many keys are kept. */
interface Answer {
  readonly rows: readonly string[];
  readonly dead: number;
  readonly keys: number;
}
type Naive = (batch: Batch) => {
  readonly rows: Out[];
  readonly dead: number;
  readonly keys: number;
};

const DELAY_MS = 20;
const TTL_MS = 30;

const batches = fc
  .array(
    fc.record({
      step: fc.integer({ min: 0, max: 25 }),
      rows: fc.array(
        fc.record({
          k: fc.constantFrom('a', 'b', '', '__proto__', '\u0000'),
          at: fc.integer({ min: -30, max: 30 }),
          n: fc.integer({ min: 0, max: 9 }),
        }),
        { maxLength: 5 },
      ),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((steps) => {
    let nowMs = 100;
    return steps.map(({ step, rows }): Batch => {
      nowMs += step;
      const floor = nowMs;
      return { nowMs, rows: rows.map((row) => ({ ...row, at: floor + row.at })) };
    });
  });

const inOrder = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();

function checkAgainst(plan: Plan, naiveOf: () => Naive): void {
  fc.assert(
    fc.property(batches, (given) => {
      const [drive, naive] = [new StateDrive(plan), naiveOf()];
      const [actual, expected]: [Answer[], Answer[]] = [[], []];
      for (const batch of given) {
        const answer = drive.batch(batch.rows, batch.nowMs);
        const { dead } = answer;
        actual.push({
          rows: inOrder(answer.rows['out'] ?? []),
          dead: dead.length,
          keys: drive.state.rowCount(),
        });
        const told = naive(batch);
        expected.push({ ...told, rows: inOrder(told.rows) });
      }
      expect(actual).toEqual(expected);
    }),
    cases(200),
  );
}

function checkReplay(plan: Plan): void {
  fc.assert(
    fc.property(batches, (given) => {
      const [warm, cold] = [new StateDrive(plan), new StateDrive(plan)];
      const replica = KeyedState.empty();
      for (const { rows, nowMs } of given) {
        cold.restart();
        warm.pass([...rows, { tick: true }].toReversed(), { batchTimeMs: asBatchTimeMs(nowMs) });
        const [left, right] = [warm.batch(rows, nowMs), cold.batch(rows, nowMs)];
        expect(right.rows).toEqual(left.rows);
        expect(Buffer.from(right.delta).equals(Buffer.from(left.delta))).toBe(true);
        replica.applyDelta(left.delta);
      }
      const [live, restored, replayed] = [warm.state, cold.state, replica].map((state) =>
        Buffer.concat(state.encodeSegments().map(({ bytes }) => bytes)).toString('hex'),
      );
      expect([restored, replayed]).toEqual([live, live]);
    }),
    cases(60),
  );
}

/** The watermark, from all rows that stayed. */
function naiveClock() {
  let [lateMs, currentMs] = [0, 0];
  return {
    beginBatch() {
      lateMs = currentMs;
    },
    see({ at }: Row) {
      currentMs = Math.max(currentMs, at - DELAY_MS);
    },
    late: () => lateMs,
    current: () => currentMs,
  };
}

function groupByKey(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.k, [...(groups.get(row.k) ?? []), row]);
  return groups;
}

describe.each(['processing-time', 'event-time'] as const)(
  'groups with timeouts by %s',
  (timeout) => {
    const apply = (k: string, rows: readonly Row[], state: GroupState<number>) => {
      const total = (state.getOption() ?? 0) + rows.reduce((sum, { n }) => sum + n, 0);
      if (total % 4 === 0) state.remove();
      else state.update(total);
      const { n, at } = rows.at(-1) ?? { n: 7, at: state.watermarkMs };
      if (n > 2 && timeout === 'processing-time') state.setTimeoutDuration(`${n} milliseconds`);
      if (n > 2 && timeout === 'event-time') state.setTimeoutTimestamp(at + n);
      if (total % 7 === 6) throw new Error('six');
      return [{ k, total, times: [state.hasTimedOut, state.watermarkMs, state.batchTimeMs] }];
    };
    const plan = groupsPlan(apply as never, { timeout, delayMs: DELAY_MS });

    const naiveOf = (): Naive => {
      const groups = new Map<string, { value?: number | undefined; due: number }>();
      const clock = naiveClock();
      return ({ rows, nowMs }) => {
        clock.beginBatch();
        for (const row of rows) clock.see(row);
        const [out, failed]: [Out[], number[]] = [[], []];
        const call = (k: string, members: readonly Row[], watermarkMs: number) => {
          let { value: held } = groups.get(k) ?? {};
          let due = Number.NaN;
          const state = {
            getOption: () => held,
            update: (next: number) => (held = next),
            remove: () => (held = undefined),
            setTimeoutDuration: (text: Duration) => (due = nowMs + Number.parseInt(text, 10)),
            setTimeoutTimestamp(atMs: number) {
              if (atMs < watermarkMs) throw new Error('early');
              due = atMs;
            },
            hasTimedOut: members.length === 0,
            watermarkMs,
            batchTimeMs: nowMs,
          };
          try {
            const given = apply(k, members, state as never);
            if (held === undefined && Number.isNaN(due)) groups.delete(k);
            else groups.set(k, { value: held, due });
            out.push(...given);
          } catch {
            failed.push(1);
          }
        };
        const timeOut = (isDue: (k: string, due: number) => boolean, watermarkMs: number) => {
          for (const [k, group] of [...groups]) {
            if (!isDue(k, group.due)) continue;
            if (group.value === undefined) groups.delete(k);
            else groups.set(k, { value: group.value, due: Number.NaN });
            call(k, [], watermarkMs);
          }
        };
        const isTimed = timeout === 'event-time';
        const members = groupByKey(rows.filter(({ at }) => !isTimed || at > clock.late()));
        for (const [k, group] of members) call(k, group, clock.late());
        if (isTimed) timeOut((_, due) => due < clock.current(), clock.current());
        else timeOut((k, due) => due < nowMs && !members.has(k), clock.late());
        return { rows: out, dead: failed.length, keys: groups.size };
      };
    };

    test('are those of a naive pass', () => checkAgainst(plan, naiveOf));
    test('go on alike warm, cold and replayed', () => checkReplay(plan));
  },
);

describe('state by row', () => {
  const TIMEOUT_MS = 30;
  const apply = (k: string, row: Row | undefined, state: KeyState<number>) => {
    if (row === undefined) return { k, left: state.get() };
    const total = (state.getOption() ?? 0) + row.n;
    if (total % 4 === 0) state.remove();
    else if (row.n > 1) state.update(total);
    if (total % 7 === 6) throw new Error('six');
    return row.n === 1 ? undefined : { k, total };
  };
  const plan = statePlan({
    kind: 'map-with-state',
    key: byFields('k'),
    timeoutMs: TIMEOUT_MS,
    apply: apply as never,
  });

  const naiveOf = (): Naive => {
    const kept = new Map<string, { readonly value: number; readonly due: number }>();
    return ({ rows, nowMs }) => {
      const out: Out[] = [];
      let dead = 0;
      for (const row of rows) {
        let held = kept.get(row.k)?.value;
        const state = {
          get: () => held,
          getOption: () => held,
          update: (next: number) => (held = next),
          remove: () => (held = undefined),
        };
        try {
          const given = apply(row.k, row, state as never);
          if (held === undefined) kept.delete(row.k);
          else kept.set(row.k, { value: held, due: nowMs + TIMEOUT_MS });
          if (given !== undefined) out.push(given);
        } catch {
          dead += 1;
        }
      }
      for (const [k, { value: left, due }] of [...kept]) {
        if (due > nowMs) continue;
        kept.delete(k);
        out.push({ k, left });
      }
      return { rows: out, dead, keys: kept.size };
    };
  };

  test('is that of a naive pass', () => checkAgainst(plan, naiveOf));
  test('goes on alike warm, cold and replayed', () => checkReplay(plan));
});

describe('state by batch', () => {
  const update = (rows: readonly Row[], before: number[] = []) => {
    const next = [...before, ...rows.map(({ n }) => n)].slice(-3);
    if (rows.some(({ n }) => n === 6)) throw new Error('six');
    return next.at(-1) === 3 ? undefined : next;
  };
  const initial = [
    [['b'], [1, 2]],
    [['never'], [5]],
  ] as const;
  const plan = statePlan({
    kind: 'update-state',
    key: byFields('k'),
    update: update as never,
    initial,
  });

  const naiveOf = (): Naive => {
    const kept = new Map<string, number[]>(initial.map(([[k], state]) => [k, [...state]]));
    return ({ rows }) => {
      const out: Out[] = [];
      let dead = 0;
      const members = groupByKey(rows);
      for (const k of new Set([...kept.keys(), ...members.keys()])) {
        try {
          const state = update(members.get(k) ?? [], kept.get(k));
          if (state === undefined) kept.delete(k);
          else kept.set(k, state);
          if (state !== undefined) out.push({ ...Object.fromEntries([['k', k]]), state });
        } catch {
          dead += 1;
        }
      }
      // The two keys that begin with state are remembered.
      return { rows: out, dead, keys: kept.size + 2 };
    };
  };

  test('is that of a naive pass', () => checkAgainst(plan, naiveOf));
  test('goes on alike warm, cold and replayed', () => checkReplay(plan));
});

describe.each(['processing-time', 'event-time'] as const)('timers by %s', (timers) => {
  const state = { total: value<number>(), recent: list<number>({ ttl: `${TTL_MS} milliseconds` }) };
  type Context = ProcessContext<string, typeof state, unknown>;
  const onRow = ({ at, n }: Row, context: Context) => {
    const { total, recent } = context.state;
    const sum = (total.get() ?? 0) + n;
    total.set(sum);
    recent.append(n);
    context.emit({ k: context.key, sum, recent: recent.get(), timers: context.timers.list() });
    const nowMs = timers === 'event-time' ? at : context.batchTimeMs;
    if (n > 4) context.timers.register(nowMs + n);
    if (n === 4) for (const timeMs of context.timers.list()) context.timers.delete(timeMs);
    if (n === 3) total.clear();
    if (n === 6) throw new Error('six');
  };
  const onTimer = (timeMs: number, { key, state: held, timers: mine, emit }: Context) => {
    const sum = held.total.get() ?? 0;
    emit({ key, timeMs, sum, recent: held.recent.get() });
    if (sum > 3) held.total.set(sum - 3);
    else held.total.clear();
    if (sum > 6) mine.register(timeMs + 2);
    if (sum % 5 === 4) throw new Error('four');
  };
  const plan = processPlan({
    state,
    timers,
    onRow: onRow as never,
    onTimer,
    delayMs: DELAY_MS,
  });

  interface Kept {
    total: number | undefined;
    recent: { readonly n: number; readonly untilMs: number }[];
    timers: number[];
  }

  const naiveOf = (): Naive => {
    const kept = new Map<string, Kept>();
    const clock = naiveClock();
    return ({ rows, nowMs }) => {
      clock.beginBatch();
      const out: Out[] = [];
      let dead = 0;
      const recordOf = (k: string): Kept =>
        kept.get(k) ?? { total: undefined, recent: [], timers: [] };
      const call = (k: string, code: (context: Context) => void) => {
        const held = structuredClone(recordOf(k));
        const emitted: Out[] = [];
        const context = {
          key: k,
          batchTimeMs: nowMs,
          state: {
            total: {
              get: () => held.total,
              set: (next: number) => (held.total = next),
              clear: () => (held.total = undefined),
            },
            recent: {
              get: () => held.recent.filter(({ untilMs }) => nowMs < untilMs).map(({ n }) => n),
              append: (n: number) => held.recent.push({ n, untilMs: nowMs + TTL_MS }),
            },
          },
          timers: {
            list: () => [...held.timers].sort((left, right) => left - right),
            register: (timeMs: number) => (held.timers = [...new Set([...held.timers, timeMs])]),
            delete: (timeMs: number) => (held.timers = held.timers.filter((at) => at !== timeMs)),
          },
          emit: (row: Out) => emitted.push(row),
        };
        try {
          code(context as never);
          kept.set(k, held);
          out.push(...emitted);
          return true;
        } catch {
          dead += 1;
          return false;
        }
      };
      for (const row of rows) {
        if (timers === 'event-time' && row.at <= clock.late()) continue;
        if (call(row.k, (context) => onRow(row, context))) clock.see(row);
      }
      const untilMs = timers === 'event-time' ? clock.current() : nowMs;
      for (const [k, { timers: due }] of [...kept]) {
        for (let next = Math.min(...due); next <= untilMs; ) {
          const record = recordOf(k);
          kept.set(k, { ...record, timers: record.timers.filter((at) => at !== next) });
          call(k, (context) => onTimer(next, context));
          next = Math.min(...recordOf(k).timers);
        }
      }
      for (const [k, { total, recent, timers: left }] of kept) {
        const live = recent.some((item) => nowMs < item.untilMs);
        if (total === undefined && !live && left.length === 0) kept.delete(k);
      }
      return { rows: out, dead, keys: kept.size };
    };
  };

  test('are those of a naive pass', () => checkAgainst(plan, naiveOf));
  test('go on alike warm, cold and replayed', () => checkReplay(plan));
});
