// What the operators over one batch do with its rows, as functions of `transform-batch` nodes.

import type { KeySpec, Selector } from './plan.ts';

type Rows = readonly unknown[];
type BatchFunction = (rows: Rows) => Rows;

export const countRows: BatchFunction = (rows) => [{ count: rows.length }];

export function reduceRows(reduce: (left: never, right: never) => unknown): BatchFunction {
  const combine = reduce as (left: unknown, right: unknown) => unknown;
  return (rows) => (rows.length === 0 ? [] : [rows.reduce(combine)]);
}

/** Each distinct value with its number, in order of arrival; values are the same when their JSON is. */
export const countValues: BatchFunction = (rows) =>
  [...groupBy(rows, (row) => JSON.stringify(row)).values()].map((same) => ({
    value: same[0],
    count: same.length,
  }));

/** One row for each key, in order of arrival: its fields and `value`, a list unless it is reduced. */
export function groupRows(options: {
  readonly key: KeySpec;
  readonly value: Selector | null;
  readonly reduce?: (left: never, right: never) => unknown;
}): BatchFunction {
  const keyOf = keyReader(options.key);
  const { value: selector } = options;
  const readOne = (row: unknown) => (selector === null ? row : readValue(selector, row));
  const combine = options.reduce as ((left: unknown, right: unknown) => unknown) | undefined;
  return (rows) =>
    [...groupBy(rows, (row) => JSON.stringify(keyOf(row))).values()].map((group) => {
      const values = group.map(readOne);
      const value = combine === undefined ? values : values.reduce(combine);
      return { ...keyRow(options.key, keyOf(group[0])), value };
    });
}

/** The rows in so many consecutive slices, whose sizes differ by one at most. */
export function slicesOf(count: number, apply: (slice: Rows) => Rows): BatchFunction {
  return (rows) =>
    Array.from({ length: count }, (_, index) =>
      rows.slice(
        Math.floor((index * rows.length) / count),
        Math.floor(((index + 1) * rows.length) / count),
      ),
    ).flatMap((slice) => apply(slice));
}

/** Which rows come out although the other side has none of their key. */
interface Unmatched {
  readonly left: boolean;
  readonly right: boolean;
}

/** Pairs of the rows of one batch with equal keys, or with `cogroup` one row for each key. */
export function joinRows(
  keys: { readonly left: KeySpec; readonly right: KeySpec },
  wanted: Unmatched | 'cogroup',
): (left: Rows, right: Rows) => Rows {
  const leftKey = keyReader(keys.left);
  const rightKey = keyReader(keys.right);
  return (leftRows, rightRows) => {
    const left = groupBy(leftRows, (row) => JSON.stringify(leftKey(row)));
    const right = groupBy(rightRows, (row) => JSON.stringify(rightKey(row)));
    const texts = [...new Set([...left.keys(), ...right.keys()])];
    return texts.flatMap((text) => {
      const pair = { left: left.get(text) ?? [], right: right.get(text) ?? [] };
      if (wanted !== 'cogroup') return pairsOf(pair, wanted);
      const key = pair.left.length > 0 ? leftKey(pair.left[0]) : rightKey(pair.right[0]);
      return [{ ...keyRow(keys.left, key), ...pair }];
    });
  };
}

function pairsOf(
  { left, right }: { readonly left: Rows; readonly right: Rows },
  unmatched: Unmatched,
): Rows {
  if (right.length === 0) {
    return unmatched.left ? left.map((row) => ({ left: row, right: null })) : [];
  }
  if (left.length === 0) {
    return unmatched.right ? right.map((row) => ({ left: null, right: row })) : [];
  }
  return left.flatMap((one) => right.map((other) => ({ left: one, right: other })));
}

function groupBy(rows: Rows, textOf: (row: unknown) => string): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const row of rows) {
    const text = textOf(row);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [row]);
    else group.push(row);
  }
  return groups;
}

function keyRow(key: KeySpec, values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(key.fields.map((field, index) => [field, values[index]]));
}

function keyReader({ selectors }: KeySpec): (row: unknown) => readonly unknown[] {
  return (row) => selectors.map((selector) => readValue(selector, row) ?? null);
}

/** A value of a row: an own field, or what a function of the user gives. */
export function readValue(selector: Selector, row: unknown): unknown {
  if (selector.kind === 'function') return (selector.select as (row: unknown) => unknown)(row);
  return typeof row === 'object' && row !== null && Object.hasOwn(row, selector.field)
    ? (row as Readonly<Record<string, unknown>>)[selector.field]
    : undefined;
}
