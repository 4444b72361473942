// Joins of two streams: the bounds of time come from when the form lets state go, and the whole of
// the condition decides about each pair.

import { seconds, windows } from './api.ts';
import { expression, type Row } from './expressions.ts';
import type { NodeForm } from './forms.ts';
import { type Relation, withoutTime, withTime } from './relation.ts';
import { onlyKnown, unknown } from './vector.ts';

interface JoinForm {
  readonly type: string;
  readonly on: readonly (readonly [string, string])[];
  readonly lt?: string;
  readonly rt?: string;
  readonly lwm?: boolean;
  readonly rwm?: boolean;
  readonly cond?: string;
  readonly lpre?: string;
  readonly rpre?: string;
  readonly nullSafe?: boolean;
  readonly window?:
    | number
    | { readonly kind?: string; readonly size: number; readonly slide?: number };
  readonly stateBound?: { readonly left: string; readonly right: string };
}

const WORDS =
  'op type left right on lt rt lwm rwm cond lpre rpre nullSafe window stateBound outputDelay'.split(
    ' ',
  );

export function joinOf(
  node: NodeForm,
  sides: { readonly uid: string; readonly left: Relation; readonly right: Relation },
): Relation {
  onlyKnown('join', node, WORDS);
  const form = node as unknown as JoinForm;
  const left = sideOf(sides.left, form.lt, form.lwm);
  const right = sideOf(sides.right, form.rt, form.rwm);
  const condition = form.cond === undefined ? null : expression(form.cond);
  const joined = left.stream
    .join(right.stream, {
      type: form.type,
      on: form.on,
      ...(form.nullSafe === true ? { nullSafe: true } : {}),
      ...timesOf(form),
      ...(condition === null
        ? {}
        : { where: (one: Row, other: Row) => condition({ ...one, ...other }) === true }),
      ...(form.lpre === undefined ? {} : { leftWhere: whereOf(form.lpre) }),
      ...(form.rpre === undefined ? {} : { rightWhere: whereOf(form.rpre) }),
    })
    .named(sides.uid);
  const clocked = left.clocked || right.clocked;
  const windowed = form.window !== undefined;
  if (form.type === 'semi') {
    // The left rows themselves: their window is that of their time.
    const { columns, time } = left;
    const stream = windowed ? joined.map(withWindow(form)) : joined;
    const all = windowed ? [...columns, 'w_start', 'w_end'] : columns;
    return { stream, columns: all, time, declared: left.declared, clocked };
  }
  const nothing = Object.fromEntries(
    [...left.columns, ...right.columns].map((column) => [column, null]),
  );
  return {
    stream: joined.map(
      (row: { left: Row | null; right: Row | null; windowStart?: string; windowEnd?: string }) => ({
        ...nothing,
        ...row.left,
        ...row.right,
        ...(row.windowStart === undefined || row.windowEnd === undefined || !windowed
          ? {}
          : {
              w_start: Date.parse(row.windowStart) / 1_000,
              w_end: Date.parse(row.windowEnd) / 1_000,
            }),
      }),
    ),
    columns: [...left.columns, ...right.columns, ...(windowed ? ['w_start', 'w_end'] : [])],
    time: null,
    declared: false,
    clocked,
  };
}

/** A side with the time that the join goes by; where the form has none, no row of it is late. */
function sideOf(relation: Relation, time: string | undefined, hasWatermark = false): Relation {
  if (time !== undefined) return withTime(relation, time, { nulls: 'keep' });
  return hasWatermark ? relation : withoutTime(relation);
}

function whereOf(text: string): (row: Row) => boolean {
  const evaluate = expression(text);
  return (row) => evaluate(row) === true;
}

function timesOf(form: JoinForm): object {
  if (form.window !== undefined) return { window: windowOf(form.window) };
  const { stateBound, lt, rt } = form;
  if (stateBound === undefined) return {};
  // Equal times are a window of one moment.
  if (form.on.some(([left, right]) => left === lt && right === rt)) {
    return { window: windows.instants() };
  }
  const upper = boundOf(stateBound.left, lt);
  const lower = boundOf(stateBound.right, rt);
  return {
    within: {
      ...(lower === null ? {} : { from: signed(-lower.seconds), fromInclusive: lower.inclusive }),
      ...(upper === null ? {} : { to: signed(upper.seconds), toInclusive: upper.inclusive }),
    },
  };
}

/** How far ahead of a row's time the watermark has to be before the row goes. */
function boundOf(
  text: string,
  column: string | undefined,
): { readonly seconds: number; readonly inclusive: boolean } | null {
  if (text.trim() === 'false') return null;
  const match = /^(\w+) (<=?) wm(?: ([+-]) ([\d.]+))?$/.exec(text.trim());
  if (match === null || match[1] !== column) return unknown('a bound of state', text);
  const distance = Number(match[4] ?? 0);
  return {
    seconds: match[3] === '+' ? 0 - distance : distance,
    // A bound that counts lets state go once the watermark is beyond it.
    inclusive: match[2] === '<',
  };
}

const signed = (count: number) => (count < 0 ? `-${seconds(-count)}` : seconds(count));

function windowOf(window: NonNullable<JoinForm['window']>): unknown {
  if (typeof window === 'number') return windows.tumbling(window * 1_000);
  const { size, slide } = window;
  return slide === undefined
    ? windows.tumbling(size * 1_000)
    : windows.sliding(size * 1_000, slide * 1_000);
}

/** The tumbling window of a left row, which a semi join does not tell. */
function withWindow(form: JoinForm): (row: Row) => Row {
  const { window, lt } = form;
  const size = typeof window === 'number' ? window : window!.size;
  if (typeof window === 'object' && window.slide !== undefined && window.slide !== size) {
    unknown('a semi join in sliding windows', form);
  }
  const time = expression(lt!);
  return (row) => {
    const start = Math.floor((time(row) as number) / size) * size;
    return { ...row, w_start: start, w_end: start + size };
  };
}
