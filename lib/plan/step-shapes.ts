// The shape of a stream behind each step, and what a step asks of the one in front of it, as types.

import type { Behind, Met, StreamShape, With } from './output-rules.ts';
import type { CountWindowSpec, JoinType, SessionWindowSpec } from './plan.ts';
import type { Invalid } from './row-types.ts';

/** The shape of the events of a source. */
export type Events = {
  watermark: false;
  rows: 'events';
  windowed: false;
  late: never;
  limit: 'none';
};

export type Timed<Shape extends StreamShape> = With<Shape, { watermark: true; late: never }>;

export type Clocked<Shape extends StreamShape, Method> = Shape['rows'] extends 'events' | 'states'
  ? Shape['limit'] extends 'chain'
    ? Invalid<'the watermark is declared on events: put .withWatermark before .keyBy'>
    : Method
  : Invalid<'the watermark is declared on events: put .withWatermark before .keyBy'>;

export type LimitBehind<Shape extends StreamShape> = Behind<Shape>['limit'] extends 'none'
  ? 'limit'
  : Behind<Shape>['limit'];

export type Deduplicated<Row, Shape extends StreamShape> = With<Behind<Shape>, { late: Row }>;

export type Joined<Late, Left extends StreamShape, Right extends StreamShape> = With<
  Behind<Met<Left, Right>>,
  { late: Late; limit: Behind<Met<Left, Right>>['limit'] extends 'chain' ? 'chain' : 'join' }
>;

/** Rows that met no other come out once none can come any more, which takes a bound. */
export type BoundRule<Type extends JoinType> = [Type] extends ['inner']
  ? unknown
  : { readonly within: object };

export type WindowRule<Window, Shape extends StreamShape> = Window extends CountWindowSpec
  ? unknown
  : Shape['watermark'] extends true
    ? unknown
    : Invalid<'a window needs an event time and a watermark: declare .withWatermark(…) before .keyBy'>;

export type WindowLimit<Window, Shape extends StreamShape> = Shape['limit'] extends 'none' | 'limit'
  ? Window extends CountWindowSpec
    ? 'count'
    : Window extends SessionWindowSpec
      ? 'session'
      : Shape['limit']
  : Shape['limit'];

export type Grouped<Row, Shape extends StreamShape> = With<Shape, { rows: 'groups'; late: Row }>;

/** Aggregates must not take the name of a key, of a window bound, or of what tables keep for themselves. */
export type NameRule<Aggregates, Group> = {
  readonly [Name in keyof Aggregates]: Name extends keyof Group | 'pk' | 'sk' | `_${string}`
    ? Invalid<'this name is taken by the key, the window or the table: choose another'>
    : unknown;
};

export type DistributiveOmit<Row, Names extends PropertyKey> = Row extends unknown
  ? Omit<Row, Names>
  : never;
