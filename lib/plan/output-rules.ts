// Which sink takes which rows in which output mode, as types. `rules/output-rules.ts` states the same
// for plans that were built without a compiler.

import type { OutputMode } from './plan.ts';
import type { Invalid, StoredRow } from './row-types.ts';
import type { DynamodbSink, ForeachBatchSink, S3Sink, Sink } from './sink.ts';

/** What the types know of a stream besides its rows. */
export interface StreamShape {
  /** Whether an event time and a watermark are declared. */
  readonly watermark: boolean;
  /**
   * `events` are final as they come, `states` as well and their key names an item of a table,
   * `groups` come from an aggregation, `derived` were mapped after it.
   */
  readonly rows: 'events' | 'states' | 'groups' | 'derived';
  /** Whether the groups have windows. */
  readonly windowed: boolean;
  /** The rows that may be late for the operator that was just written; `never`: there is none. */
  readonly late: unknown;
  /** What decides about output modes, besides the watermark and windows of an aggregation. */
  readonly limit: 'none' | 'limit' | 'session' | 'count' | 'join' | 'chain' | 'map-groups';
}

/** The shape with some of it replaced. */
export type With<Shape extends StreamShape, Changes extends Partial<StreamShape>> = {
  [Name in keyof StreamShape]: Name extends keyof Changes ? Changes[Name] : Shape[Name];
} extends infer Next extends StreamShape
  ? Next
  : never;

type OfGroups = 'groups' | 'derived';

/** The shape after `map` and its kin: a row no longer stands for its group. */
export type Mapped<Shape extends StreamShape> = With<
  Shape,
  { rows: Shape['rows'] extends OfGroups ? 'derived' : 'events'; late: never }
>;

/** The shape of rows that an operator with state hands on, each once. */
export type Behind<Shape extends StreamShape> = With<
  Shape,
  {
    rows: 'events';
    windowed: false;
    late: never;
    limit: Shape['rows'] extends OfGroups ? 'chain' : Shape['limit'];
  }
>;

/** The shape where two streams meet. */
export type Met<Left extends StreamShape, Right extends StreamShape> = With<
  Left,
  {
    watermark: Both<Left['watermark'], Right['watermark']>;
    rows: Left['rows'] extends OfGroups
      ? 'derived'
      : Right['rows'] extends OfGroups
        ? 'derived'
        : 'events';
    windowed: Left['rows'] extends OfGroups
      ? Right['rows'] extends OfGroups
        ? Both<Left['windowed'], Right['windowed']>
        : Left['windowed']
      : Right['windowed'];
    late: never;
    limit: Stricter<Left['limit'], Right['limit']>;
  }
>;

type Both<One extends boolean, Other extends boolean> = One extends true ? Other : false;

/** Of two restrictions the one that allows less. */
export type Stricter<
  One extends StreamShape['limit'],
  Other extends StreamShape['limit'],
> = One extends 'none'
  ? Other
  : Other extends 'none'
    ? One
    : One extends 'limit' | 'session'
      ? Other
      : One;

/** `Method` where an operator with state can stand, else the reason why it cannot. */
export type Stateful<Shape extends StreamShape, Method> = Shape['limit'] extends 'map-groups'
  ? Invalid<'mapGroupsWithState gives rows in mode update, which no operator with state takes: use flatMapGroupsWithState'>
  : Shape['rows'] extends OfGroups
    ? Shape['limit'] extends 'count'
      ? Method
      : Shape['watermark'] extends true
        ? Shape['windowed'] extends true
          ? Method
          : Invalid<'behind an aggregation an operator with state takes its final rows, and without a window none ever is: put .window(…) before .aggregate'>
        : Invalid<'behind an aggregation an operator with state takes its final rows, and without a watermark none ever is: declare .withWatermark(…) before .keyBy'>
    : Method;

/** `unknown` where the sink takes such rows, else the reason why it does not. */
export type SinkRule<To extends Sink, Row, Shape extends StreamShape> = To extends DynamodbSink
  ? Shape['rows'] extends 'groups' | 'states'
    ? unknown
    : Invalid<'a table needs rows as they come from .aggregate, .reduce or .updateStateByKey, since their key names the item: put .to(dynamodb(…)) directly after it'>
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
      : Mode extends 'update'
        ? UpdateRule<Shape>
        : unknown;

type AppendRule<Shape extends StreamShape> = Shape['limit'] extends 'map-groups'
  ? Invalid<'mapGroupsWithState gives rows in mode update only: use mode update, or flatMapGroupsWithState'>
  : Shape['rows'] extends OfGroups
    ? Shape['limit'] extends 'count'
      ? unknown
      : Shape['watermark'] extends true
        ? Shape['windowed'] extends true
          ? unknown
          : Invalid<'append of an aggregation needs a window: without one a group is never final; use mode update, or .window(…) before .aggregate'>
        : Invalid<'append of an aggregation needs a watermark: without one no group is ever final; declare .withWatermark(…) before .keyBy, or use mode update'>
    : unknown;

type UpdateRule<Shape extends StreamShape> = Shape['limit'] extends 'none' | 'map-groups'
  ? unknown
  : Invalid<ModeRefusals[Exclude<Shape['limit'], 'none' | 'map-groups'>]['update']>;

type CompleteRule<Shape extends StreamShape> = Shape['rows'] extends OfGroups
  ? Shape['limit'] extends 'none' | 'limit' | 'session' | 'map-groups'
    ? unknown
    : Invalid<ModeRefusals[Exclude<Shape['limit'], 'none' | 'map-groups'>]['complete']>
  : Invalid<'mode complete needs an aggregation: there is no table of all results without one; use mode append'>;

/** Why a mode is refused, by what stands in front of the sink. */
interface ModeRefusals {
  readonly limit: {
    readonly update: 'rows behind .limit never change: use mode append';
    readonly complete: '';
  };
  readonly session: {
    readonly update: 'a session is taken back when it grows, which mode update cannot say: use mode append';
    readonly complete: '';
  };
  readonly count: {
    readonly update: 'a window of so many rows comes out when it is full, and never changes: use mode append';
    readonly complete: 'a window of so many rows comes out when it is full, and is not kept: use mode append';
  };
  readonly join: {
    readonly update: 'pairs of a join never change, and what follows takes them in mode append only: use mode append';
    readonly complete: 'what follows a join takes its rows in mode append only: use mode append';
  };
  readonly chain: {
    readonly update: 'operators behind an aggregation take its final rows, which mode append gives: use mode append';
    readonly complete: 'operators behind an aggregation take its final rows, which mode append gives: use mode append';
  };
}
