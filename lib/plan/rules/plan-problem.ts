import {
  type AggregateNode,
  isSink,
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

/** An operator that keeps state by key. */
export type KeyedNode = AggregateNode | ReduceNode;

export function isKeyedNode(node: PlanNode): node is KeyedNode {
  return node.kind === 'aggregate' || node.kind === 'reduce';
}

/** A late sink has no input: its rows come from the operator that names it. */
export function isLateSink(node: PlanNode): node is SinkNode {
  return isSink(node) && node.inputs.length === 0;
}

export function isSource(node: PlanNode): node is SourceNode {
  return node.kind === 'kinesis-source';
}

/** What stands between the source and `node`, nearest first, `node` itself not included. */
export function upstreamOf(plan: PlanDraft, node: PlanNode): readonly PlanNode[] {
  const found: PlanNode[] = [];
  const waiting: string[] = [...node.inputs];
  while (waiting.length > 0) {
    const uid = waiting.shift()!;
    // A plan with two nodes of one uid is refused elsewhere; it must not make this run in circles.
    const input = plan.nodes.find((each) => each.uid === uid && !found.includes(each));
    if (input === undefined) continue;
    found.push(input);
    waiting.push(...input.inputs);
  }
  return found;
}

/** `'a', 'b' and 'c'` */
export function quote(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`);
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}
