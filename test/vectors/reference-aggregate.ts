// Aggregates of the naive evaluation: groups are lists of rows.

import { type Evaluate, expression, type Row } from './expressions.ts';
import type { NodeForm, StructuredForm } from './forms.ts';
import { behind, type Operator, type Rows, type Times } from './reference-operator.ts';
import { unknown, type Value } from './vector.ts';

interface Group {
  readonly key: readonly Value[];
  readonly start: number;
  readonly end: number;
  readonly rows: Rows;
  changed: boolean;
}

/** `mode` is that of its rows: results that go on to operators with state come when they are final. */
export function aggregateOf(
  node: NodeForm,
  {
    input,
    times,
    mode,
  }: {
    readonly input: Operator;
    readonly times: Times;
    readonly mode: StructuredForm['mode'];
  },
): Operator {
  const { lag } = input;
  const window = node['window'] as Readonly<Record<string, Value>>;
  const isSession = window['kind'] === 'session';
  const keys = Object.entries(node['keys'] as Record<string, string>).map(
    ([name, text]) => [name, expression(text)] as const,
  );
  const aggs = Object.entries(node['aggs'] as Record<string, [string, string?]>).map(
    ([name, [kind, text]]) => [name, kind, text === undefined ? null : expression(text)] as const,
  );
  const timeOf = window['kind'] === 'none' ? null : expression(node['time'] as string);
  let groups: Group[] = [];
  const isGlobal = node['emitEmptyGlobal'] === true;
  if (isGlobal) groups.push({ key: [], start: 0, end: Number.NaN, rows: [], changed: true });
  const take = (rows: Rows) => {
    for (const row of rows) {
      const key = keys.map(([, evaluate]) => evaluate(row));
      for (const [start, end] of windowsOf(window, timeOf, row)) {
        const ignoresLate = mode === 'complete' && !isSession;
        if (!ignoresLate && end <= behind(times.late, lag)) continue;
        groups = added(groups, { key, start, end, row }, isSession);
      }
    }
  };
  const resultOf = ({ key, start, end, rows }: Group): Row => ({
    ...Object.fromEntries(keys.map(([name], index) => [name, key[index]])),
    ...(timeOf === null ? {} : { w_start: start, w_end: end }),
    ...Object.fromEntries(
      aggs.map(([name, kind, evaluate]) => [name, aggregated(kind, rows, evaluate)]),
    ),
  });
  return {
    data: () => {
      for (const group of groups) group.changed = isGlobal;
      take(input.data());
      if (mode === 'complete') return groups.map(resultOf);
      return mode === 'update' ? groups.filter(({ changed }) => changed).map(resultOf) : [];
    },
    close: () => {
      for (const group of groups) group.changed = false;
      take(input.close());
      if (mode === 'complete') return [];
      const changed = groups.filter((group) => group.changed).map(resultOf);
      const closed = groups.filter(({ end }) => end <= behind(times.now, lag));
      groups = groups.filter(({ end }) => !(end <= behind(times.now, lag)));
      return mode === 'append' ? closed.map(resultOf) : changed;
    },
    state: () => [groups.length, ...input.state()],
    lag,
  };
}

function windowsOf(
  window: Readonly<Record<string, Value>>,
  timeOf: Evaluate | null,
  row: Row,
): (readonly [number, number])[] {
  if (timeOf === null) return [[0, Number.NaN]];
  const time = timeOf(row) as number | null;
  if (time === null) return [];
  const [size, slide] = [window['size'] as number, (window['slide'] ?? window['size']) as number];
  switch (window['kind']) {
    case 'rawTime':
      return [[time, time]];
    case 'session': {
      const gap = Number(expression(String(window['gap']))(row));
      return gap > 0 ? [[time, time + gap]] : [];
    }
    default: {
      const windows: [number, number][] = [];
      for (let start = Math.floor(time / slide) * slide; start > time - size; start -= slide) {
        windows.push([start, start + size]);
      }
      return windows;
    }
  }
}

function added(
  groups: Group[],
  { key, start, end, row }: Omit<Group, 'rows' | 'changed'> & { readonly row: Row },
  isSession: boolean,
): Group[] {
  const sameKey = (group: Group) => JSON.stringify(group.key) === JSON.stringify(key);
  const touches = (group: Group) =>
    isSession ? start <= group.end && group.start <= end : group.start === start;
  const mine = groups.filter((group) => sameKey(group) && touches(group));
  const merged: Group = {
    key,
    start: Math.min(start, ...mine.map((group) => group.start)),
    end: Number.isNaN(end) ? end : Math.max(end, ...mine.map((group) => group.end)),
    rows: [...mine.flatMap(({ rows }) => rows), row],
    changed: true,
  };
  return [...groups.filter((group) => !mine.includes(group)), merged];
}

function aggregated(kind: string, rows: Rows, evaluate: Evaluate | null): Value {
  if (evaluate === null) return rows.length;
  const values = rows.map(evaluate).filter((value) => value !== null) as number[];
  const sum = values.reduce((total, value) => total + value, 0);
  const mean = sum / values.length;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  if (kind === 'count') return values.length;
  if (values.length === 0) return null;
  switch (kind) {
    case 'sum':
      return sum;
    case 'min':
      return Math.min(...values);
    case 'max':
      return Math.max(...values);
    case 'mean':
      return mean;
    case 'variance':
      return values.length < 2 ? null : squares / (values.length - 1);
    case 'stddev':
      return values.length < 2 ? null : Math.sqrt(squares / (values.length - 1));
    case 'median': {
      const sorted = values.toSorted((one, other) => one - other);
      const middle = (sorted.length - 1) / 2;
      return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
    }
    default:
      return unknown('an aggregate', kind);
  }
}
