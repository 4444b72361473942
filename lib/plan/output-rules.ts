// Which sink takes which rows in which output mode, as types. `validate.ts` states the same rules
// for plans that were built without a compiler.

import type { OutputMode } from './plan.ts';
import type { Invalid, StoredRow } from './row-types.ts';
import type { DynamodbSink, ForeachBatchSink, S3Sink, Sink } from './sink.ts';

/** What the types know of a stream besides its rows. */
export interface StreamShape {
  /** Whether an event time and a watermark are declared. */
  readonly watermark: boolean;
  /** `events` are on their way to a group, `groups` come from one, `derived` were mapped after it. */
  readonly rows: 'events' | 'groups' | 'derived';
  /** Whether the groups have windows. */
  readonly windowed: boolean;
  /** The rows that were grouped, where there are groups: what comes late is one of them. */
  readonly grouped: unknown;
}

/** The shape after `map` and `flatMap`: a row no longer stands for its group. */
export type Mapped<Shape extends StreamShape> = Shape['rows'] extends 'events'
  ? Shape
  : {
      watermark: Shape['watermark'];
      rows: 'derived';
      windowed: Shape['windowed'];
      grouped: Shape['grouped'];
    };

/** `unknown` where the sink takes such rows, else the reason why it does not. */
export type SinkRule<To extends Sink, Row, Shape extends StreamShape> = To extends DynamodbSink
  ? Shape['rows'] extends 'groups'
    ? unknown
    : Invalid<'a table needs rows as they come from .aggregate or .reduce, since their key names the item: put .to(dynamodb(…)) directly after it'>
  : To extends ForeachBatchSink<never>
    ? ForeachBatchSink<StoredRow<Row>>
    : unknown;

/** `unknown` where the mode can be used, else the reason why it cannot. */
export type ModeRule<
  Mode extends OutputMode,
  To extends Sink,
  Shape extends StreamShape,
> = To extends S3Sink
  ? Mode extends 'append'
    ? AppendRule<Shape>
    : Invalid<'files never change, so s3 takes mode append only: use append, or a dynamodb table'>
  : Mode extends 'append'
    ? AppendRule<Shape>
    : Mode extends 'complete'
      ? CompleteRule<Shape>
      : unknown;

type AppendRule<Shape extends StreamShape> = Shape['rows'] extends 'events'
  ? unknown
  : Shape['watermark'] extends true
    ? Shape['windowed'] extends true
      ? unknown
      : Invalid<'append of an aggregation needs a window: without one a group is never final; use mode update, or .window(…) before .aggregate'>
    : Invalid<'append of an aggregation needs a watermark: without one no group is ever final; declare .withWatermark(…) before .keyBy, or use mode update'>;

type CompleteRule<Shape extends StreamShape> = Shape['rows'] extends 'events'
  ? Invalid<'mode complete needs an aggregation: there is no table of all results without one; use mode append'>
  : unknown;
