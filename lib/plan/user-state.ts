// What user code that keeps state by key is given: the state of a group, or named parts of state,
// timers and a way out. Everything here is good for one call only: used later it throws, because by
// then the state it showed may have changed. What is handed out and taken in are copies of plain JSON.

import { type Duration, parseDuration } from '../time/duration.ts';
import type { StateSpec } from './plan.ts';

/** The times that a call may ask for. */
export interface CallTimes {
  /**
   * The watermark: 0 before any event moved it, -Infinity where it was opened downwards. A call for
   * rows sees the one their lateness goes by, a call for a timeout or a timer the one that made it due.
   */
  readonly watermarkMs: number;
  /** When the batch began, in milliseconds since 1970. */
  readonly batchTimeMs: number;
}

/** A key as functions see it: the value of its one field or function, or an object of its fields. */
export type ShownKey<Key> = IsUnion<keyof Key> extends true ? Key : Key[keyof Key];

type IsUnion<Type, All = Type> = Type extends unknown
  ? [All] extends [Type]
    ? false
    : true
  : never;

/** The state of one group in `mapGroupsWithState` and `flatMapGroupsWithState`. */
export interface GroupState<State> extends CallTimes {
  /** Whether the group has a state. */
  readonly exists: boolean;
  /** Whether the call is for a timeout; it has no rows then. */
  readonly hasTimedOut: boolean;
  /** The state. @throws Error when there is none. */
  get(): State;
  /** The state, or `undefined` when there is none. */
  getOption(): State | undefined;
  /** Sets the state to plain JSON. */
  update(state: State): void;
  /** Removes the state; a timeout that was set in this call stays. */
  remove(): void;
  /**
   * Asks for a call when the clock of a later batch has passed this time from now, unless rows come
   * first. Needs `timeout: 'processing-time'`.
   */
  setTimeoutDuration(duration: Duration): void;
  /**
   * Asks for a call once the watermark has passed this time, unless rows come first. Needs
   * `timeout: 'event-time'`; a time before the watermark is refused.
   */
  setTimeoutTimestamp(timestampMs: number): void;
}

/** The state of one key in `mapWithState`. */
export interface KeyState<State> extends CallTimes {
  /** Whether the key has a state. */
  readonly exists: boolean;
  /** Whether the key had no row for as long as its timeout: the state goes after this call. */
  readonly isTimingOut: boolean;
  /** The state. @throws Error when there is none. */
  get(): State;
  /** The state, or `undefined` when there is none. */
  getOption(): State | undefined;
  /** Sets the state to plain JSON; refused when it is timing out. */
  update(state: State): void;
  /** Removes the state; refused when it is timing out. */
  remove(): void;
}

/** What the function of `updateStateByKey` is told besides rows and state. */
export interface UpdateContext<Key> {
  /** Value of the one key field or function, or an object of the key's fields. */
  readonly key: Key;
  /** When the batch began, in milliseconds since 1970. */
  readonly batchTimeMs: number;
}

declare const held: unique symbol;

/** One named part of the state of `process`, and what it is like for user code. */
export interface StatePart<Handle> extends StateSpec {
  readonly [held]?: Handle;
}

/** One value per key. */
export interface ValueState<Value> {
  /** The value, or `undefined` when there is none. */
  get(): Value | undefined;
  set(value: Value): void;
  clear(): void;
}

/** A list of values per key. */
export interface ListState<Value> {
  /** All values, in the order in which they were added. */
  get(): readonly Value[];
  append(...values: readonly Value[]): void;
  /** Puts these in place of all values. */
  set(values: readonly Value[]): void;
  clear(): void;
}

/** Values by name per key. */
export interface MapState<Value> {
  get(name: string): Value | undefined;
  has(name: string): boolean;
  set(name: string, value: Value): void;
  delete(name: string): void;
  /** Names and values, in the order in which the names were added. */
  entries(): readonly (readonly [name: string, value: Value])[];
  clear(): void;
}

/** Options of a part of state. */
export interface StatePartOptions {
  /**
   * A value is gone so long after it was written, by the clock of the batches; of a list or a map
   * each value on its own.
   * @default it stays
   */
  readonly ttl?: Duration;
}

/**
 * One value per key, for `process`.
 *
 * @example
 * const state = { flights: value<number>(), gate: value<string>({ ttl: '1 day' }) };
 */
export function value<Value>(options: StatePartOptions = {}): StatePart<ValueState<Value>> {
  return statePart('value', options);
}

/**
 * A list of values per key, for `process`.
 *
 * @example
 * const state = { delays: list<number>() };
 */
export function list<Value>(options: StatePartOptions = {}): StatePart<ListState<Value>> {
  return statePart('list', options);
}

/**
 * Values by name per key, for `process`.
 *
 * @example
 * const state = { flightsByGate: map<number>() };
 */
export function map<Value>(options: StatePartOptions = {}): StatePart<MapState<Value>> {
  return statePart('map', options);
}

function statePart(kind: StateSpec['kind'], { ttl }: StatePartOptions): StateSpec {
  return { kind, ttlMs: ttl === undefined ? null : parseDuration(ttl) };
}

/** The parts of state that `process` declares, by name. */
export type StateParts = Readonly<Record<string, StatePart<unknown>>>;

/** What user code works with for each declared part. */
export type HandlesOf<Parts extends StateParts> = {
  readonly [Name in keyof Parts]: Parts[Name] extends StatePart<infer Handle> ? Handle : never;
};

/** Timers of one key: each fires once, when the watermark or the clock of a batch reaches it. */
export interface Timers {
  /** Adds a timer; one that is there already stays as it is. */
  register(timeMs: number): void;
  /** Takes a timer away; nothing happens when there is none. */
  delete(timeMs: number): void;
  /** All timers of the key that have not fired, ascending. */
  list(): readonly number[];
}

/** What `onRow` of `process` works with. */
export interface ProcessContext<Key, Parts extends StateParts, Out> extends CallTimes {
  /** Value of the one key field or function, or an object of the key's fields. */
  readonly key: Key;
  readonly state: HandlesOf<Parts>;
  readonly timers: Timers;
  /**
   * Gives a row out, when the call has ended well. Without a time of its own it has the event time of
   * the row, or of the timer; one at or before the watermark is refused, since it would be late.
   */
  emit(row: Out, timeMs?: number): void;
}

declare const emitted: unique symbol;

/** Stands for the type of rows that `.process` emits. */
export interface RowsOf<out Row> {
  readonly [emitted]?: () => Row;
}

/**
 * Says of which type the rows are that `.process` emits: TypeScript cannot see it.
 *
 * @example
 * const emits = rowsOf<{ origin: string; flights: number }>();
 */
export function rowsOf<Row>(): RowsOf<Row> {
  return {};
}
