// The functions with state that vectors name in words.

import type { Flow } from './api.ts';
import { unknown, type Value } from './vector.ts';

/** A row on its way into a group: key, event time in seconds, and itself. */
interface Grouped {
  readonly k: Value;
  readonly t: number | null;
}

interface State<Kept> {
  readonly exists: boolean;
  readonly hasTimedOut: boolean;
  getOption(): Kept | undefined;
  update(kept: Kept): void;
  remove(): void;
  setTimeoutDuration(duration: string): void;
  setTimeoutTimestamp(ms: number): void;
}

interface Context {
  readonly key: Value;
  readonly state: {
    readonly count: { get(): number | undefined; set(count: number): void; clear(): void };
    readonly timer: { get(): number | undefined; set(ms: number): void; clear(): void };
  };
  readonly timers: {
    register(ms: number): void;
    delete(ms: number): void;
    list(): readonly number[];
  };
  readonly batchTimeMs: number;
  emit(row: unknown): void;
}

export interface GroupOptions {
  /** Rows as `Grouped`. */
  readonly stream: Flow;
  readonly uid: string;
  readonly timeout: string;
  readonly dropLate: boolean;
}

/** Rows `{ k, … }` of a function, and their columns behind the key. */
export interface GroupResult {
  readonly flow: Flow;
  readonly columns: readonly string[];
}

export function groupFunctionOf(name: string, options: GroupOptions): GroupResult {
  const byRow = PROCESSES[name];
  if (byRow !== undefined) return processed(byRow, options);
  const byBatch = CALLS[name];
  if (byBatch === undefined) return unknown('a function', name);
  return called(byBatch, options);
}

type Call = (rows: readonly Grouped[], state: State<number>) => readonly object[];

const counted = (rows: readonly Grouped[], state: State<number>) =>
  (state.getOption() ?? 0) + rows.length;

const untilThree =
  (atThree: readonly object[]): Call =>
  (rows, state) => {
    const count = counted(rows, state);
    if (count === 3) {
      state.remove();
      return atThree;
    }
    state.update(count);
    return [{ n: count }];
  };

/** Functions that are called once for the rows of a key in a batch. */
const CALLS: Readonly<
  Record<string, { readonly call: Call; readonly columns?: readonly string[] }>
> = {
  count: {
    call: (rows, state) => {
      state.update(counted(rows, state));
      return [{ n: state.getOption() }];
    },
  },
  'count; at 3 remove state and emit nothing': { call: untilThree([]) },
  'count; at 3 remove state and emit -1': { call: untilThree([{ n: -1 }]) },
  'emit number of values in the call': { call: (rows) => [{ n: rows.length }] },
  'emit min event time and number of rows of the call': {
    call: (rows) => [{ t: Math.min(...rows.map(({ t }) => t!)), n: rows.length }],
    columns: ['t', 'n'],
  },
  'count with 10 s processing-time timeout; on timeout remove and emit -1': {
    call: (rows, state) => {
      if (state.hasTimedOut) {
        state.remove();
        return [{ n: -1 }];
      }
      const count = counted(rows, state);
      state.update(count);
      state.setTimeoutDuration('10 seconds');
      return [{ n: count }];
    },
  },
  'max event time; event-time timeout at max + 5; on timeout remove and emit -1': {
    call: (rows, state) => {
      if (state.hasTimedOut) {
        state.remove();
        return [{ n: -1 }];
      }
      const greatest = Math.max(state.getOption() ?? 0, ...rows.map(({ t }) => t!));
      state.update(greatest);
      state.setTimeoutTimestamp(Math.round((greatest + 5) * 1_000));
      return [{ n: greatest }];
    },
  },
};

function called(
  { call, columns = ['n'] }: (typeof CALLS)[string],
  { stream, uid, timeout, dropLate }: GroupOptions,
): GroupResult {
  const kinds: Readonly<Record<string, string>> = {
    none: 'none',
    processing: 'processing-time',
    event: 'event-time',
  };
  const kind = kinds[timeout] ?? unknown('a timeout', timeout);
  const apply = (key: Value, rows: readonly Grouped[], state: State<number>) =>
    call(rows, state).map((row) => ({ k: key, ...row }));
  const groups = (dropLate ? onTime(stream) : stream).keyBy('k');
  return {
    flow: groups.flatMapGroupsWithState(apply, { timeout: kind }).named(uid),
    columns,
  };
}

/** Rows that are not late: user code that goes by event time is not called for others. */
const onTime = (stream: Flow): Flow =>
  stream.keyBy('k').process({
    state: {},
    onRow: (row: Grouped, { emit }: Context) => emit(row),
  });

/** Functions that are called for each row, with timers. */
interface Process {
  onRow(context: Context): void;
  onTimer?(timeMs: number, context: Context): void;
}

const countOf = (context: Context) => context.state.count.get() ?? 0;

function emitUntilThree(context: Context): void {
  const count = countOf(context) + 1;
  if (count === 3) {
    context.state.count.clear();
    return;
  }
  context.state.count.set(count);
  context.emit({ n: count });
}

const PROCESSES: Readonly<Record<string, Process>> = {
  'per row: count; at 3 remove state and emit nothing': { onRow: emitUntilThree },
  'timer: keys a,c register now + 5 s at first row; on fire clear and emit -1; per row count, at 3 clear and emit nothing':
    {
      onRow(context) {
        const isTimed = ['a', 'c'].includes(context.key as string);
        if (countOf(context) === 0 && isTimed) {
          context.timers.register(context.batchTimeMs + 5_000);
        }
        emitUntilThree(context);
      },
      onTimer(_timeMs, context) {
        context.state.count.clear();
        context.emit({ n: -1 });
      },
    },
  'timer: key a registers now + 5 s, on second row deletes it and registers now + 7.5 s; on fire emit -1; count':
    {
      onRow(context) {
        const { state, timers, batchTimeMs } = context;
        const count = countOf(context) + 1;
        state.count.set(count);
        if (context.key === 'a' && count <= 2) {
          const before = state.timer.get();
          if (before !== undefined) timers.delete(before);
          const at = batchTimeMs + (count === 1 ? 5_000 : 7_500);
          timers.register(at);
          state.timer.set(at);
        }
        context.emit({ n: count });
      },
      onTimer(_timeMs, context) {
        context.state.timer.clear();
        context.emit({ n: -1 });
      },
    },
  'timer: first row registers now + 5, + 10, + 15 s; rows count silently; each fire emits the count, the last clears':
    {
      onRow(context) {
        const count = countOf(context);
        if (count === 0) {
          for (const after of [5_000, 10_000, 15_000]) {
            context.timers.register(context.batchTimeMs + after);
          }
        }
        context.state.count.set(count + 1);
      },
      onTimer(_timeMs, context) {
        const count = countOf(context);
        if (context.timers.list().length === 0) context.state.count.clear();
        context.emit({ n: count });
      },
    },
};

function processed({ onRow, onTimer }: Process, { stream, uid }: GroupOptions): GroupResult {
  const withKey = (context: Context): Context => ({
    key: context.key,
    state: context.state,
    timers: context.timers,
    batchTimeMs: context.batchTimeMs,
    emit: (row) => context.emit({ k: context.key, ...(row as object) }),
  });
  const definition = {
    state: { count: kept(), timer: kept() },
    ...(onTimer === undefined
      ? {}
      : {
          timers: 'processing-time',
          onTimer: (timeMs: number, context: Context) => onTimer(timeMs, withKey(context)),
        }),
    onRow: (_row: Grouped, context: Context) => onRow(withKey(context)),
  };
  return { flow: stream.keyBy('k').process(definition).named(uid), columns: ['n'] };
}

/** One value of a key. */
const kept = () => ({ kind: 'value', ttlMs: null });
