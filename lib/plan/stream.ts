// The authoring API as types. Each step of a chain carries the type of its rows and its shape, so
// that what follows is checked against what was written before. `stream-values.ts` and its kin hold
// the values. Streams, groups and batches lead to each other, so they stand in one file.

import type { Duration } from '../time/duration.ts';
import type { TimeUnit } from '../time/event-time.ts';
import type { Aggregate, ResultOf } from './aggregate.ts';
import type {
  Combine,
  Keyed,
  LeftKey,
  ValueArgument,
  ValueBy,
  WindowLengths,
} from './batch-types.ts';
import type {
  JoinedRow,
  JoinKeys,
  JoinOptions,
  KeyArgument,
  KeyFields,
  Pair,
  StaticJoinOptions,
} from './join-types.ts';
import type {
  Behind,
  Mapped,
  Met,
  ModeRule,
  SinkRule,
  Stateful,
  StreamShape,
  With,
} from './output-rules.ts';
import type { CountWindowSpec, JoinType, OutputMode, Plan } from './plan.ts';
import type { FieldOf, FieldValue, Flat, Invalid, Scalar, StoredRow } from './row-types.ts';
import type { ForeachBatchSink, S3Sink, Sink } from './sink.ts';
import type { KinesisSource } from './source.ts';
import type { JoinTable } from './static-table.ts';
import type {
  BatchTime,
  InitialState,
  MapWithStateOptions,
  ProcessDefinition,
  TimeOf,
  TimeoutOptions,
  WatermarkOptions,
  WindowBounds,
  WindowOptions,
} from './step-options.ts';
import type {
  BoundRule,
  Clocked,
  Deduplicated,
  DistributiveOmit,
  Events,
  Grouped,
  Joined,
  LimitBehind,
  NameRule,
  Timed,
  WindowLimit,
  WindowRule,
} from './step-shapes.ts';
import type { GroupState, KeyState, ShownKey, StateParts, UpdateContext } from './user-state.ts';
import type { WindowOf } from './window.ts';

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
   * Starts with the events of a source. It can be called again: the streams that it gives belong to
   * one pipeline, and can be united and joined.
   *
   * @example
   * pipeline('delays').from(kinesis<Departure>('departures'));
   */
  from<Event>(source: KinesisSource<Event>): Stream<Event, Events>;
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
   * greatest event time less the delay, and an event whose window it has passed is late. A second
   * one further down replaces the first.
   *
   * @example
   * stream.withWatermark('departedAt', '10 minutes');
   */
  readonly withWatermark: Clocked<Shape, WithWatermark<Row, Shape>>;

  /**
   * Takes the time of its batch as the event time of each row, so that none is late.
   *
   * @example
   * stream.withProcessingTime().keyBy('origin').window(tumbling('1 minute'));
   */
  readonly withProcessingTime: Clocked<Shape, () => Stream<Row, Timed<Shape>>>;

  /**
   * Takes another time of the rows as their event time from here on; the watermark stays as declared.
   *
   * @example
   * stream.eventTime('landedAt');
   */
  readonly eventTime: Shape['watermark'] extends true
    ? EventTime<Row, Shape>
    : Invalid<'another event time goes by a watermark: declare .withWatermark(…) first'>;

  /**
   * All rows of this stream and the others, of one pipeline. Streams of several sources need the
   * option `inOneTask` of the pipeline.
   *
   * @throws EngineError `invalid`, code `pipelines-differ`, for streams of different pipelines.
   * @example
   * stream.union(others);
   */
  union<Next, NextShape extends StreamShape>(
    ...others: readonly [Stream<Next, NextShape>, ...Stream<Next, NextShape>[]]
  ): Stream<Row | Next, Met<Shape, NextShape>>;

  /**
   * The first `count` rows ever, and no others. It needs the option `inOneTask` of the pipeline.
   *
   * @example
   * stream.limit(100);
   */
  readonly limit: Stateful<
    Shape,
    (count: number) => Stream<Row, With<Behind<Shape>, { limit: LimitBehind<Shape> }>>
  >;

  /**
   * Keeps the rows of a share of the keys, 0 to 1, by hash: the same keys in each run.
   *
   * @example
   * stream.sample(0.1, 'plane');
   */
  readonly sample: PerKey<Row, [rate: number], Stream<Row, Shape>>;

  /**
   * The first row of each key, by fields or by a function. Where one of the fields is the event time,
   * keys are forgotten as the watermark passes them, else never; where a watermark is declared, rows
   * at or before it are late.
   *
   * @example
   * stream.dropDuplicates('plane', 'departedAt');
   */
  readonly dropDuplicates: Stateful<Shape, PerKey<Row, [], Stream<Row, Deduplicated<Row, Shape>>>>;

  /**
   * The first row of each key, by fields or by a function, in a stretch of event time as long as the
   * watermark's delay; then the key is forgotten.
   *
   * @example
   * stream.dropDuplicatesWithinWatermark('plane');
   */
  readonly dropDuplicatesWithinWatermark: Shape['watermark'] extends true
    ? Stateful<Shape, PerKey<Row, [], Stream<Row, Deduplicated<Row, Shape>>>>
    : Invalid<'keys are forgotten by the watermark: declare .withWatermark(…) first'>;

  /**
   * Pairs of rows of this stream and another of the same pipeline, with equal keys: `{ left, right }`.
   * Each side keeps its rows until no match can come: for ever, unless both have a watermark and
   * `within` or `window` says how far apart a pair may be. Such a bound is needed by all types but
   * `inner`. Streams of several sources need the option `inOneTask` of the pipeline.
   *
   * @throws EngineError `invalid`, code `pipelines-differ`, for streams of different pipelines.
   * @example
   * departures.join(arrivals, { on: 'plane', within: { from: '0 seconds', to: '1 day' } });
   * departures.join(arrivals, { type: 'left', on: [['plane', 'tail']], window: tumbling('1 day') });
   */
  readonly join: Stateful<Shape, Join<Row, Shape>>;

  /**
   * Each row with the rows of a table that have its key: `{ left, right }`.
   *
   * @example
   * stream.joinStatic(s3Table<Airport>('airports'), { on: [['origin', 'code']], type: 'left' });
   */
  joinStatic<Right, Type extends 'inner' | 'left' = 'inner'>(
    table: JoinTable<Right>,
    options: StaticJoinOptions<Row, Right, Type>,
  ): Stream<Flat<Pair<Row, Right, Type>>, Mapped<Shape>>;

  /**
   * Puts any rows in place of those of a batch, all at once. It is called for every batch, also one
   * without rows. A batch is one invocation, which brings rows of one shard.
   *
   * @example
   * stream.transformBatch((rows) => rows.toSorted((one, other) => one.delay - other.delay));
   */
  transformBatch<Next>(
    apply: (rows: readonly Row[], context: BatchTime) => readonly Next[],
  ): Stream<Next, Mapped<Shape>>;

  /**
   * The rows batch by batch, for operators over one batch, or over the batches of a stretch of time.
   *
   * @example
   * stream.batches().count();
   */
  batches(): BatchStream<Row, Shape>;

  /**
   * Groups rows by fields, or by a function whose value becomes the field `key`. The source must be
   * declared `partitionedBy` this key or some of its fields, or the pipeline be `inOneTask`.
   *
   * @example
   * stream.keyBy('origin');
   */
  readonly keyBy: Stateful<Shape, KeyBy<Row, Behind<Shape>>>;

  /**
   * One group of all rows. It needs the option `inOneTask` of the pipeline.
   *
   * @example
   * stream.groupAll().aggregate({ flights: count() });
   */
  readonly groupAll: Stateful<Shape, () => WindowedStream<Row, unknown, Behind<Shape>>>;

  /**
   * Sends rows that are late to files of their own, or to a function; they are counted anyway. It
   * belongs behind an aggregation with windows, `.dropDuplicates`, `.join` or `.process`.
   *
   * @example
   * stream.keyBy('origin').window(tumbling('1 hour')).aggregate({ n: count() }).onLate(s3('late'));
   */
  readonly onLate: [Shape['late']] extends [never]
    ? Invalid<'.onLate belongs directly after .aggregate, .reduce, .dropDuplicates, .join or .process'>
    : Shape['watermark'] extends true
      ? Shape['rows'] extends 'groups'
        ? Shape['windowed'] extends true
          ? OnLate<Row, Shape>
          : Invalid<'rows are late for windows: put .window(…) before .aggregate'>
        : OnLate<Row, Shape>
      : Invalid<'rows are late by a watermark: declare .withWatermark(…) before .keyBy'>;

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

type WithWatermark<Row, Shape extends StreamShape> = <Unit extends TimeUnit = 'milliseconds'>(
  time: TimeOf<Row, Unit>,
  delay: Duration,
  options?: WatermarkOptions<Unit>,
) => Stream<Row, Timed<Shape>>;

type EventTime<Row, Shape extends StreamShape> = <Unit extends TimeUnit = 'milliseconds'>(
  time: TimeOf<Row, Unit>,
  options?: { readonly unit?: Unit },
) => Stream<Row, Shape>;

/** A step that takes a key, by fields or by a function. */
interface PerKey<Row, Arguments extends readonly unknown[], Result> {
  (...all: [...Arguments, FieldOf<Row, Scalar>, ...FieldOf<Row, Scalar>[]]): Result;
  (...all: [...Arguments, (row: Row) => Scalar]): Result;
}

interface Join<Row, Shape extends StreamShape> {
  <Right, RightShape extends StreamShape, Type extends JoinType = 'inner'>(
    other: Stream<Right, RightShape>,
    options: JoinOptions<Row, Right, Type> & { readonly window: object },
  ): Stream<JoinedRow<Row, Right, Type, WindowBounds>, Joined<Row | Right, Shape, RightShape>>;
  <Right, RightShape extends StreamShape, Type extends JoinType = 'inner'>(
    other: Stream<Right, RightShape>,
    options: JoinOptions<Row, Right, Type> & BoundRule<Type>,
  ): Stream<JoinedRow<Row, Right, Type, unknown>, Joined<Row | Right, Shape, RightShape>>;
}

interface KeyBy<Row, Shape extends StreamShape> {
  <const Names extends readonly [FieldOf<Row, Scalar>, ...FieldOf<Row, Scalar>[]]>(
    ...fields: Names
  ): KeyedStream<Row, { readonly [Name in Names[number]]: FieldValue<Row, Name> }, Shape>;
  <Value extends Scalar>(
    select: (row: Row) => Value,
  ): KeyedStream<Row, { readonly key: Value }, Shape>;
}

type OnLate<Row, Shape extends StreamShape> = (
  sink: S3Sink | ForeachBatchSink<StoredRow<Shape['late']>>,
) => Stream<Row, Shape>;

/** Groups that windows can still divide. */
export interface WindowedStream<Row, Key, Shape extends StreamShape>
  extends GroupedStream<Row, Key, Shape> {
  /**
   * Divides each key's rows into windows: of event time, by gaps, or of so many rows. With
   * `allowedLateness` a closed window is kept so long and comes out again with each row that is late
   * for it.
   *
   * @example
   * stream.keyBy('origin').window(tumbling('1 hour'));
   * stream.keyBy('origin').window(tumbling('1 hour'), { allowedLateness: '1 day' });
   */
  window<Window extends WindowOf<Row>>(
    window: Window & WindowRule<Window, Shape>,
    options?: WindowOptions,
  ): GroupedStream<
    Row,
    Window extends CountWindowSpec ? Key : Flat<Key & WindowBounds>,
    With<Shape, { windowed: true; limit: WindowLimit<Window, Shape> }>
  >;
}

/** Rows with a key. */
export interface KeyedStream<Row, Key, Shape extends StreamShape>
  extends WindowedStream<Row, Key, Shape> {
  /**
   * Calls a function once for each key of a batch, with its rows and its state; it gives one row.
   * A timeout calls it without rows. It takes sinks in mode update only, as in Spark.
   *
   * @example
   * stream.keyBy('origin').mapGroupsWithState((key, rows, state: GroupState<number>) => {
   *   state.update((state.getOption() ?? 0) + rows.length);
   *   return { origin: key, flights: state.get() };
   * });
   */
  mapGroupsWithState<State, Next>(
    apply: (key: ShownKey<Key>, rows: readonly Row[], state: GroupState<State>) => Next,
    options?: TimeoutOptions,
  ): Stream<Next, With<Shape, { limit: 'map-groups' }>>;

  /**
   * The same with any number of rows.
   *
   * @example
   * stream.keyBy('origin').flatMapGroupsWithState(
   *   (key, rows, state: GroupState<number>) => {
   *     if (state.hasTimedOut) return [{ origin: key, silent: true }];
   *     state.update(rows.length);
   *     state.setTimeoutDuration('1 minute');
   *     return [];
   *   },
   *   { timeout: 'processing-time' },
   * );
   */
  flatMapGroupsWithState<State, Next>(
    apply: (key: ShownKey<Key>, rows: readonly Row[], state: GroupState<State>) => readonly Next[],
    options?: TimeoutOptions,
  ): Stream<Next, Shape>;

  /**
   * Calls a function for each row, with the state of its key; what it returns goes on, unless it is
   * `undefined`. After `timeout` without a row it is called once more, without one, and the state goes.
   *
   * @example
   * stream.keyBy('origin').mapWithState((key, row, state: KeyState<number>) => {
   *   if (row === undefined) return undefined;
   *   state.update((state.getOption() ?? 0) + 1);
   *   return { origin: key, flights: state.get() };
   * });
   */
  mapWithState<State, Next>(
    apply: (key: ShownKey<Key>, row: Row | undefined, state: KeyState<State>) => Next | undefined,
    options?: MapWithStateOptions,
  ): Stream<Next, Shape>;

  /**
   * Calls a function once per batch for each key that has state or rows; what it returns is the new
   * state, and `undefined` forgets it. Each key that has state gives a row in each batch.
   *
   * @example
   * stream.keyBy('origin').updateStateByKey((rows, flights: number = 0) => flights + rows.length);
   */
  updateStateByKey<State>(
    update: (
      rows: readonly Row[],
      state: State | undefined,
      context: UpdateContext<ShownKey<Key>>,
    ) => State | undefined,
    options?: InitialState<Key, State>,
  ): Stream<Flat<Key & { readonly state: State }>, With<Shape, { rows: 'states' }>>;

  /**
   * Calls functions for each row and for each timer, with named state of the row's key. Rows at or
   * before the watermark are late where timers go by event time.
   *
   * @example
   * stream.keyBy('origin').process({
   *   state: { flights: value<number>() },
   *   emits: rowsOf<{ origin: string; flights: number }>(),
   *   onRow(row, { key, state, emit }) {
   *     const flights = (state.flights.get() ?? 0) + 1;
   *     state.flights.set(flights);
   *     if (row.delay > 60) emit({ origin: key, flights });
   *   },
   * });
   */
  process<State extends StateParts = Record<never, never>, Out = unknown>(
    definition: ProcessDefinition<Row, Key, State, Out>,
  ): Stream<Out, With<Shape, { late: Row }>>;
}

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

/**
 * Rows batch by batch, as Spark's DStreams have them. A batch is one invocation, and
 * that brings rows of one shard of one source: `window` puts those of several together. A tick is a
 * batch without rows. Results are streams again.
 */
export interface BatchStream<Row, Shape extends StreamShape> {
  /**
   * How many rows each batch has, also for one that has none.
   *
   * @example
   * stream.batches().count();
   */
  count(): Stream<{ readonly count: number }, Mapped<Shape>>;

  /**
   * The rows of each batch combined two by two into one; none for a batch without rows.
   *
   * @example
   * stream.batches().reduce((worst, next) => (next.delay > worst.delay ? next : worst));
   */
  reduce(reduce: (left: Row, right: Row) => Row): Stream<Row, Mapped<Shape>>;

  /**
   * How often each value comes in a batch; values are the same when their JSON is.
   *
   * @example
   * stream.map((flight) => flight.origin).batches().countByValue();
   */
  countByValue(): Stream<{ readonly value: Row; readonly count: number }, Mapped<Shape>>;

  /**
   * The rows of each key in a batch, or a value of each, as a list. A field that is missing is null.
   *
   * @example
   * stream.batches().groupByKey('origin', 'delay');
   */
  groupByKey<const Key extends KeyArgument<Row>>(
    key: Key,
  ): Stream<Keyed<Row, Key, readonly Row[]>, Mapped<Shape>>;
  groupByKey<const Key extends KeyArgument<Row>, const By extends ValueArgument<Row>>(
    key: Key,
    value: By,
  ): Stream<Keyed<Row, Key, readonly ValueBy<Row, By>[]>, Mapped<Shape>>;

  /**
   * A value of each row, combined two by two for each key of a batch.
   *
   * @example
   * stream.batches().reduceByKey('origin', 'delay', (left, right) => left + right);
   */
  reduceByKey<const Key extends KeyArgument<Row>, const By extends ValueArgument<Row>>(
    key: Key,
    value: By,
    reduce: Combine<ValueBy<Row, By>>,
  ): Stream<Keyed<Row, Key, ValueBy<Row, By>>, Mapped<Shape>>;

  /**
   * The rows of each batch in so many consecutive lists of even size.
   *
   * @example
   * stream.batches().glom(2);
   */
  glom(partitions: number): Stream<readonly Row[], Mapped<Shape>>;

  /**
   * Puts any rows in place of each of so many consecutive lists of even size.
   *
   * @example
   * stream.batches().mapPartitions(2, (rows) => [rows.length]);
   */
  mapPartitions<Next>(
    partitions: number,
    apply: (rows: readonly Row[]) => readonly Next[],
  ): Stream<Next, Mapped<Shape>>;

  /**
   * Pairs of rows of the same batch with equal keys: `{ left, right }`.
   *
   * @example
   * departures.batches().join(arrivals.batches(), { on: 'plane' });
   */
  readonly join: BatchJoin<Row, Shape, 'inner'>;
  /** The same, with the left rows that met no other and null beside them. */
  readonly leftJoin: BatchJoin<Row, Shape, 'left'>;
  /** The same, with the right rows that met no other and null beside them. */
  readonly rightJoin: BatchJoin<Row, Shape, 'right'>;
  /** The same, with all rows that met no other and null beside them. */
  readonly fullJoin: BatchJoin<Row, Shape, 'full'>;

  /**
   * One row for each key of a batch: its fields, and the rows of both sides as lists.
   *
   * @example
   * departures.batches().cogroup(arrivals.batches(), { on: 'plane' });
   */
  cogroup<Right, RightShape extends StreamShape, const On extends JoinKeys<Row, Right>>(
    other: BatchStream<Right, RightShape>,
    options: { readonly on: On },
  ): Stream<
    Flat<LeftKey<Row, On> & { readonly left: readonly Row[]; readonly right: readonly Right[] }>,
    Mapped<Met<Shape, RightShape>>
  >;

  /**
   * The rows of all batches whose time T' is in (T - length, T], in a batch of time T that is the
   * first in its slide: where T / slide has a greater whole part than the batch before had.
   *
   * @example
   * stream.batches().window('1 hour', '10 minutes');
   */
  readonly window: Stateful<
    Shape,
    (length: Duration, slide: Duration) => Stream<Row, Mapped<Shape>>
  >;

  /**
   * The rows of such a window combined two by two into one. With `inverse`, which takes off again
   * what has left the window, the cost of a window does not grow with its length.
   *
   * @example
   * stream.map((flight) => flight.delay).batches().reduceByWindow(Math.max, '1 hour', '10 minutes');
   */
  readonly reduceByWindow: Stateful<
    Shape,
    (
      reduce: Combine<Row>,
      length: Duration,
      slide: Duration,
      inverse?: Combine<Row>,
    ) => Stream<Row, Mapped<Shape>>
  >;

  /**
   * How many rows such a window has.
   *
   * @example
   * stream.batches().countByWindow('1 hour', '10 minutes');
   */
  readonly countByWindow: Stateful<
    Shape,
    (length: Duration, slide: Duration) => Stream<{ readonly count: number }, Mapped<Shape>>
  >;

  /**
   * How often each value comes in such a window; values are the same when their JSON is.
   *
   * @example
   * stream.map((flight) => flight.origin).batches().countByValueAndWindow('1 hour', '10 minutes');
   */
  readonly countByValueAndWindow: Stateful<
    Shape,
    (
      length: Duration,
      slide: Duration,
    ) => Stream<{ readonly value: Row; readonly count: number }, Mapped<Shape>>
  >;

  /**
   * A value of each row, combined two by two for each key of such a window. With `inverse` a key that
   * has left the window stays, until `filter` refuses its value.
   *
   * @example
   * stream.batches().reduceByKeyAndWindow({
   *   key: 'origin',
   *   value: () => 1,
   *   reduce: (left, right) => left + right,
   *   inverse: (total, left) => total - left,
   *   filter: (total) => total > 0,
   *   length: '1 hour',
   *   slide: '10 minutes',
   * });
   */
  readonly reduceByKeyAndWindow: Stateful<Shape, ReduceByKeyAndWindow<Row, Shape>>;

  /**
   * The rows of each key of such a window, or a value of each, as a list.
   *
   * @example
   * stream.batches().groupByKeyAndWindow({ key: 'origin', value: 'delay', length: '1 hour', slide: '1 hour' });
   */
  readonly groupByKeyAndWindow: Stateful<Shape, GroupByKeyAndWindow<Row, Shape>>;

  /** `.keyBy(…).updateStateByKey(…)` in one step. */
  readonly updateStateByKey: Stateful<Shape, UpdateStateByKey<Row, Shape>>;

  /** `.keyBy(…).mapWithState(…)` in one step. */
  readonly mapWithState: Stateful<Shape, MapWithState<Row, Shape>>;

  /** Another name of `.transformBatch`. */
  transform<Next>(
    apply: (rows: readonly Row[], context: BatchTime) => readonly Next[],
  ): Stream<Next, Mapped<Shape>>;
}

type BatchJoin<Row, Shape extends StreamShape, Type extends JoinType> = <
  Right,
  RightShape extends StreamShape,
>(
  other: BatchStream<Right, RightShape>,
  options: { readonly on: JoinKeys<Row, Right> },
) => Stream<Flat<Pair<Row, Right, Type>>, Mapped<Met<Shape, RightShape>>>;

type ReduceByKeyAndWindow<Row, Shape extends StreamShape> = <
  const Key extends KeyArgument<Row>,
  const By extends ValueArgument<Row>,
>(
  definition: WindowLengths & {
    readonly key: Key;
    readonly value: By;
    readonly reduce: Combine<ValueBy<Row, By>>;
    readonly inverse?: Combine<ValueBy<Row, By>>;
    readonly filter?: (value: ValueBy<Row, By>) => boolean;
  },
) => Stream<Keyed<Row, Key, ValueBy<Row, By>>, Mapped<Shape>>;

interface GroupByKeyAndWindow<Row, Shape extends StreamShape> {
  <const Key extends KeyArgument<Row>, const By extends ValueArgument<Row>>(
    definition: WindowLengths & { readonly key: Key; readonly value: By },
  ): Stream<Keyed<Row, Key, readonly ValueBy<Row, By>[]>, Mapped<Shape>>;
  <const Key extends KeyArgument<Row>>(
    definition: WindowLengths & { readonly key: Key },
  ): Stream<Keyed<Row, Key, readonly Row[]>, Mapped<Shape>>;
}

type UpdateStateByKey<Row, Shape extends StreamShape> = <const Key extends KeyArgument<Row>, State>(
  key: Key,
  update: (
    rows: readonly Row[],
    state: State | undefined,
    context: UpdateContext<ShownKey<KeyFields<Row, Key>>>,
  ) => State | undefined,
  options?: InitialState<KeyFields<Row, Key>, State>,
) => Stream<
  Flat<KeyFields<Row, Key> & { readonly state: State }>,
  With<Behind<Shape>, { rows: 'states' }>
>;

type MapWithState<Row, Shape extends StreamShape> = <
  const Key extends KeyArgument<Row>,
  State,
  Next,
>(
  key: Key,
  apply: (
    key: KeyFields<Row, Key>,
    row: Row | undefined,
    state: KeyState<State>,
  ) => Next | undefined,
  options?: MapWithStateOptions,
) => Stream<Next, Behind<Shape>>;
