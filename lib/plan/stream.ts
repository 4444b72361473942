// The authoring API as types. Each step of a chain carries the type of its rows and its shape, so
// that what follows is checked against what was written before. `pipeline.ts` holds the values.

import type { Duration } from '../time/duration.ts';
import type { TimeUnit } from '../time/event-time.ts';
import type { Aggregate, ResultOf } from './aggregate.ts';
import type { Mapped, ModeRule, SinkRule, StreamShape } from './output-rules.ts';
import type { OutputMode, Plan, WindowSpec } from './plan.ts';
import type { FieldOf, FieldValue, Flat, Invalid, Scalar, StoredRow } from './row-types.ts';
import type { ForeachBatchSink, S3Sink, Sink } from './sink.ts';
import type { KinesisSource } from './source.ts';

/** A user's whole computation; the default export of a pipeline file. */
export interface Pipeline {
  readonly name: string;
  /**
   * The description of the pipeline as data.
   * @throws EngineError `invalid`, code `plan-invalid`, that lists everything that is wrong and what to change.
   */
  plan(): Plan;
  /**
   * The plan as text: source, operators, keys, windows, state, sinks, and why each is allowed.
   * @throws EngineError as `plan()` does.
   */
  explain(): string;
}

/** A pipeline that has a name and no source yet. */
export interface NamedPipeline {
  /**
   * Starts with the events of a source.
   *
   * @example
   * pipeline('delays').from(kinesis<Departure>('departures'));
   */
  from<Event>(
    source: KinesisSource<Event>,
  ): Stream<Event, { watermark: false; rows: 'events'; windowed: false; grouped: never }>;
}

/** Rows on their way: every step gives a new stream and leaves this one as it is. */
export interface Stream<Row, Shape extends StreamShape> extends Pipeline {
  /**
   * Puts one row in place of each.
   *
   * @example
   * stream.map((flight) => ({ ...flight, late: flight.delay > 15 }));
   */
  map<Next>(apply: (row: Row) => Next): Stream<Next, Mapped<Shape>>;

  /**
   * Puts any number of rows in place of each.
   *
   * @example
   * stream.flatMap((line) => line.words);
   */
  flatMap<Next>(apply: (row: Row) => readonly Next[]): Stream<Next, Mapped<Shape>>;

  /**
   * Keeps the rows for which `keep` is true; a type guard narrows the rows that follow.
   *
   * @example
   * stream.filter((flight) => flight.delay > 0);
   */
  filter<Narrow extends Row>(keep: (row: Row) => row is Narrow): Stream<Narrow, Shape>;
  filter(keep: (row: Row) => boolean): Stream<Row, Shape>;

  /**
   * Names the operator or sink just written. State belongs to names: one that you give stays when
   * other operators are added before it, a default one (`map-2`) counts the operators of its kind.
   *
   * @example
   * stream.keyBy('origin').aggregate({ flights: count() }).named('by-origin');
   */
  named(uid: string): Stream<Row, Shape>;

  /**
   * Declares the event time and how far behind the newest one an event may be: the watermark is the
   * greatest event time less the delay, and an event whose window it has passed is late.
   *
   * @example
   * stream.withWatermark('departedAt', '10 minutes');
   */
  readonly withWatermark: Shape['rows'] extends 'events'
    ? Shape['watermark'] extends false
      ? WithWatermark<Row, Shape>
      : Invalid<'a pipeline has one watermark: remove the second .withWatermark'>
    : Invalid<'the watermark is declared on events: put .withWatermark before .keyBy'>;

  /**
   * Groups rows by fields, or by a function whose value becomes the field `key`. The source must be
   * declared `partitionedBy` this key or some of its fields.
   *
   * @example
   * stream.keyBy('origin');
   */
  readonly keyBy: Shape['rows'] extends 'events'
    ? KeyBy<Row, Shape>
    : Invalid<'a pipeline has one keyed operator: results cannot be keyed again'>;

  /**
   * Sends rows that are late for all their windows to files of their own, or to a function; they are
   * counted anyway.
   *
   * @example
   * stream.keyBy('origin').window(tumbling('1 hour')).aggregate({ n: count() }).onLate(s3('late'));
   */
  readonly onLate: Shape['rows'] extends 'groups'
    ? Shape['watermark'] extends true
      ? Shape['windowed'] extends true
        ? (sink: S3Sink | ForeachBatchSink<StoredRow<Shape['grouped']>>) => Stream<Row, Shape>
        : Invalid<'rows are late for windows: put .window(…) before .aggregate'>
      : Invalid<'rows are late by a watermark: declare .withWatermark(…) before .keyBy'>
    : Invalid<'.onLate belongs directly after .aggregate or .reduce'>;

  /**
   * Lets rows leave to a sink. `append`: each row once, when it is final. `update`: groups that a
   * batch changed. `complete`: all groups, each time. The stream goes on unchanged behind it.
   *
   * @example
   * stream.to(dynamodb('delays'), { mode: 'update' }).to(s3('delays'), { mode: 'append' });
   */
  to<To extends Sink = ForeachBatchSink<never>, Mode extends OutputMode = OutputMode>(
    // The second form is there for the compiler to know the rows of a function written in place.
    sink: (To & SinkRule<To, Row, Shape>) | ForeachBatchSink<StoredRow<Row>>,
    options: { readonly mode: Mode & ModeRule<Mode, To, Shape> },
  ): Stream<Row, Shape>;
}

/** Options of `.withWatermark`. */
export interface WatermarkOptions<Unit extends TimeUnit> {
  /**
   * The unit in which events state their time.
   * @default 'milliseconds'
   */
  readonly unit?: Unit;
  /**
   * Events further ahead of their arrival than this are dead letters and move no watermark.
   * @default '1 day'
   */
  readonly maxAhead?: Duration;
}

type TimeValue<Unit extends TimeUnit> = Unit extends 'iso' ? string : number;

type WithWatermark<Row, Shape extends StreamShape> = <Unit extends TimeUnit = 'milliseconds'>(
  time:
    | FieldOf<Row, TimeValue<NoInfer<Unit>> | null>
    | ((row: Row) => TimeValue<NoInfer<Unit>> | null | undefined),
  delay: Duration,
  options?: WatermarkOptions<Unit>,
) => Stream<
  Row,
  { watermark: true; rows: 'events'; windowed: Shape['windowed']; grouped: Shape['grouped'] }
>;

interface KeyBy<Row, Shape extends StreamShape> {
  <const Names extends readonly [FieldOf<Row, Scalar>, ...FieldOf<Row, Scalar>[]]>(
    ...fields: Names
  ): KeyedStream<Row, { readonly [Name in Names[number]]: FieldValue<Row, Name> }, Shape>;
  <Value extends Scalar>(
    select: (row: Row) => Value,
  ): KeyedStream<Row, { readonly key: Value }, Shape>;
}

/** Rows with a key. */
export interface KeyedStream<Row, Key, Shape extends StreamShape>
  extends GroupedStream<Row, Key, Shape> {
  /**
   * Divides each key's rows into windows of event time.
   *
   * @example
   * stream.keyBy('origin').window(tumbling('1 hour'));
   */
  readonly window: Shape['watermark'] extends true
    ? (
        window: WindowSpec,
      ) => GroupedStream<
        Row,
        Key & WindowBounds,
        { watermark: true; rows: 'events'; windowed: true; grouped: Shape['grouped'] }
      >
    : Invalid<'a window needs an event time and a watermark: declare .withWatermark(…) before .keyBy'>;
}

/** The window of a result row: ISO 8601 in UTC with milliseconds, the end exclusive. */
export interface WindowBounds {
  readonly windowStart: string;
  readonly windowEnd: string;
}

type Grouped<Row, Shape extends StreamShape> = {
  watermark: Shape['watermark'];
  rows: 'groups';
  windowed: Shape['windowed'];
  grouped: Row;
};

/** Rows in groups, by key or by key and window. */
export interface GroupedStream<Row, Group, Shape extends StreamShape> {
  /**
   * Sums each group up. A result row has the key's fields, the window's bounds if there is a window,
   * and one field for each aggregate.
   *
   * @example
   * stream.keyBy('origin').aggregate({ flights: count(), meanDelay: avg('delay') });
   */
  aggregate<const Aggregates extends Readonly<Record<string, Aggregate<Row, unknown>>>>(
    aggregates: Aggregates & NameRule<Aggregates, Group>,
  ): Stream<
    Flat<Group & { readonly [Name in keyof Aggregates]: ResultOf<Aggregates[Name], Row> }>,
    Grouped<Row, Shape>
  >;

  /**
   * Combines the rows of a group two by two into one of the same type; `reduce` must be associative.
   * The result keeps the key's fields and gains the window's bounds.
   *
   * @example
   * stream.keyBy('origin').reduce((worst, next) => (next.delay > worst.delay ? next : worst));
   */
  readonly reduce: Row extends object
    ? (
        reduce: (left: Row, right: Row) => Row,
      ) => Stream<Flat<Group & DistributiveOmit<Row, keyof Group>>, Grouped<Row, Shape>>
    : Invalid<'.reduce needs rows that are objects: .map them into one first'>;
}

type DistributiveOmit<Row, Names extends PropertyKey> = Row extends unknown
  ? Omit<Row, Names>
  : never;

/** Aggregates must not take the name of a key, of a window bound, or of what tables keep for themselves. */
type NameRule<Aggregates, Group> = {
  readonly [Name in keyof Aggregates]: Name extends keyof Group | 'pk' | 'sk' | `_${string}`
    ? Invalid<'this name is taken by the key, the window or the table: choose another'>
    : unknown;
};
