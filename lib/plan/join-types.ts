// Rows and options of joins, and keys as arguments, as types.

import type { Duration } from '../time/duration.ts';
import type { JoinType, TimeWindowSpec } from './plan.ts';
import type { FieldOf, FieldValue, Flat, Scalar } from './row-types.ts';

/** A key as one argument: a field, several, or a function whose value becomes the field `key`. */
export type KeyArgument<Row> =
  | FieldOf<Row, Scalar>
  | readonly [FieldOf<Row, Scalar>, ...FieldOf<Row, Scalar>[]]
  | ((row: Row) => Scalar);

/** The fields of a result row that name its key. */
export type KeyFields<Row, Key> = Key extends (row: never) => infer Value
  ? { readonly key: Value }
  : Key extends string
    ? { readonly [Name in Key]: FieldValue<Row, Name> }
    : Key extends readonly string[]
      ? { readonly [Name in Key[number]]: FieldValue<Row, Name> }
      : never;

/** Which rows of two streams belong together. */
export type JoinKeys<Left, Right> =
  | (FieldOf<Left, Scalar> & FieldOf<Right, Scalar>)
  | readonly (FieldOf<Left, Scalar> & FieldOf<Right, Scalar>)[]
  | readonly (readonly [left: FieldOf<Left, Scalar>, right: FieldOf<Right, Scalar>])[]
  | {
      readonly left: (row: Left) => Scalar;
      readonly right: (row: Right) => Scalar;
    };

/** Bounds of the right row's event time less the left row's; a length may be negative. */
export interface TimeBounds {
  /**
   * The least difference.
   * @default there is no least one
   */
  readonly from?: Duration;
  /**
   * The greatest difference.
   * @default there is no greatest one
   */
  readonly to?: Duration;
  /**
   * Whether the least difference itself is in.
   * @default true
   */
  readonly fromInclusive?: boolean;
  /**
   * Whether the greatest difference itself is in.
   * @default true
   */
  readonly toInclusive?: boolean;
}

/** Options of `.join`. */
export interface JoinOptions<Left, Right, Type extends JoinType> {
  /**
   * `inner`: pairs only; `left`, `right`, `full`: also rows of that side, or both, that met no other,
   * once none can come any more; `semi`: the left rows that met another, once each.
   * @default 'inner'
   */
  readonly type?: Type;
  /** The keys: a field of both, several, pairs of fields, or a function for each side. */
  readonly on: JoinKeys<Left, Right>;
  /**
   * Whether null equals null.
   * @default false: null equals nothing
   */
  readonly nullSafe?: boolean;
  /**
   * How far apart the event times of a pair may be.
   * @default any distance
   */
  readonly within?: TimeBounds;
  /**
   * Rows meet only in the same window of event time.
   * @default no windows
   */
  readonly window?: TimeWindowSpec;
  /**
   * Decides about a pair whose keys and times fit.
   * @default each is taken
   */
  readonly where?: (left: Left, right: Right) => boolean;
  /**
   * A left row for which this is false meets no other, and is never stored.
   * @default each may
   */
  readonly leftWhere?: (left: Left) => boolean;
  /**
   * A right row for which this is false meets no other, and is never stored.
   * @default each may
   */
  readonly rightWhere?: (right: Right) => boolean;
}

/** A pair; the side that is missing is null. */
export type Pair<Left, Right, Type extends JoinType> = {
  readonly left: Type extends 'right' | 'full' ? Left | null : Left;
  readonly right: Type extends 'left' | 'full' ? Right | null : Right;
};

/** Rows of a join: pairs, with their window if there is one; left rows of a semi join. */
export type JoinedRow<Left, Right, Type extends JoinType, Bounds> = Type extends 'semi'
  ? Left
  : Flat<Pair<Left, Right, Type> & Bounds>;

/** Options of `.joinStatic`. */
export interface StaticJoinOptions<Left, Right, Type extends 'inner' | 'left'> {
  /** A field of both, several, or pairs of a row's field and a table's. */
  readonly on:
    | (FieldOf<Left, Scalar> & FieldOf<Right, Scalar>)
    | readonly (FieldOf<Left, Scalar> & FieldOf<Right, Scalar>)[]
    | readonly (readonly [left: FieldOf<Left, Scalar>, right: FieldOf<Right, Scalar>])[];
  /**
   * Whether rows without a match come out, with null.
   * @default 'inner'
   */
  readonly type?: Type;
  /**
   * A table is read again once it is older than this.
   * @default '5 minutes'
   */
  readonly refresh?: Duration;
}
