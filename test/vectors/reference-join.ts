// Joins of the naive evaluation: each row is held against all rows of the other side.

import { type Evaluate, expression, type Row } from './expressions.ts';
import type { NodeForm } from './forms.ts';
import { behind, type Operator, type Rows, type Times } from './reference-operator.ts';
import type { Value } from './vector.ts';

interface JoinForm {
  readonly type: string;
  readonly on: readonly (readonly [string, string])[];
  readonly cond?: string;
  readonly nullSafe?: boolean;
  readonly window?: number;
  readonly outputDelay?: number;
  readonly stateBound?: { readonly left: string; readonly right: string };
  readonly lt?: string;
  readonly rt?: string;
  readonly lwm?: boolean;
  readonly rwm?: boolean;
  readonly lpre?: string;
  readonly rpre?: string;
}

interface Stored {
  readonly row: Row;
  readonly key: readonly Value[];
  readonly start: number;
  readonly end: number;
  met: boolean;
}

interface Side {
  readonly keys: readonly string[];
  readonly kept: boolean;
  readonly pre: Evaluate | null;
  readonly timeOf: Evaluate | null;
  readonly hasWatermark: boolean;
  readonly isGone: (stored: Stored, wm: number) => boolean;
  rows: Stored[];
}

function sideOf(form: JoinForm, name: 'left' | 'right'): Side {
  const isLeft = name === 'left';
  const pre = isLeft ? form.lpre : form.rpre;
  const time = isLeft ? form.lt : form.rt;
  const bound = form.stateBound?.[name] ?? 'false';
  // A bound that counts is passed a whole millisecond beyond it.
  const gone = expression(bound.replace(' < wm', ' <= wm - 0.001'));
  return {
    keys: form.on.map(([left, right]) => (isLeft ? left : right)),
    kept: form.type === 'full' || form.type === name,
    pre: pre === undefined ? null : expression(pre),
    timeOf: time === undefined ? null : expression(time),
    hasWatermark: (isLeft ? form.lwm : form.rwm) === true,
    isGone: ({ row, end }, wm) => gone({ ...row, w_end: end, wm }) === true,
    rows: [],
  };
}

const blank = (columns: ReadonlySet<string>): Row =>
  Object.fromEntries([...columns].map((column) => [column, null]));

function joinWindows(form: JoinForm, { timeOf }: Side, row: Row): (readonly [number, number])[] {
  if (form.window === undefined) return [[0, 0]];
  const start = Math.floor((timeOf!(row) as number) / form.window) * form.window;
  return [[start, start + form.window]];
}

export function joinOf(
  node: NodeForm,
  {
    left,
    right,
    times,
  }: {
    readonly left: Operator;
    readonly right: Operator;
    readonly times: Times;
  },
): Operator {
  const form = node as unknown as JoinForm;
  const under = Math.max(left.lag, right.lag);
  const sides = {
    left: sideOf(form, 'left'),
    right: sideOf(form, 'right'),
  };
  const columns = { left: new Set<string>(), right: new Set<string>() };
  const cond = form.cond === undefined ? null : expression(form.cond);
  const meet = (mine: Stored, other: Stored, isLeft: boolean) => {
    const [one, two] = isLeft ? [mine, other] : [other, mine];
    const fits = one.key.every(
      (value, index) => value === two.key[index] && (value !== null || form.nullSafe === true),
    );
    return (
      fits &&
      (form.window === undefined || one.start === two.start) &&
      (cond === null || cond({ ...one.row, ...two.row }) === true)
    );
  };
  const pair = (one: Row | null, two: Row | null, stored: Stored): Row => ({
    ...blank(columns.left),
    ...blank(columns.right),
    ...one,
    ...two,
    ...(form.window === undefined ? {} : { w_start: stored.start, w_end: stored.end }),
  });
  const take = (rows: Rows, name: 'left' | 'right') => {
    const isLeft = name === 'left';
    const [mine, other] = isLeft ? [sides.left, sides.right] : [sides.right, sides.left];
    const out: Rows = [];
    for (const row of rows) {
      for (const column of Object.keys(row)) columns[name].add(column);
      const fails = mine.pre !== null && mine.pre(row) !== true;
      const key = mine.keys.map((column) => row[column] ?? null);
      const meets = form.nullSafe === true || !key.includes(null);
      if (!mine.kept && (fails || !meets)) continue;
      for (const [start, end] of joinWindows(form, mine, row)) {
        const time = form.window === undefined ? (mine.timeOf?.(row) as number) : end;
        if (mine.hasWatermark && time <= behind(times.late, under)) {
          times.dropped += 1;
          continue;
        }
        const stored: Stored = { row, key, start, end, met: false };
        const partners = fails ? [] : other.rows.filter((each) => meet(stored, each, isLeft));
        if (form.type === 'semi') {
          if (isLeft && partners.length > 0) out.push(pair(row, null, stored));
          if (!isLeft) {
            for (const partner of partners) {
              if (!partner.met) out.push(pair(partner.row, null, partner));
              partner.met = true;
            }
          }
          if (!isLeft || partners.length === 0) mine.rows.push(stored);
          continue;
        }
        for (const partner of partners) {
          partner.met = true;
          stored.met = true;
          out.push(isLeft ? pair(row, partner.row, stored) : pair(partner.row, row, stored));
        }
        if (fails) out.push(isLeft ? pair(row, null, stored) : pair(null, row, stored));
        else mine.rows.push(stored);
      }
    }
    return out;
  };
  const evict = (name: 'left' | 'right') => {
    const side = sides[name];
    const gone = side.rows.filter((stored) => side.isGone(stored, behind(times.now, under)));
    side.rows = side.rows.filter((stored) => !gone.includes(stored));
    if (!side.kept) return [];
    return gone
      .filter(({ met }) => !met)
      .map((stored) =>
        name === 'left' ? pair(stored.row, null, stored) : pair(null, stored.row, stored),
      );
  };
  return {
    data: () => [...take(left.data(), 'left'), ...take(right.data(), 'right')],
    close: () => [
      ...take(left.close(), 'left'),
      ...take(right.close(), 'right'),
      ...evict('left'),
      ...evict('right'),
    ],
    state: () => [
      sides.left.rows.length + sides.right.rows.length,
      ...left.state(),
      ...right.state(),
    ],
    lag: under + (form.outputDelay ?? 0),
  };
}
