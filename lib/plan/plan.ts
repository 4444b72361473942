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

/**
 * Windows of event time. `tumbling` is sliding with slide = size; a sliding size need not be a
 * multiple of its slide. A size of zero with a slide of 1 is one group for each event time.
 */
export interface TimeWindowSpec {
  readonly kind: 'time';
  readonly sizeMs: number;
  readonly slideMs: number;
}

/** A session ends where no row of its key came for a gap; a gap of zero or less removes its row. */
export interface SessionWindowSpec {
  readonly kind: 'session';
  /** Length of the gap, or a function of the row that gives it in milliseconds. */
  readonly gap: number | ((row: never) => unknown);
}

/** A window of so many rows of a key, a new one every `slide` rows. */
export interface CountWindowSpec {
  readonly kind: 'count';
  readonly size: number;
  readonly slide: number;
}

export type WindowSpec = TimeWindowSpec | SessionWindowSpec | CountWindowSpec;

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
  /** After so long without a row this watermark holds no other back; `null`: it always does. */
  readonly idleTimeoutMs: number | null;
  /** Where the watermark begins: rows up to there are late from the first batch; `null`: nowhere. */
  readonly startMs: 0 | null;
}

/** Rows take the time of their batch as event time, and the watermark follows the clock. */
export interface ProcessingTimeNode {
  readonly kind: 'processing-time';
  readonly uid: string;
  readonly inputs: readonly [string];
}

/** Another of the row's times is its event time from here on; the watermark stays. */
export interface EventTimeNode {
  readonly kind: 'event-time';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly time: Selector;
  readonly unit: TimeUnit;
}

/** All rows of two streams or more. */
export interface UnionNode {
  readonly kind: 'union';
  readonly uid: string;
  readonly inputs: readonly string[];
}

/** The first rows of a stream and no others. */
export interface LimitNode {
  readonly kind: 'limit';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly count: number;
}

/** A share of the keys, by their hash: the same key always falls on the same side. */
export interface SampleNode {
  readonly kind: 'sample';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  /** Share of the keys that stay, 0 to 1. */
  readonly rate: number;
}

/** How rows are grouped: field names, or one function whose value becomes the field `key`; no field is one group. */
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
  /** A closed window is kept so long and comes out again with each row that is late for it. */
  readonly allowedLatenessMs: number;
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
  readonly allowedLatenessMs: number;
  readonly reduce: (left: never, right: never) => unknown;
  readonly lateSink: string | null;
}

/** The first row of each key; with `within`, the first in each stretch of event time. */
export interface DeduplicateNode {
  readonly kind: 'deduplicate';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  /**
   * What is forgotten when: `never`; `time`: the key holds the event time, and goes with it; a number
   * of milliseconds: so long after the event time of the row that came first.
   */
  readonly forget: 'never' | 'time' | number;
  /** Uid of the sink that takes late rows. */
  readonly lateSink?: string | null;
}

export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi';

/** Bounds of right time - left time, in milliseconds; `null`: open on that side. */
export interface TimeBound {
  readonly lowerMs: number | null;
  readonly lowerInclusive: boolean;
  readonly upperMs: number | null;
  readonly upperInclusive: boolean;
}

/** Pairs of rows of two streams with equal keys; a row is `{ left, right }`, of a semi join the left row. */
export interface JoinNode {
  readonly kind: 'join';
  readonly uid: string;
  readonly inputs: readonly [string, string];
  readonly type: JoinType;
  readonly leftKey: KeySpec;
  readonly rightKey: KeySpec;
  /** Whether null equals null. */
  readonly nullSafe: boolean;
  readonly within: TimeBound | null;
  /** Rows meet only in the same window of event time. */
  readonly window: TimeWindowSpec | null;
  /** Decides about a pair whose keys and times fit. */
  readonly where: ((left: never, right: never) => unknown) | null;
  /** Rows that fail these can meet no other: they leave at once and are never stored. */
  readonly leftWhere: ((row: never) => unknown) | null;
  readonly rightWhere: ((row: never) => unknown) | null;
  /** Uid of the sink that takes late rows of either side. */
  readonly lateSink?: string | null;
}

/** Where the rows of a table that does not flow come from. */
export type StaticTable =
  | { readonly kind: 'rows'; readonly name: string; readonly rows: readonly unknown[] }
  /** NDJSON in one object of S3. */
  | { readonly kind: 's3'; readonly name: string }
  | { readonly kind: 'dynamodb'; readonly name: string };

/** Each row with the rows of a table that have its key, as `{ left, right }`. */
export interface StaticJoinNode {
  readonly kind: 'static-join';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly type: 'inner' | 'left';
  readonly key: KeySpec;
  readonly table: StaticTable;
  /** Fields of the table's rows that the key is compared with. */
  readonly tableFields: readonly string[];
  /** A table is read again once it is older than this. */
  readonly refreshMs: number;
}

/** When a group's timeout is due: by the clock of the batch, or by the watermark. */
export type TimeoutKind = 'none' | 'processing-time' | 'event-time';

/**
 * `mapGroupsWithState` and `flatMapGroupsWithState`: one call for each key of a batch, or timeout.
 * Here and in the nodes below a key is handed to user code as an object of its fields, as result
 * rows have them: `{ origin: 'JFK' }`, or `{ key: … }` of a key by function.
 */
export interface MapGroupsNode {
  readonly kind: 'map-groups';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  readonly apply: (key: never, rows: never, state: never) => unknown;
  /** Whether a call gives any number of rows, or exactly one. */
  readonly flat: boolean;
  readonly timeout: TimeoutKind;
  /** Whether rows at or before the watermark are dropped; Spark does so where timeouts go by event time. */
  readonly dropLate: boolean;
}

/** `mapWithState`: one call for each row, and one without a row for a key that times out; `undefined` is no row. */
export interface MapWithStateNode {
  readonly kind: 'map-with-state';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  readonly apply: (key: never, row: never, state: never) => unknown;
  /** State goes after so long without a row; the function is told. */
  readonly timeoutMs: number | null;
}

/**
 * `updateStateByKey`: one call per batch for each key that has state or rows, with the rows, the state
 * and `{ key, batchTimeMs }`. Each key that has state then gives a row of its fields and `state`.
 */
export interface UpdateStateNode {
  readonly kind: 'update-state';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  readonly update: (rows: never, state: never, context: never) => unknown;
  /** State that keys have before any row: the key's values, in the order of its fields, and the state. */
  readonly initial: readonly (readonly [key: readonly unknown[], state: unknown])[];
}

/** `process`: user code with named state and timers. */
export interface ProcessNode {
  readonly kind: 'process';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  /** What is kept per key, by name. */
  readonly state: Readonly<Record<string, StateSpec>>;
  /** What timers and times to live go by. */
  readonly timers: TimeoutKind;
  readonly onRow: (row: never, context: never) => unknown;
  readonly onTimer: ((timer: never, context: never) => unknown) | null;
  /** Uid of the sink that takes late rows. */
  readonly lateSink?: string | null;
}

/** One named part of the state of a key. */
export interface StateSpec {
  readonly kind: 'value' | 'list' | 'map';
  /** What was written so long ago is gone; `null`: it stays. */
  readonly ttlMs: number | null;
}

/**
 * All rows of a batch at once, of each input apart; called for every batch, also one without rows.
 * The function gets a list of rows for each input, then one argument more, `{ batchTimeMs }`, and
 * gives a list of rows.
 */
export interface TransformBatchNode {
  readonly kind: 'transform-batch';
  readonly uid: string;
  readonly inputs: readonly string[];
  readonly apply: (...rowsAndContext: never[]) => unknown;
}

/**
 * Rows of the batches of a stretch of processing time; see `BatchStream`. With `reduce` they are
 * reduced by key to rows of the key's fields and `value`, without it they come out as they came.
 */
export interface BatchWindowNode {
  readonly kind: 'batch-window';
  readonly uid: string;
  readonly inputs: readonly [string];
  readonly key: KeySpec;
  readonly lengthMs: number;
  readonly slideMs: number;
  /** What is reduced; `null`: the row. */
  readonly value: Selector | null;
  /** `null`: the rows themselves, in order of arrival. */
  readonly reduce: ((left: never, right: never) => unknown) | null;
  /** Takes off what has left the window; keys then stay until `keep` refuses them. */
  readonly inverse: ((total: never, left: never) => unknown) | null;
  readonly keep: ((value: never) => unknown) | null;
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

/** A node that has state by key, or that works at the end of a batch. */
export type OperatorNode =
  | AggregateNode
  | ReduceNode
  | DeduplicateNode
  | LimitNode
  | JoinNode
  | MapGroupsNode
  | MapWithStateNode
  | UpdateStateNode
  | ProcessNode
  | TransformBatchNode
  | BatchWindowNode;

export type PlanNode =
  | SourceNode
  | MapNode
  | WatermarkNode
  | ProcessingTimeNode
  | EventTimeNode
  | UnionNode
  | SampleNode
  | StaticJoinNode
  | OperatorNode
  | SinkNode;

/** Choices that hold for a whole pipeline. */
export interface PlanOptions {
  /**
   * Whether all shards of all sources share one log and one task at a time. It is needed where rows
   * of a key may come from more than one shard.
   */
  readonly inOneTask: boolean;
  /** Which watermark counts where several are declared. */
  readonly watermarkPolicy: 'min' | 'max';
  /** Whether what a batch's rows close comes out with that batch, or with the next one. */
  readonly noDataBatches: boolean;
}

/** What holds where nothing is said. */
export const PLAN_DEFAULTS: PlanOptions = {
  inOneTask: false,
  watermarkPolicy: 'min',
  noDataBatches: true,
};

export interface Plan extends PlanOptions {
  readonly name: string;
  readonly nodes: readonly PlanNode[];
  /** Digest, 16 hex digits, of all that stored state depends on: not of sinks, not of functions. */
  readonly hash: string;
}

/** The sources of a plan, in its order. */
export function sourcesOf(plan: Pick<Plan, 'nodes'>): readonly SourceNode[] {
  return plan.nodes.filter((node) => node.kind === 'kinesis-source');
}

/** The source of a plan that has one. */
export function sourceOf(plan: Plan): SourceNode {
  const [source] = sourcesOf(plan);
  assert(source !== undefined, `plan ${plan.name} has no source`);
  return source;
}

const OPERATOR_KINDS: ReadonlySet<string> = new Set<OperatorNode['kind']>([
  'aggregate',
  'reduce',
  'deduplicate',
  'limit',
  'join',
  'map-groups',
  'map-with-state',
  'update-state',
  'process',
  'transform-batch',
  'batch-window',
]);

/** Whether a node has state by key, or works at the end of a batch. */
export function isOperator(node: PlanNode): node is OperatorNode {
  return OPERATOR_KINDS.has(node.kind);
}

/** Whether a node's rows change until they are final. */
export function isAggregation(node: PlanNode): node is AggregateNode | ReduceNode {
  return node.kind === 'aggregate' || node.kind === 'reduce';
}

/** Whether rows get an event time and a watermark here. */
export function isClock({ kind }: Pick<PlanNode, 'kind'>): boolean {
  return kind === 'watermark' || kind === 'processing-time';
}

/** Whether the plan keeps state by key. */
export function isKeyed(plan: Pick<Plan, 'nodes'>): boolean {
  return plan.nodes.some((node) => isOperator(node) && node.kind !== 'transform-batch');
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
