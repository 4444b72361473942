// What functions of the user see of their state: in `.mapGroupsWithState` and its kin one state per
// key, in `.process` named ones and timers. The engine makes these values; here are their types.

import type { Duration } from '../time/duration.ts';
import { parseDuration } from '../time/duration.ts';
import type { StateSpec } from './plan.ts';

declare const kept: unique symbol;

/** The state of one key in `.mapGroupsWithState` and `.flatMapGroupsWithState`. */
export interface GroupState<State> {
  /** Whether there is a state. */
  readonly exists: boolean;
  /** Whether this call is about a timeout; there are no rows then. */
  readonly hasTimedOut: boolean;
  /** Event time up to which no more rows are expected, in milliseconds since 1970; 0 before any. */
  readonly watermarkMs: number;
  /** The clock at the begin of the batch, in milliseconds since 1970; the same in a repeat. */
  readonly batchTimeMs: number;
  /**
   * The state.
   * @throws Error where there is none.
   */
  get(): State;
  /** The state, or `undefined` where there is none. */
  getOption(): State | undefined;
  /** Sets the state: any JSON value. */
  update(state: State): void;
  /** Forgets the state, and its timeout. */
  remove(): void;
  /** Calls back so many milliseconds after the batch, of a group whose timeout is `'processing-time'`. */
  setTimeoutDuration(durationMs: number): void;
  /** Calls back once the watermark passes this time, of a group whose timeout is `'event-time'`. */
  setTimeoutTimestamp(timeMs: number): void;
}

/** The state of one key in `.mapWithState`. */
export type MappedState<State> = Omit<
  GroupState<State>,
  'setTimeoutDuration' | 'setTimeoutTimestamp'
>;

/** One named part of the state of a key in `.process`, read and written as a `View`. */
export interface KeptState<out View> extends StateSpec {
  readonly [kept]?: () => View;
}

/** One value of a key. */
export interface ValueState<Value> {
  /** The value, or `undefined` where there is none. */
  get(): Value | undefined;
  set(value: Value): void;
  clear(): void;
}

/** A list of a key, in the order of appending. */
export interface ListState<Item> {
  get(): readonly Item[];
  append(item: Item): void;
  set(items: readonly Item[]): void;
  clear(): void;
}

/** Values of a key by a text. */
export interface MapState<Value> {
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
  delete(name: string): void;
  entries(): readonly (readonly [name: string, value: Value])[];
}

/** Timers of a key. They go by the watermark or by the clock of batches, as `.process` says. */
export interface Timers {
  /** Calls `onTimer` with this time, in milliseconds since 1970, once it has come. */
  register(timeMs: number): void;
  delete(timeMs: number): void;
  /** The times that are still to come, earliest first. */
  list(): readonly number[];
}

/** What functions of `.process` work with: named state, timers, and a way out for rows. */
export interface ProcessContext<Key, State, Out> {
  readonly key: Key;
  readonly state: State;
  readonly timers: Timers;
  readonly watermarkMs: number;
  readonly batchTimeMs: number;
  /**
   * Hands a row on, with an event time, or that of the row or timer at hand. A time that the watermark
   * has passed is a fault of the record.
   */
  emit(row: Out, timeMs?: number): void;
}

/** Options of a part of state. */
export interface StateOptions {
  /**
   * What was written so long ago is gone, by the clock of batches.
   * @default it stays until it is cleared
   */
  readonly ttl?: Duration;
}

/**
 * One value per key, any JSON.
 *
 * @example
 * const state = { flights: value<number>(), gate: value<string>({ ttl: '1 day' }) };
 */
export function value<Value>(options: StateOptions = {}): KeptState<ValueState<Value>> {
  return keptState('value', options);
}

/**
 * A list per key.
 *
 * @example
 * const state = { delays: list<number>() };
 */
export function list<Item>(options: StateOptions = {}): KeptState<ListState<Item>> {
  return keptState('list', options);
}

/**
 * Values by text, per key.
 *
 * @example
 * const state = { flightsByGate: map<number>() };
 */
export function map<Value>(options: StateOptions = {}): KeptState<MapState<Value>> {
  return keptState('map', options);
}

function keptState(kind: StateSpec['kind'], { ttl }: StateOptions): KeptState<never> {
  return { kind, ttlMs: ttl === undefined ? null : parseDuration(ttl) };
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
