import type { StandardSchemaV1 } from '@standard-schema/spec';
import { assert } from '../model/assert.ts';
import type { TimeUnit } from '../time/event-time.ts';

// A plan is plain data plus the user's own functions. Nodes stand in topological order and name
// their inputs by uid, so that unions and joins need no other form. Nothing here runs anything.

/** A value of an event: a field by name (own property), or a function of the user. */
export type Selector =
  | { readonly kind: 'field'; readonly field: string }
  | { readonly kind: 'function'; readonly select: (event: never) => unknown };

export type { Duration } from '../time/duration.ts';
export type { TimeUnit } from '../time/event-time.ts';

export type OutputMode = 'append' | 'update' | 'complete';

/** `tumbling` is sliding with slide = size; a sliding size need not be a multiple of its slide. */
export interface WindowSpec {
  readonly sizeMs: number;
  readonly slideMs: number;
}

/** One named result of an aggregation. `input` is absent for a plain `count()`, which counts rows. */
export type AggregateSpec =
  | {
      readonly kind:
        | 'count'
        | 'countIf'
        | 'sum'
        | 'avg'
        | 'min'
        | 'max'
        | 'stddev'
        | 'variance'
        | 'median'
        | 'first'
        | 'last'
        | 'collectList'
        | 'collectSet';
      readonly input: Selector | null;
      /** Digits after the point; makes `sum` and `avg` exact. `null`: numbers are doubles. */
      readonly decimalScale: number | null;
    }
  | {
      readonly kind: 'topK';
      readonly input: Selector;
      readonly decimalScale: null;
      readonly k: number;
      /** What the values are ranked by; `null`: by themselves. */
      readonly by: Selector | null;
    }
  | {
      readonly kind: 'approxCountDistinct';
      readonly input: Selector;
      readonly decimalScale: null;
      /** Standard deviation of the count's relative error. */
      readonly relativeError: number;
    }
  | {
      readonly kind: 'approxPercentile';
      readonly input: Selector;
      readonly decimalScale: null;
      /** Shares of 0 to 1: one for a number, a list for a list. */
      readonly percentages: number | readonly number[];
      /** Its inverse is the greatest relative error of a percentile. */
      readonly accuracy: number;
    }
  | {
      readonly kind: 'custom';
      readonly zero: () => unknown;
      readonly add: (accumulator: never, event: never) => unknown;
      readonly merge: (left: never, right: never) => unknown;
      readonly result: (accumulator: never) => unknown;
    };

/** Aggregates that are defined by the order of arrival. */
export const BY_ARRIVAL: ReadonlySet<AggregateSpec['kind']> = new Set([
  'first',
  'last',
  'collectList',
]);

export interface SourceNode {
  readonly kind: 'kinesis-source';
  readonly uid: string;
  readonly inputs: readonly [];
  /** Logical name of the stream. */
  readonly name: string;
  readonly schema: StandardSchemaV1 | null;
  /** Declares that every event sits in the shard that owns the MD5 of this field's text. */
  readonly partitionedBy: readonly string[] | null;
  /** The same declaration by a function: the keyed operators of the plan have it as their selector. */
  readonly partitionedByFunction?: (event: never) => unknown;
}

export interface MapNode {
  readonly kind: 'map' | 'flat-map' | 'filter';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly apply: (event: never) => unknown;
}

export interface WatermarkNode {
  readonly kind: 'watermark';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly time: Selector;
  readonly unit: TimeUnit;
  readonly delayMs: number;
  /** Events further ahead of their arrival than this are dead letters. */
  readonly maxAheadMs: number;
}

/** How rows are grouped: field names, or one function whose value becomes the field `key`. */
export interface KeySpec {
  readonly fields: readonly string[];
  readonly selectors: readonly Selector[];
}

export interface AggregateNode {
  readonly kind: 'aggregate';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  /** `null`: one group per key for ever. */
  readonly window: WindowSpec | null;
  readonly aggregates: Readonly<Record<string, AggregateSpec>>;
  /** Uid of the sink that takes rows late for all their windows. */
  readonly lateSink: string | null;
}

/**
 * `reduce`: one accumulated row per key and window, of the type of its input. It comes out with the
 * key's fields first, then `windowStart` and `windowEnd` where there is a window, then its own other
 * fields; key and window win over fields of the same name, since they identify the row.
 */
export interface ReduceNode {
  readonly kind: 'reduce';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  readonly window: WindowSpec | null;
  readonly reduce: (left: never, right: never) => unknown;
  readonly lateSink: string | null;
}

export type SinkNode = {
  readonly uid: string;
  /** Empty for a late sink: its rows come from the node that names it. */
  readonly inputs: readonly [string] | readonly [];
  readonly mode: OutputMode;
} & (
  | {
      readonly kind: 'dynamodb-sink';
      readonly name: string;
      /** Fields that identify an item: key fields first (pk), then the window's start (sk). */
      readonly keyFields: readonly string[];
      readonly windowed: boolean;
    }
  | {
      readonly kind: 's3-sink';
      readonly name: string;
      /** Hive-style partition of a row's time, in UTC: `dt=YYYY-MM-DD` or `dt=…/hh=HH`. */
      readonly partitionBy: 'day' | 'hour' | 'none';
    }
  | {
      readonly kind: 'foreach-batch-sink';
      readonly name: string;
      /** Gets the committed rows of one batch as they are stored; see `ForeachBatchSink`. */
      readonly apply: (
        rows: readonly never[],
        batchId: string,
        context: { readonly signal: AbortSignal },
      ) => unknown;
    }
  | { readonly kind: 'noop-sink' }
);

export type PlanNode = SourceNode | MapNode | WatermarkNode | AggregateNode | ReduceNode | SinkNode;

export interface Plan {
  readonly name: string;
  readonly nodes: readonly PlanNode[];
  /** Digest, 16 hex digits, of all that stored state depends on: not of sinks, not of functions. */
  readonly hash: string;
}

/** The plan's one source. */
export function sourceOf(plan: Plan): SourceNode {
  const source = plan.nodes.find((node) => node.kind === 'kinesis-source');
  assert(source !== undefined, `plan ${plan.name} has no source`);
  return source;
}

/** Whether the plan keeps state by key. */
export function isKeyed(plan: Plan): boolean {
  return plan.nodes.some(({ kind }) => kind === 'aggregate' || kind === 'reduce');
}

const SINK_KINDS: ReadonlySet<string> = new Set<SinkNode['kind']>([
  'dynamodb-sink',
  's3-sink',
  'foreach-batch-sink',
  'noop-sink',
]);

/** Whether rows leave the plan here. */
export function isSink(node: PlanNode): node is SinkNode {
  return SINK_KINDS.has(node.kind);
}
