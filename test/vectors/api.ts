// The public API as plans that are made at run time use it: without the types of rows, which only a
// compiler could follow.

import {
  avg,
  count,
  counting,
  dynamodb,
  foreachBatch,
  instants,
  kinesis,
  max,
  median,
  min,
  pipeline,
  s3,
  session,
  sliding,
  staticRows,
  stddev,
  sum,
  tumbling,
  variance,
} from '../../lib/index.ts';
import type { Pipeline } from '../../lib/plan/stream.ts';
import type { Row } from './expressions.ts';
import { unknown, type Value } from './vector.ts';

type Fields = readonly string[];

/** A stream of rows of any type. */
export interface Flow extends Pipeline {
  map(apply: (row: never) => unknown): Flow;
  flatMap(apply: (row: never) => readonly unknown[]): Flow;
  filter(keep: (row: never) => boolean): Flow;
  named(uid: string): Flow;
  withWatermark(
    time: string,
    delay: string,
    options: { readonly unit: string; readonly maxAhead: string; readonly beforeEpoch?: boolean },
  ): Flow;
  withProcessingTime(): Flow;
  eventTime(time: string, options: { readonly unit: string }): Flow;
  union(...others: readonly Flow[]): Flow;
  limit(count: number): Flow;
  dropDuplicates(...fields: Fields): Flow;
  dropDuplicatesWithinWatermark(...fields: Fields): Flow;
  join(other: Flow, options: Readonly<Record<string, unknown>>): Flow;
  joinStatic(table: unknown, options: Readonly<Record<string, unknown>>): Flow;
  transformBatch(apply: (rows: never) => readonly unknown[]): Flow;
  batches(): Batches;
  keyBy(...fields: Fields): Groups;
  groupAll(): Groups;
  onLate(sink: unknown): Flow;
  to(sink: unknown, options: { readonly mode: string }): Flow;
}

/** Rows in groups. */
export interface Groups {
  window(window: unknown, options?: { readonly allowedLateness: string }): Groups;
  aggregate(aggregates: Readonly<Record<string, unknown>>): Flow;
  reduce(reduce: (left: never, right: never) => unknown): Flow;
  mapGroupsWithState(apply: (key: never, rows: never, state: never) => unknown): Flow;
  flatMapGroupsWithState(
    apply: (key: never, rows: never, state: never) => unknown,
    options?: Readonly<Record<string, unknown>>,
  ): Flow;
  mapWithState(
    apply: (key: never, row: never, state: never) => unknown,
    options?: { readonly timeout: string },
  ): Flow;
  updateStateByKey(
    update: (rows: never, state: never, context: never) => unknown,
    options?: Readonly<Record<string, unknown>>,
  ): Flow;
  process(definition: Readonly<Record<string, unknown>>): Flow;
}

type Combine = (left: never, right: never) => unknown;

/** Rows batch by batch. */
export interface Batches {
  count(): Flow;
  reduce(reduce: Combine): Flow;
  countByValue(): Flow;
  groupByKey(key: string, value: string): Flow;
  reduceByKey(key: string, value: string, reduce: Combine): Flow;
  glom(partitions: number): Flow;
  mapPartitions(partitions: number, apply: (rows: never) => readonly unknown[]): Flow;
  join(other: Batches, options: { readonly on: string }): Flow;
  leftJoin(other: Batches, options: { readonly on: string }): Flow;
  rightJoin(other: Batches, options: { readonly on: string }): Flow;
  fullJoin(other: Batches, options: { readonly on: string }): Flow;
  cogroup(other: Batches, options: { readonly on: string }): Flow;
  window(length: string, slide: string): Flow;
  reduceByWindow(reduce: Combine, length: string, slide: string, inverse?: Combine): Flow;
  countByWindow(length: string, slide: string): Flow;
  countByValueAndWindow(length: string, slide: string): Flow;
  reduceByKeyAndWindow(options: Readonly<Record<string, unknown>>): Flow;
  groupByKeyAndWindow(options: Readonly<Record<string, unknown>>): Flow;
  transform(apply: (rows: never) => readonly unknown[]): Flow;
}

/** Begins a pipeline; each call of what it gives is one use of a source. */
export function begin(
  name: string,
  options: Readonly<Record<string, unknown>>,
): (source: string, partitionedBy: string | null) => Flow {
  const start = (
    pipeline as unknown as (name: string, options: object) => { from(s: unknown): Flow }
  )(name, options);
  const sources = new Map<string, unknown>();
  return (name, partitionedBy) => {
    const stream = kinesis<Row>(name);
    const source =
      sources.get(name) ??
      (partitionedBy === null ? stream : stream.partitionedBy(partitionedBy as never));
    sources.set(name, source);
    return start.from(source);
  };
}

/** Takes rows of any type and keeps none: `drive` sees them. */
export const collected = (name: string): unknown => foreachBatch(name, () => {});

/** A table of results. */
export const resultTable = (name: string): unknown => dynamodb(name);

/** Files for rows of any type. */
export const files = (name: string): unknown => s3(name, { partitionBy: 'none' });

/** A table of rows that do not flow. */
export const table = (name: string, rows: readonly Row[]): unknown =>
  staticRows(name, rows as never);

/** Seconds as a duration, to the millisecond. */
export const seconds = (count: number): string => milliseconds(count * 1_000);

export const milliseconds = (count: number): string => `${Math.round(count)} milliseconds`;

/** Windows of a length in milliseconds. */
export const windows = {
  tumbling: (sizeMs: number): unknown => tumbling(milliseconds(sizeMs) as never),
  sliding: (sizeMs: number, slideMs: number): unknown =>
    sliding(milliseconds(sizeMs) as never, milliseconds(slideMs) as never),
  session: (gapMs: number): unknown => session(milliseconds(gapMs) as never),
  sessionBy: (gapMs: (row: never) => number): unknown => session(gapMs as never),
  instants: (): unknown => instants(),
  counting: (size: number): unknown => counting(size),
};

/** An aggregate by the name that vectors give it, over a field of the row. */
export function aggregateOf(name: string, field: string | null): unknown {
  if (name === 'count') return field === null ? count() : count(field);
  const make = AGGREGATES[name];
  if (make === undefined || field === null) return unknown('an aggregate', [name, field]);
  return make(field);
}

const AGGREGATES: Readonly<Record<string, (field: string) => Value>> = {
  sum,
  min,
  max,
  mean: avg,
  avg,
  median,
  variance,
  stddev,
};
