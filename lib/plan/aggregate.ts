// The aggregates of `.aggregate({ … })`. Each names what it needs of a row in its type, so that an
// unknown field, or a sum of texts, does not compile.

import type { Decimal } from '../model/decimal.ts';
import type { AggregateSpec, Selector } from './plan.ts';
import type { FieldValue } from './row-types.ts';
import { selectorOf } from './selector.ts';

declare const signature: unique symbol;
declare const field: unique symbol;

/** One result of an aggregation: needs an `Event`, gives a `Result` per group. */
export interface Aggregate<in Event, out Result> {
  readonly spec: AggregateSpec;
  readonly [signature]?: (event: Event) => Result;
}

/** Stands for the type of a field that is only known once the aggregate meets its rows. */
export interface TypeOfField<out Name extends string> {
  readonly [field]: Name;
}

/** The type of an aggregate's result over rows of type `Row`. */
export type ResultOf<One, Row> =
  One extends Aggregate<never, infer Result>
    ? Result extends TypeOfField<infer Name>
      ? FieldValue<Row, Name>
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
type BuiltIn = Exclude<AggregateSpec['kind'], 'custom'>;

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
