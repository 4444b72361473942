// Options of the steps of the authoring API, and what they hand to functions of the user.

import type { Duration } from '../time/duration.ts';
import type { TimeUnit } from '../time/event-time.ts';
import type { FieldOf } from './row-types.ts';
import type { ProcessContext, RowsOf, ShownKey, StateParts } from './user-state.ts';

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
  /**
   * After so long without a row this watermark holds no other back.
   * @default it always does
   */
  readonly idleTimeout?: Duration;
  /**
   * Whether times before 1970 are on time: by default the watermark begins at 1970, and rows up to
   * there are late from the first batch.
   * @default false
   */
  readonly beforeEpoch?: boolean;
}

/** The batch that a function of a user is called for. */
export interface BatchTime {
  /** The clock, read once per batch, in milliseconds since 1970; the same in a repeat. */
  readonly batchTimeMs: number;
}

/** Options of `.window`. */
export interface WindowOptions {
  /**
   * How long a closed window is kept for late rows.
   * @default '0 seconds'
   */
  readonly allowedLateness?: Duration;
}

/** Options of `.mapGroupsWithState` and `.flatMapGroupsWithState`. */
export interface TimeoutOptions {
  /**
   * What timeouts go by: nothing, the clock of batches, or the watermark, which drops rows at or
   * before it.
   * @default 'none'
   */
  readonly timeout?: 'none' | 'processing-time' | 'event-time';
}

/** Options of `.mapWithState`. */
export interface MapWithStateOptions {
  /**
   * State goes after so long without a row, by the clock of batches.
   * @default it stays
   */
  readonly timeout?: Duration;
}

/** Options of `.updateStateByKey`. */
export interface InitialState<Key, State> {
  /**
   * State that keys have before any row.
   * @default none
   */
  readonly initial?: readonly (readonly [key: Key | Key[keyof Key], state: State])[];
}

/** What `.process` is made of. */
export interface ProcessDefinition<Row, Key, State extends StateParts, Out> {
  /**
   * What is kept per key, by name.
   * @default nothing
   */
  readonly state?: State;
  /**
   * What timers go by: the watermark, or the clock of batches.
   * @default there are no timers
   */
  readonly timers?: 'event-time' | 'processing-time';
  /**
   * The type of the rows that are emitted.
   * @default unknown
   */
  readonly emits?: RowsOf<Out>;
  onRow(row: Row, context: ProcessContext<ShownKey<Key>, State, Out>): void;
  /**
   * Called for each timer once its time has come.
   * @default nothing is called
   */
  onTimer?(timeMs: number, context: ProcessContext<ShownKey<Key>, State, Out>): void;
}

export /** The window of a result row: ISO 8601 in UTC with milliseconds, the end exclusive. */
export interface WindowBounds {
  readonly windowStart: string;
  readonly windowEnd: string;
}

export type TimeValue<Unit extends TimeUnit> = Unit extends 'iso' ? string : number;

export type TimeOf<Row, Unit extends TimeUnit> =
  | FieldOf<Row, TimeValue<NoInfer<Unit>> | null>
  | ((row: Row) => TimeValue<NoInfer<Unit>> | null | undefined);
