// Aggregates: keys and inputs are computed first, so that they are fields of a row of their own, and
// names that a table keeps for itself are replaced on the way.

import { aggregateOf, windows } from './api.ts';
import { type Evaluate, expression, type Row } from './expressions.ts';
import type { NodeForm } from './forms.ts';
import { type Relation, withTime } from './relation.ts';
import { onlyKnown, unknown } from './vector.ts';

export function aggregateRelation(
  node: NodeForm,
  { uid, input: before }: { readonly uid: string; readonly input: Relation },
): Relation {
  const words = ['op', 'in', 'time', 'window', 'keys', 'aggs', 'emitEmptyGlobal'];
  onlyKnown('agg', node, words);
  const window = node['window'] as Readonly<Record<string, unknown>>;
  const input =
    window['kind'] === 'none'
      ? before
      : withTime(before, node['time'] as string, { nulls: 'drop' });
  const keys = compiled(node['keys'] as Readonly<Record<string, string>>).map(
    ([name, evaluate]) => [allowed(name), evaluate] as const,
  );
  const aggs = Object.entries(node['aggs'] as Readonly<Record<string, [string, string?]>>);
  const inputs = aggs.flatMap(([name, [, text]]) =>
    text === undefined ? [] : [[inputField(name), expression(text)] as const],
  );
  const gap = gapOf(window);
  const prepared = input.stream.map((row) => ({
    ...Object.fromEntries([...keys, ...inputs].map(([name, evaluate]) => [name, evaluate(row)])),
    ...(typeof gap === 'function' ? { [GAP_FIELD]: gap(row) } : {}),
  }));
  const names = keys.map(([name]) => name);
  const groups = names.length === 0 ? prepared.groupAll() : prepared.keyBy(...names);
  const windowed = window['kind'] === 'none' ? groups : groups.window(windowOf(window, gap));
  const specs = aggs.map(
    ([name, [kind, text]]) =>
      [allowed(name), aggregateOf(kind, text === undefined ? null : inputField(name))] as const,
  );
  const columns = [...Object.keys(node['keys'] as object), ...aggs.map(([name]) => name)];
  return {
    stream: windowed
      .aggregate(Object.fromEntries(specs))
      .named(uid)
      .map((row: Row) => {
        const values = columns.map((name) => [name, row[allowed(name)]]);
        return { ...Object.fromEntries(values), ...boundsOf(row) };
      }),
    columns: [...columns, 'w_start', 'w_end'],
    // The time of a window is its last moment, that of a moment is itself.
    time: window['kind'] === 'rawTime' ? 'w_end' : 'w_end - 0.000001',
    declared: false,
    clocked: input.clocked,
  };
}

const GAP_FIELD = '$gap';
const inputField = (name: string) => `$in ${name}`;

function compiled(texts: Readonly<Record<string, string>>): (readonly [string, Evaluate])[] {
  return Object.entries(texts).map(([name, text]) => [name, expression(text)] as const);
}

/** The gap of a session in milliseconds, or the function that gives it. */
function gapOf(window: Readonly<Record<string, unknown>>): number | ((row: Row) => number) | null {
  if (window['kind'] !== 'session') return null;
  const text = String(window['gap']);
  if (Number(text) > 0) return Number(text) * 1_000;
  const evaluate = expression(text);
  return (row) => Math.round(Number(evaluate(row)) * 1_000);
}

function windowOf(
  window: Readonly<Record<string, unknown>>,
  gap: ReturnType<typeof gapOf>,
): unknown {
  onlyKnown('a window', window, ['kind', 'size', 'slide', 'gap']);
  const { kind, size, slide } = window as { kind: string; size: number; slide: number };
  switch (kind) {
    case 'tumbling':
      return windows.tumbling(size * 1_000);
    case 'sliding':
      return windows.sliding(size * 1_000, slide * 1_000);
    case 'session':
      return typeof gap === 'number'
        ? windows.session(gap)
        : windows.sessionBy((row: Row) => row[GAP_FIELD] as number);
    case 'rawTime':
      return windows.instants();
    default:
      return unknown('a window', window);
  }
}

/** The bounds of a row's window in seconds. */
function boundsOf({ windowStart, windowEnd }: Row): Row {
  if (windowStart === undefined) return {};
  return {
    w_start: secondsOf(windowStart as string),
    w_end: secondsOf(windowEnd as string),
  };
}

/** Seconds since 1970 of a time in ISO 8601, to the microsecond. */
function secondsOf(text: string): number {
  const micros = /\.\d{3}(\d{3})Z$/.exec(text)?.[1] ?? '0';
  return Date.parse(text) / 1_000 + Number(micros) / 1e6;
}

/** A name that no table keeps for itself. */
const allowed = (name: string) =>
  /^(_.*|pk|sk)$/.test(name) ? `${name.replace(/^_+/, '')}$` : name;
