// Turns the events that a user gives into records as producers put them: bytes, the partition key that
// the pipeline declares, and the event times that its watermark reads, found by running the part of the
// pipeline in front of its watermark over each event alone.

import type { SinkTargets } from '../contract/environment.ts';
import { decodeBatch } from '../decoding/decode-batch.ts';
import { KEY_GROUP_COUNT } from '../model/hash-range.ts';
import { asBatchTimeMs, asShardId } from '../model/ids.ts';
import { placeTextReader } from '../operators/key.ts';
import { readerOf } from '../operators/selector.ts';
import type { Plan, Selector, SourceNode, WatermarkNode } from '../plan/plan.ts';
import { sourceOf } from '../plan/plan.ts';
import { compilePlan } from '../runtime/process-batch.ts';
import { KeyedState } from '../state/keyed-state.ts';
import { parseEventTime } from '../time/event-time.ts';

/** An event with what a producer decides beside it; made by `arriving`. */
export class Arriving {
  readonly event: unknown;
  readonly options: ArrivingOptions;

  constructor(event: unknown, options: ArrivingOptions) {
    this.event = event;
    this.options = options;
  }
}

/**
 * States when an event arrives, or by which partition key.
 *
 * @example
 * const events = [arriving({ user: 'ada' }, { at: Date.UTC(2026, 0, 1) }), { user: 'bob' }];
 */
export const arriving = (event: unknown, options: ArrivingOptions): Arriving =>
  new Arriving(event, options);

export interface ArrivingOptions {
  /**
   * When Kinesis takes it, in milliseconds since 1970 UTC.
   * @default soon after the event before it
   */
  readonly at?: number;
  /**
   * What decides its shard.
   * @default what the source is declared `partitionedBy`, else any
   */
  readonly partitionKey?: string;
}

/** One record, and what the pipeline makes of its time. */
export interface PreparedEvent {
  readonly data: Uint8Array;
  readonly partitionKey: string;
  readonly atMs: number | null;
  /** Least and greatest event time among its rows; `null` where it has none. */
  readonly times: { readonly minMs: number; readonly maxMs: number } | null;
}

/** Reads events as the plan's producers would put them. */
export function prepareEvents(
  plan: Plan,
  targets: SinkTargets,
  events: readonly unknown[],
): readonly PreparedEvent[] {
  const timesOf = timeReader(plan, targets);
  const keyOf = partitionKeyReader(sourceOf(plan));
  return events.map((each, index) => {
    const { event, options } = each instanceof Arriving ? each : new Arriving(each, {});
    const data = bytesOf(event);
    return {
      data,
      partitionKey: options.partitionKey ?? keyOf(data, index),
      atMs: options.at ?? null,
      times: timesOf(data),
    };
  });
}

/** An event as it is sent; throws where JSON has no form for it. */
export function bytesOf(event: unknown): Uint8Array {
  if (event instanceof Uint8Array) return event;
  const text = typeof event === 'string' ? event : JSON.stringify(event);
  if (text === undefined) throw new TypeError('its JSON is undefined');
  return Buffer.from(text, 'utf8');
}

/** Producers write the field of the event as they send it; a function is made for what the schema gives. */
function partitionKeyReader(source: SourceNode) {
  const { partitionedBy, partitionedByFunction } = source;
  const selectors: Selector[] =
    partitionedByFunction === undefined
      ? (partitionedBy ?? []).map((field) => ({ kind: 'field', field }))
      : [{ kind: 'function', select: partitionedByFunction }];
  const keyText = placeTextReader(selectors, source.uid);
  return (data: Uint8Array, index: number): string => {
    if (selectors.length === 0) return `event-${index}`;
    try {
      const event: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
      const text = keyText(partitionedByFunction === undefined ? event : checked(source, event));
      // Kinesis refuses empty keys and long ones.
      return text === '' || text.length > PARTITION_KEY_CHARACTERS_MAX ? `event-${index}` : text;
    } catch {
      // It will be a dead letter wherever it goes.
      return `event-${index}`;
    }
  };
}

const PARTITION_KEY_CHARACTERS_MAX = 256;

function checked({ schema }: SourceNode, event: unknown): unknown {
  const result = schema?.['~standard'].validate(event);
  if (result === undefined || result instanceof Promise || result.issues !== undefined)
    return event;
  return result.value;
}

/** So late that no event lies ahead of it. */
const FAR_FUTURE_MS = Date.UTC(9999, 0, 1);

/** Runs one event alone, with a look at the times that the watermark reads. */
function timeReader(plan: Plan, targets: SinkTargets) {
  let seen: number[] = [];
  const nodes = plan.nodes.map((node) => {
    if (node.kind !== 'watermark') return node;
    const read = readerOf(node.time, node.uid);
    const select = (row: unknown) => {
      const value = read(row);
      const time = parseEventTime(value, node.unit);
      if (typeof time === 'number') seen.push(time);
      return value;
    };
    return { ...node, time: { kind: 'function', select } } as WatermarkNode;
  });
  const executable = compilePlan({ ...plan, nodes }, targets);
  return (data: Uint8Array): PreparedEvent['times'] => {
    if (nodes.every(({ kind }) => kind !== 'watermark')) return null;
    seen = [];
    const { counts } = executable.processBatch({
      state: KeyedState.empty(),
      decoded: decodeBatch([recordOf(data)], null),
      from: 0,
      to: 1,
      shardId: asShardId('shardId-000000000000'),
      hashRange: { start: 0n, end: 2n ** 128n - 1n },
      watermarkMs: null,
      floors: [{ firstKeyGroup: 0, lastKeyGroup: KEY_GROUP_COUNT - 1, watermarkMs: null }],
      batchTimeMs: asBatchTimeMs(FAR_FUTURE_MS),
      outputName: 'alone-1',
      setAside: null,
    });
    if (counts.dead > 0 || seen.length === 0) return null;
    return { minMs: Math.min(...seen), maxMs: Math.max(...seen) };
  };
}

const recordOf = (data: Uint8Array) => ({
  kinesis: {
    sequenceNumber: '1',
    partitionKey: 'any',
    data: Buffer.from(data).toString('base64'),
    approximateArrivalTimestamp: FAR_FUTURE_MS / 1_000,
  },
  eventID: 'shardId-000000000000:1',
  eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
});
