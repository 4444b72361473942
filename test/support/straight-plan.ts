// Plans of nodes in one line, for tests of single operators: a source, the nodes, a sink.

import { GroupWatermarks } from '../../lib/operators/group-watermarks.ts';
import { wirePlan } from '../../lib/operators/wire-plan.ts';
import { PLAN_DEFAULTS, type Plan, type PlanNode, type Selector } from '../../lib/plan/plan.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { aPass, type PassDrive } from './passes.ts';

/** A node without its input: the node before it. */
export type Link = PlanNode extends infer Node
  ? Node extends PlanNode
    ? Omit<Node, 'inputs'>
    : never
  : never;

export const field = (name: string): Selector => ({ kind: 'field', field: name });

export const keyOf = (...fields: readonly string[]) => ({ fields, selectors: fields.map(field) });

/** Declares the event time `at`, in milliseconds. */
export const watermark = (delayMs: number): Link => ({
  kind: 'watermark',
  uid: 'watermark',
  time: field('at'),
  unit: 'milliseconds',
  delayMs,
  maxAheadMs: Number.MAX_SAFE_INTEGER,
  idleTimeoutMs: null,
  startMs: 0,
});

/** Fails for rows that ask for it, after the operators in front of it have taken them. */
export const failing: Link = {
  kind: 'map',
  uid: 'failing',
  apply: (row: { readonly fail?: boolean }) => {
    if (row.fail === true) throw new Error('asked for');
    return row;
  },
};

/** Drops the record that stands for none: a batch needs one. */
export const IDLE = { idle: true };
export const withoutIdle: Link = {
  kind: 'filter',
  uid: 'without-idle',
  apply: (row: { readonly idle?: boolean }) => row.idle !== true,
};

/** The rows of the sink `out` are what the last link gives out, in append mode. */
export function straightPlan(...links: readonly Link[]): Plan {
  const nodes: PlanNode[] = [SOURCE];
  for (const link of links) nodes.push({ ...link, inputs: [nodes.at(-1)!.uid] } as PlanNode);
  nodes.push({
    kind: 's3-sink',
    uid: 'out',
    inputs: [nodes.at(-1)!.uid],
    name: 'out',
    mode: 'append',
    partitionBy: 'none',
  });
  return { name: 'p', hash: '0', ...PLAN_DEFAULTS, inOneTask: true, nodes };
}

const SOURCE: PlanNode = {
  kind: 'kinesis-source',
  uid: 'source',
  inputs: [],
  name: 'events',
  schema: null,
  partitionedBy: null,
};

/** Goes on from a snapshot, as another sandbox does. */
export function restart(drive: PassDrive): void {
  drive.state = KeyedState.fromSegments(drive.state.encodeSegments().map(({ bytes }) => bytes));
}

/** What each operator of a plan says it keeps, by the watermark that was committed last. */
export function stateCounts(plan: Plan, drive: PassDrive, batchTimeMs = 0): number[] {
  const pass = aPass();
  const { operators } = wirePlan(plan, pass, () => () => {});
  const watermarks = GroupWatermarks.of(drive.watermarkMs, drive.floors);
  pass.begin({
    draft: drive.state.draft(),
    hashRange: drive.hashRange,
    previous: watermarks,
    batchTimeMs,
    tables: new Map(),
  });
  return operators.map((operator) => {
    operator.begin();
    return operator.countState(watermarks);
  });
}
