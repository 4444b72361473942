// The values behind `BatchStream`: functions over the rows of one batch become `transform-batch`
// nodes, those over the batches of a stretch of time `batch-window` nodes.

import { parseDuration } from '../time/duration.ts';
import {
  countRows,
  countValues,
  groupRows,
  joinRows,
  readValue,
  reduceRows,
  slicesOf,
} from './batch-functions.ts';
import { GroupValue } from './group-values.ts';
import type { BatchWindowNode, KeySpec, Selector } from './plan.ts';
import { selectorOf } from './selector.ts';
import {
  type FieldOrFunction,
  type JoinOn,
  joinKeysOf,
  keyOf,
  NO_KEY,
  type UserFunction,
  type Writer,
} from './writer.ts';

type Rows = readonly unknown[];
type KeyArgument = FieldOrFunction | readonly string[];
type Combine = (left: never, right: never) => unknown;

interface KeyedWindow {
  readonly key: KeyArgument;
  readonly value?: FieldOrFunction;
  readonly reduce: Combine;
  readonly inverse?: Combine;
  readonly filter?: (value: never) => unknown;
  readonly length: string;
  readonly slide: string;
}

interface Matching {
  readonly on: JoinOn;
}

export class BatchValue {
  readonly #stream: Writer;

  constructor(stream: Writer) {
    this.#stream = stream;
  }

  transform(apply: UserFunction) {
    return this.#transform(apply);
  }

  count() {
    return this.#transform(countRows);
  }

  reduce(reduce: Combine) {
    return this.#transform(reduceRows(reduce));
  }

  countByValue() {
    return this.#transform(countValues);
  }

  groupByKey(key: KeyArgument, value?: FieldOrFunction) {
    return this.#transform(groupRows({ key: keySpecOf(key), value: selectorOrRow(value) }));
  }

  reduceByKey(key: KeyArgument, value: FieldOrFunction, reduce: Combine) {
    return this.#transform(groupRows({ key: keySpecOf(key), value: selectorOrRow(value), reduce }));
  }

  glom(partitions: number) {
    return this.#transform(slicesOf(partitions, (slice) => [slice]));
  }

  mapPartitions(partitions: number, apply: (rows: never) => readonly unknown[]) {
    return this.#transform(slicesOf(partitions, apply as (slice: Rows) => Rows));
  }

  join(other: BatchValue, { on }: Matching) {
    return this.#match(other, joinRows(joinKeysOf(on), { left: false, right: false }));
  }

  leftJoin(other: BatchValue, { on }: Matching) {
    return this.#match(other, joinRows(joinKeysOf(on), { left: true, right: false }));
  }

  rightJoin(other: BatchValue, { on }: Matching) {
    return this.#match(other, joinRows(joinKeysOf(on), { left: false, right: true }));
  }

  fullJoin(other: BatchValue, { on }: Matching) {
    return this.#match(other, joinRows(joinKeysOf(on), { left: true, right: true }));
  }

  cogroup(other: BatchValue, { on }: Matching) {
    return this.#match(other, joinRows(joinKeysOf(on), 'cogroup'));
  }

  window(length: string, slide: string) {
    const listed = this.#window({
      ...ROWS,
      lengthMs: parseDuration(length),
      slideMs: parseDuration(slide),
    });
    return listed.write({
      kind: 'flat-map',
      apply: (row: { readonly value: readonly unknown[] }) => row.value,
    });
  }

  reduceByWindow(reduce: Combine, length: string, slide: string, inverse?: Combine) {
    const reduced = this.#window({
      ...ROWS,
      reduce,
      inverse: inverse ?? null,
      lengthMs: parseDuration(length),
      slideMs: parseDuration(slide),
    });
    return reduced.write({ kind: 'map', apply: (row: { readonly value: unknown }) => row.value });
  }

  countByWindow(length: string, slide: string) {
    const counted = this.#window({
      ...COUNTS,
      key: NO_KEY,
      lengthMs: parseDuration(length),
      slideMs: parseDuration(slide),
    });
    return counted.write({
      kind: 'map',
      apply: ({ value }: { readonly value: number }) => ({ count: value }),
    });
  }

  countByValueAndWindow(length: string, slide: string) {
    const counted = this.#window({
      ...COUNTS,
      key: keyOf([JSON.stringify]),
      keep: (count: number) => count !== 0,
      lengthMs: parseDuration(length),
      slideMs: parseDuration(slide),
    });
    return counted.write({
      kind: 'map',
      apply: ({ key, value }: { readonly key: string; readonly value: number }) => ({
        value: JSON.parse(key),
        count: value,
      }),
    });
  }

  reduceByKeyAndWindow({ key, value, reduce, inverse, filter, length, slide }: KeyedWindow) {
    return this.#window({
      key: keySpecOf(key),
      value: selectorOrRow(value),
      reduce,
      inverse: inverse ?? null,
      keep: filter ?? null,
      lengthMs: parseDuration(length),
      slideMs: parseDuration(slide),
    });
  }

  groupByKeyAndWindow({ key, value, length, slide }: Omit<KeyedWindow, 'reduce'>) {
    const read = selectorOrRow(value);
    return this.#window({
      ...ROWS,
      key: keySpecOf(key),
      value: {
        kind: 'function',
        select: (row: unknown) => [read === null ? row : readValue(read, row)],
      },
      reduce: (left: readonly unknown[], right: readonly unknown[]) => [...left, ...right],
      lengthMs: parseDuration(length),
      slideMs: parseDuration(slide),
    });
  }

  updateStateByKey(key: KeyArgument, update: UserFunction, options?: object) {
    return new GroupValue(this.#stream, keySpecOf(key)).updateStateByKey(update, options);
  }

  mapWithState(key: KeyArgument, apply: UserFunction, options?: object) {
    return new GroupValue(this.#stream, keySpecOf(key)).mapWithState(apply, options);
  }

  #transform(apply: UserFunction) {
    return this.#stream.write({ kind: 'transform-batch', apply });
  }

  #match(other: BatchValue, apply: (left: Rows, right: Rows) => Rows) {
    return this.#stream.write({ kind: 'transform-batch', apply }, [other.#stream]);
  }

  #window(node: Omit<BatchWindowNode, 'kind' | 'uid' | 'inputs'>) {
    return this.#stream.write({ kind: 'batch-window', ...node });
  }
}

const ROWS = { key: NO_KEY, value: null, reduce: null, inverse: null, keep: null };

/** Windows of counts: what leaves is taken off, so that a count of nothing stays as 0. */
const COUNTS = {
  value: { kind: 'function', select: () => 1 },
  reduce: (left: number, right: number) => left + right,
  inverse: (total: number, left: number) => total - left,
  keep: null,
} as const;

function keySpecOf(key: KeyArgument): KeySpec {
  return keyOf(typeof key === 'string' || typeof key === 'function' ? [key] : key);
}

function selectorOrRow(value: FieldOrFunction | undefined): Selector | null {
  return value === undefined ? null : selectorOf(value);
}
