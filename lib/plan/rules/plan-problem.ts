// What the rules about plans have in common: the form of a problem, and how they look at a plan, which
// may be wrong in any way, also with a node twice.

import {
  type AggregateNode,
  isAggregation,
  isClock,
  isOperator,
  isSink,
  type KeySpec,
  type OperatorNode,
  type Plan,
  type PlanNode,
  type ReduceNode,
  type SinkNode,
  type SourceNode,
} from '../plan.ts';

/** One thing that is wrong with a plan. */
export interface PlanProblem {
  /** Stable: for tests, tools and the guide. */
  readonly code: string;
  /** What is wrong and what to change. */
  readonly message: string;
}

/** A plan as rules see it; the hash is made of valid plans only. */
export type PlanDraft = Omit<Plan, 'hash'>;

/** An operator whose groups change until they are final. */
export type AggregationNode = AggregateNode | ReduceNode;

/** Whether an operator keeps state: behind an aggregation it takes final rows only. */
export function isStateful(node: PlanNode): node is OperatorNode {
  return isOperator(node) && node.kind !== 'transform-batch';
}

/** A late sink has no input: its rows come from the operator that names it. */
export function isLateSink(node: PlanNode): node is SinkNode {
  return isSink(node) && node.inputs.length === 0;
}

export function isSource(node: PlanNode): node is SourceNode {
  return node.kind === 'kinesis-source';
}

/** The keys of an operator: none, one, or those of both sides of a join. */
export function keysOf(node: PlanNode): readonly KeySpec[] {
  if (node.kind === 'join') return [node.leftKey, node.rightKey];
  return 'key' in node ? [node.key] : [];
}

/**
 * What stands in front of `node`, nearest first, `node` itself not included; nor is what stands in
 * front of a node for which `ends` is true.
 */
export function upstreamOf(
  plan: PlanDraft,
  node: PlanNode,
  ends: (node: PlanNode) => boolean = () => false,
): readonly PlanNode[] {
  const found: PlanNode[] = [];
  const waiting: string[] = [...node.inputs];
  while (waiting.length > 0) {
    const uid = waiting.shift()!;
    // A plan with two nodes of one uid is refused elsewhere; it must not make this run in circles.
    const input = plan.nodes.find((each) => each.uid === uid && !found.includes(each));
    if (input === undefined) continue;
    found.push(input);
    if (!ends(input)) waiting.push(...input.inputs);
  }
  return found;
}

/** The aggregations whose rows come to a node as they are, with no operator with state in between. */
export function aggregationsBefore(plan: PlanDraft, node: PlanNode): readonly AggregationNode[] {
  return upstreamOf(plan, node, isStateful).filter(isAggregation);
}

/** Whether every row that comes to a node has an event time, also where no watermark is declared. */
export function hasTime(plan: PlanDraft, node: PlanNode): boolean {
  const uids: readonly string[] = node.inputs;
  return plan.nodes
    .filter(({ uid }) => uids.includes(uid))
    .every(
      (each) =>
        isClock(each) ||
        each.kind === 'event-time' ||
        (each.inputs.length > 0 && each !== node && hasTime(plan, each)),
    );
}

/** Whether every way to a node, by one of its inputs or by all, leads over a watermark. */
export function isTimed(plan: PlanDraft, node: PlanNode, input?: number): boolean {
  const inputs = input === undefined ? node.inputs : node.inputs.slice(input, input + 1);
  const uids: readonly string[] = inputs;
  const nodes = plan.nodes.filter(({ uid }) => uids.includes(uid));
  return nodes.every(
    (each) => isClock(each) || (each.inputs.length > 0 && each !== node && isTimed(plan, each)),
  );
}

/** `'a', 'b' and 'c'` */
export function quote(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`);
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}
