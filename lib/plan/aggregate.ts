// The aggregates of `.aggregate({ … })`. Each names what it needs of a row in its type, so that an
// unknown field, or a sum of texts, does not compile.

import type { Decimal } from '../model/decimal.ts';
import type { AggregateSpec, Selector } from './plan.ts';
import type { FieldValue, Scalar } from './row-types.ts';
import { selectorOf } from './selector.ts';

declare const signature: unique symbol;
declare const field: unique symbol;
declare const list: unique symbol;

/** One result of an aggregation: needs an `Event`, gives a `Result` per group. */
export interface Aggregate<in Event, out Result> {
  readonly spec: AggregateSpec;
  readonly [signature]?: (event: Event) => Result;
}

/** Stands for the type of a field that is only known once the aggregate meets its rows. */
export interface TypeOfField<out Name extends string> {
  readonly [field]: Name;
}

/** Stands for a list of values of such a field; it holds no nulls. */
export interface ListOfField<out Name extends string> {
  readonly [list]: Name;
}

/** The type of an aggregate's result over rows of type `Row`. */
export type ResultOf<One, Row> =
  One extends Aggregate<never, infer Result>
    ? Result extends TypeOfField<infer Name>
      ? FieldValue<Row, Name>
      : Result extends ListOfField<infer Name>
        ? readonly NonNullable<FieldValue<Row, Name>>[]
        : Result
    : never;

/** An event with a field of this type; it may be absent or null, aggregates ignore nulls. */
type With<Name extends string, Value> = { readonly [Each in Name]?: Value | null | undefined };

/** A field or function whose values are exact decimals; made by `decimal`. */
export interface DecimalSelector<in Event> {
  readonly selector: Selector;
  readonly scale: number;
  readonly [signature]?: (event: Event) => void;
}

/**
 * Counts rows, or with a field or function the rows where it is not null.
 *
 * @example
 * stream.aggregate({ flights: count(), withGate: count('gate') });
 */
export function count(): Aggregate<unknown, number>;
export function count<Name extends string>(field: Name): Aggregate<With<Name, unknown>, number>;
export function count<Event>(select: (event: Event) => unknown): Aggregate<Event, number>;
export function count(input?: FieldOrFunction): Aggregate<never, number> {
  return builtIn('count', input === undefined ? null : selectorOf(input));
}

/**
 * Counts the rows for which a field or function is true, as Spark's `count_if` does: null counts as
 * false. A value that is no boolean is a dead letter.
 *
 * @example
 * stream.aggregate({ late: countIf((flight) => flight.delay > 15) });
 */
export function countIf<Name extends string>(field: Name): Aggregate<With<Name, boolean>, number>;
export function countIf<Event>(
  predicate: (event: Event) => boolean | null | undefined,
): Aggregate<Event, number>;
export function countIf(input: FieldOrFunction): Aggregate<never, number> {
  return builtIn('countIf', selectorOf(input));
}

/**
 * Adds numbers in arrival order, nulls ignored; null when there was none. Over a `decimal` the sum
 * is exact.
 *
 * @example
 * stream.aggregate({ miles: sum('distance'), total: sum(decimal('amount', { scale: 2 })) });
 */
export function sum<Name extends string>(field: Name): Aggregate<With<Name, number>, number | null>;
export function sum<Event>(
  select: (event: Event) => number | null | undefined,
): Aggregate<Event, number | null>;
export function sum<Event>(decimal: DecimalSelector<Event>): Aggregate<Event, Decimal | null>;
export function sum(
  input: FieldOrFunction | DecimalSelector<never>,
): Aggregate<never, number | Decimal | null> {
  return maybeExact('sum', input);
}

/**
 * Mean of numbers, nulls ignored; null when there was none. Over a `decimal` it is exact, rounded
 * half away from zero four digits below the scale.
 *
 * @example
 * stream.aggregate({ meanDelay: avg('delay'), meanHours: avg((flight) => flight.delay / 60) });
 */
export function avg<Name extends string>(field: Name): Aggregate<With<Name, number>, number | null>;
export function avg<Event>(
  select: (event: Event) => number | null | undefined,
): Aggregate<Event, number | null>;
export function avg<Event>(decimal: DecimalSelector<Event>): Aggregate<Event, Decimal | null>;
export function avg(
  input: FieldOrFunction | DecimalSelector<never>,
): Aggregate<never, number | Decimal | null> {
  return maybeExact('avg', input);
}

/**
 * Least number or text (texts by code point), nulls ignored; null when there was none.
 *
 * @example
 * stream.aggregate({ earliest: min('departedAt') });
 */
export function min<Name extends string>(
  field: Name,
): Aggregate<With<Name, number | string>, TypeOfField<Name> | null>;
export function min<Event, Value extends number | string>(
  select: (event: Event) => Value | null | undefined,
): Aggregate<Event, Value | null>;
export function min(input: FieldOrFunction): Aggregate<never, unknown> {
  return builtIn('min', selectorOf(input));
}

/**
 * Greatest number or text (texts by code point), nulls ignored; null when there was none.
 *
 * @example
 * stream.aggregate({ worstDelay: max('delay') });
 */
export function max<Name extends string>(
  field: Name,
): Aggregate<With<Name, number | string>, TypeOfField<Name> | null>;
export function max<Event, Value extends number | string>(
  select: (event: Event) => Value | null | undefined,
): Aggregate<Event, Value | null>;
export function max(input: FieldOrFunction): Aggregate<never, unknown> {
  return builtIn('max', selectorOf(input));
}

/**
 * Standard deviation of a sample (divided by n - 1), nulls ignored; null for fewer than two values.
 *
 * @example
 * stream.aggregate({ spread: stddev('delay') });
 */
export function stddev<Name extends string>(
  field: Name,
): Aggregate<With<Name, number>, number | null>;
export function stddev<Event>(
  select: (event: Event) => number | null | undefined,
): Aggregate<Event, number | null>;
export function stddev(input: FieldOrFunction): Aggregate<never, number | null> {
  return builtIn('stddev', selectorOf(input));
}

/**
 * Variance of a sample (divided by n - 1), nulls ignored; null for fewer than two values, as Spark's
 * `var_samp` since 3.1. Welford's update and Chan's merge, shared with `stddev`. Its unit is a square:
 * where it leaves 1e-130 to 1e126 no table can store it, and the result row is a dead letter.
 *
 * @example
 * stream.aggregate({ unrest: variance('delay') });
 */
export function variance<Name extends string>(
  field: Name,
): Aggregate<With<Name, number>, number | null>;
export function variance<Event>(
  select: (event: Event) => number | null | undefined,
): Aggregate<Event, number | null>;
export function variance(input: FieldOrFunction): Aggregate<never, number | null> {
  return builtIn('variance', selectorOf(input));
}

/**
 * Exact median, the mean of the two middle values where their number is even, nulls ignored; null
 * when there was none. It keeps each distinct value once, with a count. A row that would give its
 * group more than 10,000 distinct values is a dead letter: use `approxPercentile` there.
 *
 * @example
 * stream.aggregate({ typicalDelay: median('delay') });
 */
export function median<Name extends string>(
  field: Name,
): Aggregate<With<Name, number>, number | null>;
export function median<Event>(
  select: (event: Event) => number | null | undefined,
): Aggregate<Event, number | null>;
export function median(input: FieldOrFunction): Aggregate<never, number | null> {
  return builtIn('median', selectorOf(input));
}

/**
 * First value that is not null, in order of arrival; null when there was none.
 *
 * @example
 * stream.aggregate({ firstDestination: first('destination') });
 */
export function first<Name extends string>(
  field: Name,
): Aggregate<With<Name, unknown>, TypeOfField<Name> | null>;
export function first<Event, Value>(
  select: (event: Event) => Value | null | undefined,
): Aggregate<Event, Value | null>;
export function first(input: FieldOrFunction): Aggregate<never, unknown> {
  return builtIn('first', selectorOf(input));
}

/**
 * Last value that is not null, in order of arrival; null when there was none.
 *
 * @example
 * stream.aggregate({ lastDestination: last('destination') });
 */
export function last<Name extends string>(
  field: Name,
): Aggregate<With<Name, unknown>, TypeOfField<Name> | null>;
export function last<Event, Value>(
  select: (event: Event) => Value | null | undefined,
): Aggregate<Event, Value | null>;
export function last(input: FieldOrFunction): Aggregate<never, unknown> {
  return builtIn('last', selectorOf(input));
}

/**
 * All values in order of arrival, nulls left out; an empty list when there was none. A row that would
 * give its group more than 64 KiB of JSON is a dead letter.
 *
 * @example
 * stream.aggregate({ destinations: collectList('destination') });
 */
export function collectList<Name extends string>(
  field: Name,
): Aggregate<With<Name, unknown>, ListOfField<Name>>;
export function collectList<Event, Value>(
  select: (event: Event) => Value | null | undefined,
): Aggregate<Event, readonly Value[]>;
export function collectList(input: FieldOrFunction): Aggregate<never, unknown> {
  return builtIn('collectList', selectorOf(input));
}

/**
 * The distinct numbers, texts and booleans, nulls left out; an empty list when there was none. Their
 * order does not depend on that of arrival: false, true, numbers ascending, texts by code point. A row
 * that would give its group more than 64 KiB of JSON is a dead letter: where only the number of them
 * matters, use `approxCountDistinct`.
 *
 * @example
 * stream.aggregate({ destinations: collectSet('destination') });
 */
export function collectSet<Name extends string>(
  field: Name,
): Aggregate<With<Name, Scalar>, ListOfField<Name>>;
export function collectSet<Event, Value extends Scalar>(
  select: (event: Event) => Value | undefined,
): Aggregate<Event, readonly NonNullable<Value>[]>;
export function collectSet(input: FieldOrFunction): Aggregate<never, unknown> {
  return builtIn('collectSet', selectorOf(input));
}

/**
 * The `k` (1 to 100) greatest numbers or texts (texts by code point, above numbers), the greatest
 * first; nulls are left out, equal values are not. With `by` the values of the rows in which `by` is
 * greatest; where that is equal, the value whose JSON text is less comes first. `by` is a field if the
 * value is one, else a function. A value of more than 1 KiB of JSON is a dead letter.
 *
 * @example
 * stream.aggregate({ worst: topK('delay', 3), latest: topK('destination', 3, { by: 'delay' }) });
 */
export function topK<Name extends string>(
  field: Name,
  k: number,
): Aggregate<With<Name, number | string>, ListOfField<Name>>;
export function topK<Name extends string, By extends string>(
  field: Name,
  k: number,
  options: { readonly by: By },
): Aggregate<With<Name, unknown> & With<By, number | string>, ListOfField<Name>>;
export function topK<Event, Value extends number | string>(
  select: (event: Event) => Value | null | undefined,
  k: number,
): Aggregate<Event, readonly Value[]>;
export function topK<Event, Value>(
  select: (event: Event) => Value | null | undefined,
  k: number,
  options: { readonly by: (event: Event) => number | string | null | undefined },
): Aggregate<Event, readonly Value[]>;
export function topK(
  input: FieldOrFunction,
  k: number,
  options: { readonly by?: FieldOrFunction } = {},
): Aggregate<never, unknown> {
  const by = options.by === undefined ? null : selectorOf(options.by);
  return { spec: { kind: 'topK', input: selectorOf(input), decimalScale: null, k, by } };
}

/**
 * About how many distinct numbers, texts and booleans there are, nulls ignored. `relativeError` (0.01
 * to 0.39) is the standard deviation of the estimate's relative error, as in Spark. A group keeps
 * 2^p registers of one byte by HyperLogLog, p = ceil(2 log2(1.106 / relativeError)): 512 by default.
 *
 * @example
 * stream.aggregate({ planes: approxCountDistinct('plane', { relativeError: 0.02 }) });
 */
export function approxCountDistinct<Name extends string>(
  field: Name,
  options?: DistinctOptions,
): Aggregate<With<Name, Scalar>, number>;
export function approxCountDistinct<Event>(
  select: (event: Event) => Scalar | undefined,
  options?: DistinctOptions,
): Aggregate<Event, number>;
export function approxCountDistinct(
  input: FieldOrFunction,
  { relativeError = 0.05 }: DistinctOptions = {},
): Aggregate<never, number> {
  const spec = { input: selectorOf(input), decimalScale: null, relativeError };
  return { spec: { kind: 'approxCountDistinct', ...spec } };
}

/** Options of `approxCountDistinct`. */
export interface DistinctOptions {
  /** @default 0.05 */
  readonly relativeError?: number;
}

/**
 * About the value below which a share of 0 to 1 of the numbers lies, nulls ignored; null when there
 * was none. For a list of shares a list. The value at rank ceil(share × n) is estimated with a
 * relative error of at most 1 / `accuracy` (2 to 1,000), where Spark's accuracy bounds the error of
 * the rank. A group keeps a count for each bin of DDSketch, 115 to a decade by default; a row that
 * would give it more than 10,000 of them is a dead letter.
 *
 * @example
 * stream.aggregate({ delays: approxPercentile('delay', [0.5, 0.95], { accuracy: 200 }) });
 */
export function approxPercentile<Name extends string>(
  field: Name,
  percentage: number,
  options?: PercentileOptions,
): Aggregate<With<Name, number>, number | null>;
export function approxPercentile<Name extends string>(
  field: Name,
  percentages: readonly number[],
  options?: PercentileOptions,
): Aggregate<With<Name, number>, readonly number[] | null>;
export function approxPercentile<Event>(
  select: (event: Event) => number | null | undefined,
  percentage: number,
  options?: PercentileOptions,
): Aggregate<Event, number | null>;
export function approxPercentile<Event>(
  select: (event: Event) => number | null | undefined,
  percentages: readonly number[],
  options?: PercentileOptions,
): Aggregate<Event, readonly number[] | null>;
export function approxPercentile(
  input: FieldOrFunction,
  percentages: number | readonly number[],
  { accuracy = 100 }: PercentileOptions = {},
): Aggregate<never, unknown> {
  const spec = { input: selectorOf(input), decimalScale: null, percentages, accuracy };
  return { spec: { kind: 'approxPercentile', ...spec } };
}

/** Options of `approxPercentile`. */
export interface PercentileOptions {
  /** @default 100 */
  readonly accuracy?: number;
}

/**
 * Reads a field or function as exact decimals with `scale` digits after the point (0 to 18), for
 * `sum` and `avg`: money never goes through doubles. A value with more digits is a dead letter. A
 * function states the type of its event, which the compiler cannot see from here.
 *
 * @example
 * stream.aggregate({ total: sum(decimal('amount', { scale: 2 })) });
 */
export function decimal<Name extends string>(
  field: Name,
  options: { readonly scale: number },
): DecimalSelector<With<Name, number | string>>;
export function decimal<Event>(
  select: (event: Event) => number | string | null | undefined,
  options: { readonly scale: number },
): DecimalSelector<Event>;
export function decimal(
  input: FieldOrFunction,
  options: { readonly scale: number },
): DecimalSelector<never> {
  return { selector: selectorOf(input), scale: options.scale };
}

/** What a user-defined aggregate is made of; accumulators and results are JSON values. */
export interface Aggregator<Event, Accumulator, Result> {
  /** The accumulator of a group without rows. */
  readonly zero: () => Accumulator;
  /** The accumulator with one more row. */
  readonly add: (accumulator: Accumulator, event: Event) => Accumulator;
  /** The accumulator of two disjoint sets of rows, the left ones first; associative. */
  readonly merge: (left: Accumulator, right: Accumulator) => Accumulator;
  /** What the result row shows. */
  readonly result: (accumulator: Accumulator) => Result;
}

/**
 * An aggregate of your own. The functions are pure: the same rows give the same result in any
 * sandbox and at any replay.
 *
 * @example
 * const longest = aggregator({
 *   zero: () => '',
 *   add: (longest, flight: Flight) =>
 *     flight.destination.length > longest.length ? flight.destination : longest,
 *   merge: (left, right) => (right.length > left.length ? right : left),
 *   result: (longest) => longest,
 * });
 */
export function aggregator<Event, Accumulator, Result>(
  parts: Aggregator<Event, Accumulator, Result>,
): Aggregate<Event, Result> {
  const { zero, add, merge, result } = parts;
  return { spec: { kind: 'custom', zero, add, merge, result } as AggregateSpec };
}

type FieldOrFunction = string | ((event: never) => unknown);
type BuiltIn = Exclude<
  AggregateSpec['kind'],
  'custom' | 'topK' | 'approxCountDistinct' | 'approxPercentile'
>;

function maybeExact(
  kind: 'sum' | 'avg',
  input: FieldOrFunction | DecimalSelector<never>,
): Aggregate<never, never> {
  return typeof input === 'object'
    ? builtIn(kind, input.selector, input.scale)
    : builtIn(kind, selectorOf(input));
}

function builtIn(
  kind: BuiltIn,
  input: Selector | null,
  decimalScale: number | null = null,
): Aggregate<never, never> {
  return { spec: { kind, input, decimalScale } };
}
