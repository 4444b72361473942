// Plans of one source and aggregations over it, built from nodes, so that operators are tested as they
// are wired and not as the authoring API lets them be written.

import {
  type AggregateNode,
  type KeySpec,
  type OutputMode,
  PLAN_DEFAULTS,
  type Plan,
  type PlanNode,
  type SinkNode,
  type WatermarkNode,
} from '../../lib/plan/plan.ts';

export const SOURCE: PlanNode = {
  kind: 'kinesis-source',
  uid: 'in',
  inputs: [],
  name: 'events',
  schema: null,
  partitionedBy: null,
};

/** Event time in the field `at`, in milliseconds. */
export const watermark = (overrides: Partial<WatermarkNode> = {}): WatermarkNode => ({
  kind: 'watermark',
  uid: 'watermark',
  inputs: ['in'],
  time: { kind: 'field', field: 'at' },
  unit: 'milliseconds',
  delayMs: 0,
  maxAheadMs: Number.MAX_SAFE_INTEGER,
  idleTimeoutMs: null,
  startMs: 0,
  ...overrides,
});

export const keyOf = (...fields: string[]): KeySpec => ({
  fields,
  selectors: fields.map((field) => ({ kind: 'field', field })),
});

/** Rows per key, without a window. */
export const aggregate = (overrides: Partial<AggregateNode> = {}): AggregateNode => ({
  kind: 'aggregate',
  uid: 'groups',
  inputs: ['watermark'],
  key: keyOf('key'),
  window: null,
  allowedLatenessMs: 0,
  aggregates: { rows: { kind: 'count', input: null, decimalScale: null } },
  lateSink: null,
  ...overrides,
});

/** A sink that takes the rows of a node. */
export const sink = (from: string, mode: OutputMode, uid = 'out'): SinkNode => ({
  kind: 's3-sink',
  uid,
  inputs: [from],
  mode,
  name: uid,
  partitionBy: 'none',
});

export const planOf = (nodes: readonly PlanNode[], overrides: Partial<Plan> = {}): Plan => ({
  ...PLAN_DEFAULTS,
  name: 'p',
  hash: '0'.repeat(16),
  nodes,
  inOneTask: true,
  ...overrides,
});

/** An aggregation over the source with a sink behind it. */
export const aggregationPlan = (
  node: Partial<AggregateNode>,
  mode: OutputMode = 'append',
  clock: Partial<WatermarkNode> = {},
): Plan => planOf([SOURCE, watermark(clock), aggregate(node), sink('groups', mode)]);
