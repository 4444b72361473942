// Turns the events that a user gives into records as producers put them: bytes, and the partition key
// that the pipeline declares.

import { placeTextReader } from '../operators/key.ts';
import type { Plan, Selector, SourceNode } from '../plan/plan.ts';
import { sourceOf } from '../plan/plan.ts';
import type { AloneResult } from './alone.ts';

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

/** One record as its producer puts it. */
export interface EventRecord {
  /** Bytes of its own, so that they tell which event it is. */
  readonly data: Uint8Array;
  readonly partitionKey: string;
  readonly atMs: number | null;
}

/** A record, and what the pipeline makes of its time. */
export interface PreparedEvent extends EventRecord, Pick<AloneResult, 'times'> {}

/** Reads events as the producers of a plan with one source would put them. */
export function eventRecords(plan: Plan, events: readonly unknown[]): readonly EventRecord[] {
  return sourceRecords(sourceOf(plan), events);
}

/** Reads events as the producers of a source would put them. */
export function sourceRecords(
  source: SourceNode,
  events: readonly unknown[],
): readonly EventRecord[] {
  const keyOf = partitionKeyReader(source);
  return events.map((each, index) => {
    const { event, options } = each instanceof Arriving ? each : new Arriving(each, {});
    const data = Uint8Array.from(bytesOf(event));
    return {
      data,
      partitionKey: options.partitionKey ?? keyOf(data, index),
      atMs: options.at ?? null,
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
