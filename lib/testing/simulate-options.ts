// What `simulate` is told, and what it refuses, each with a sentence: a simulation that was asked for
// nothing, or for something that it does not know, must not pass.

import { EngineError } from '../model/errors.ts';
import type { ArrivalOrder, EventArrival } from './arrivals.ts';
import { Arriving, bytesOf } from './events.ts';
import {
  CALL_FAULTS,
  type FaultPlan,
  INVOCATION_FAULTS,
  WORLD_FAULTS,
} from './faults/fault-plan.ts';

export interface SimulateOptions {
  /**
   * Events in the order in which they arrive: objects (sent as JSON), texts or bytes, or what
   * `arriving` makes of one.
   */
  readonly events: readonly unknown[];
  /**
   * Runs, each with other faults, another order of arrival and another cut into batches.
   * @default 200, or 1 where only `seed` is given
   */
  readonly seeds?: number;
  /**
   * The first seed. 0 stands for the runs without faults, which every simulation begins with.
   * @default 1
   */
  readonly seed?: number;
  /**
   * The run to make instead: `failure.plan` of an earlier report.
   * @default runs are drawn from seeds
   */
  readonly plan?: SimulationPlan;
  /**
   * Shards of the stream.
   * @default 2
   */
  readonly shards?: number;
  /**
   * `any`: events may change places as far as the delay of the watermark allows, as those of
   * distributed producers do. `given`: they arrive as they stand.
   * @default 'any', but 'given' where `first`, `last` or `collectList` are defined by the order of arrival
   */
  readonly order?: ArrivalOrder;
  /**
   * Sees how far it is, after each run.
   * @default nobody sees it
   */
  readonly onProgress?: (progress: { readonly done: number; readonly of: number }) => void;
}

/** One run as plain data: the same events with the same plan go the same way. */
export interface SimulationPlan {
  readonly shards: number;
  readonly batchSize: number;
  /** Events by their place among those given, and when they arrive. */
  readonly arrivals: readonly EventArrival[];
  readonly faults: FaultPlan;
}

/** Throws the first thing that is wrong with the options. */
export function checkOptions(given: unknown): void {
  const options = fieldsOf(given, 'options', OPTIONS, ['events']);
  const { events, seeds = 1, seed = 1, plan, shards = 1, order = 'any', onProgress } = options;
  if (!Array.isArray(events)) {
    refuse(`events have to be an array, and are ${shown(events)}`);
  }
  if (events.length === 0) refuse('a simulation needs events: give it at least one');
  for (const [index, event] of Array.from(events).entries()) checkEvent(event, `event ${index}`);
  checkSpread(events);
  checkWhole(seeds, 'seeds', 1, RUNS_MAX);
  checkWhole(seed, 'seed', 0, Number.MAX_SAFE_INTEGER - RUNS_MAX);
  checkWhole(shards, 'shards', 1, SHARDS_MAX);
  checkOneOf(order, 'order', ['any', 'given']);
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    refuse(`onProgress has to be a function, and is ${shown(onProgress)}`);
  }
  if (plan === undefined) return;
  if (options['seed'] !== undefined || options['seeds'] !== undefined) {
    refuse('a plan is one run: leave out either the plan, or seed and seeds');
  }
  checkPlan(plan, events.length);
}

const OPTIONS = ['events', 'seeds', 'seed', 'plan', 'shards', 'order', 'onProgress'];
const RUNS_MAX = 1_000_000_000;
const SHARDS_MAX = 100;
/** Of Kinesis, unless a stream is made for larger ones. */
const EVENT_BYTES_MAX = 1_048_576;
const PARTITION_KEY_CHARACTERS_MAX = 256;
/** Of a mapping that reads from Kinesis. */
const BATCH_SIZE_MAX = 10_000;
const LATEST_MS = Date.UTC(9999, 0, 1);
const DAY_MS = 86_400_000;
/** A stream keeps its records for 365 days, and a run is judged by them at its end. */
const RUN_DAYS_MAX = 300;
const RUN_MS_MAX = RUN_DAYS_MAX * DAY_MS;

function checkEvent(given: unknown, name: string): void {
  const { event, options } = given instanceof Arriving ? given : new Arriving(given, {});
  if (event instanceof Arriving) refuse(`${name} is given to arriving twice`);
  const { at, partitionKey } = fieldsOf(options, `${name}: what arriving is told`, ARRIVING, []);
  if (at !== undefined) checkWhole(at, `${name}: at`, 0, LATEST_MS);
  if (partitionKey !== undefined) checkPartitionKey(partitionKey, name);
  if (['undefined', 'function', 'symbol', 'bigint'].includes(typeof event)) {
    refuse(`${name} is ${shown(event)}, which no producer can send`);
  }
  const byteLength = byteLengthOf(event, name);
  if (byteLength > EVENT_BYTES_MAX) {
    refuse(`${name} has ${byteLength} bytes: a record of Kinesis has ${EVENT_BYTES_MAX} at most`);
  }
}

function checkSpread(events: readonly unknown[]): void {
  const times = events.flatMap((each) => (each instanceof Arriving ? (each.options.at ?? []) : []));
  const [least, greatest] = times.reduce(
    ([min, max], time) => [Math.min(min, time), Math.max(max, time)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  if (greatest! - least! <= RUN_MS_MAX || times.length === 0) return;
  refuse(`events arrive more than ${RUN_DAYS_MAX} days apart, which no stream keeps`);
}

const ARRIVING = ['at', 'partitionKey'];

function checkPartitionKey(given: unknown, name: string): void {
  const characters = typeof given === 'string' ? [...given].length : 0;
  if (characters >= 1 && characters <= PARTITION_KEY_CHARACTERS_MAX) return;
  const limits = `1 to ${PARTITION_KEY_CHARACTERS_MAX} characters`;
  const is = typeof given === 'string' ? `has ${characters}` : `is ${shown(given)}`;
  refuse(`${name}: partitionKey has to be a text of ${limits}, and ${is}`);
}

function byteLengthOf(event: unknown, name: string): number {
  try {
    return bytesOf(event).byteLength;
  } catch (cause) {
    const [why] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    return refuse(`${name} cannot be sent as JSON: ${why}`);
  }
}

function checkPlan(given: unknown, eventCount: number): void {
  const names = ['shards', 'batchSize', 'arrivals', 'faults'];
  const { shards, batchSize, arrivals, faults } = fieldsOf(given, 'plan', names, names);
  checkWhole(shards, 'plan.shards', 1, SHARDS_MAX);
  checkWhole(batchSize, 'plan.batchSize', 1, BATCH_SIZE_MAX);
  const arriving = listOf(arrivals, 'plan.arrivals').map((arrival, index) => {
    const name = `plan.arrivals[${index}]`;
    const { event, atMs } = fieldsOf(arrival, name, ['event', 'atMs'], ['event', 'atMs']);
    checkWhole(event, `${name}.event`, 0, eventCount - 1);
    checkWhole(atMs, `${name}.atMs`, 0, RUN_MS_MAX);
    return event;
  });
  if (arriving.length === 0) refuse('plan.arrivals is empty: without events nothing is simulated');
  if (new Set(arriving).size < arriving.length) refuse('plan.arrivals has an event twice');
  checkFaults(faults);
}

function checkFaults(given: unknown): void {
  const names = ['seed', 'calls', 'invocations', 'world'];
  const faults = fieldsOf(given, 'plan.faults', names, names);
  checkWhole(faults['seed'], 'plan.faults.seed', 0, Number.MAX_SAFE_INTEGER);
  for (const [index, each] of listOf(faults['calls'], 'plan.faults.calls').entries()) {
    checkCallFault(each, `plan.faults.calls[${index}]`);
  }
  for (const [index, each] of listOf(faults['invocations'], 'plan.faults.invocations').entries()) {
    const name = `plan.faults.invocations[${index}]`;
    const fault = fieldsOf(each, name, ['invocation', 'kind'], ['invocation', 'kind']);
    checkWhole(fault['invocation'], `${name}.invocation`, 0, Number.MAX_SAFE_INTEGER);
    checkOneOf(fault['kind'], `${name}.kind`, INVOCATION_FAULTS);
  }
  for (const [index, each] of listOf(faults['world'], 'plan.faults.world').entries()) {
    const name = `plan.faults.world[${index}]`;
    const fault = fieldsOf(each, name, ['atMs', 'kind'], ['atMs', 'kind']);
    checkWhole(fault['atMs'], `${name}.atMs`, 0, RUN_MS_MAX);
    checkOneOf(fault['kind'], `${name}.kind`, WORLD_FAULTS);
  }
}

function checkCallFault(given: unknown, name: string): void {
  const isAny = typeof given === 'object' && given !== null && 'call' in given;
  const needed = isAny ? ['call', 'kind'] : ['operation', 'nth', 'kind'];
  const fault = fieldsOf(given, name, isAny ? needed : [...needed, 'invocation'], needed);
  const place = isAny ? 'call' : 'nth';
  checkWhole(fault[place], `${name}.${place}`, 0, Number.MAX_SAFE_INTEGER);
  if (fault['invocation'] !== undefined) {
    checkWhole(fault['invocation'], `${name}.invocation`, 0, Number.MAX_SAFE_INTEGER);
  }
  if (!isAny && typeof fault['operation'] !== 'string') {
    refuse(`${name}.operation has to be a text, and is ${shown(fault['operation'])}`);
  }
  checkOneOf(fault['kind'], `${name}.kind`, CALL_FAULTS);
}

/** The fields of an object that has those it needs, and no other than those it may have. */
function fieldsOf(
  given: unknown,
  name: string,
  known: readonly string[],
  needed: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return refuse(`${name} has to be an object with ${known.join(', ')}, and is ${shown(given)}`);
  }
  const fields = given as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((each) => !known.includes(each));
  if (unknown !== undefined) {
    refuse(`${name} has no '${unknown}': it may have ${known.join(', ')}`);
  }
  const missing = needed.find((each) => fields[each] === undefined);
  return missing === undefined ? fields : refuse(`${name} needs ${missing}`);
}

function listOf(given: unknown, name: string): readonly unknown[] {
  return Array.isArray(given)
    ? Array.from(given)
    : refuse(`${name} has to be an array, and is ${shown(given)}`);
}

function checkWhole(given: unknown, name: string, min: number, max: number): void {
  if (Number.isSafeInteger(given) && (given as number) >= min && (given as number) <= max) return;
  refuse(`${name} has to be a whole number from ${min} to ${max}, and is ${shown(given)}`);
}

function checkOneOf(given: unknown, name: string, known: readonly string[]): void {
  if (known.includes(given as string)) return;
  const choices = known.map((each) => `'${each}'`).join(', ');
  refuse(`${name} is ${shown(given)}: choose one of ${choices}`);
}

function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return 'a function';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'an array' : `a ${value.constructor?.name ?? 'object'}`;
    default:
      return String(value);
  }
}

const TEXT_MAX = 40;

function refuse(message: string): never {
  throw new EngineError('invalid', message);
}
