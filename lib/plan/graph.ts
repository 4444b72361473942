// A plan while it is written: immutable nodes that hold their inputs, in the order in which they were
// written. Names are given when the plan is listed, so that a node which two branches share stays one
// node, and streams that meet need not agree on numbers beforehand.

import { EngineError } from '../model/errors.ts';
import type { PlanNode, PlanOptions } from './plan.ts';

/** What a node says besides its name and its place. */
export type NodeBody = PlanNode extends infer Node
  ? Node extends PlanNode
    ? Omit<Node, 'uid' | 'inputs' | 'lateSink'>
    : never
  : never;

/** A node that knows its inputs themselves. It is the same node wherever this object is. */
export interface DraftNode {
  readonly body: NodeBody;
  readonly inputs: readonly DraftNode[];
  /** The operator whose late rows a late sink takes; `null` of any other node. */
  readonly lateOf: DraftNode | null;
}

/** Where streams of one pipeline come from. */
export interface Home {
  readonly name: string;
  readonly options: PlanOptions;
}

/** Nodes in the order of writing, inputs first, with the name that the author gave, if any. */
export interface Graph {
  readonly home: Home;
  readonly nodes: ReadonlyMap<DraftNode, string | null>;
}

export function addNode(graph: Graph, node: DraftNode): Graph {
  return { ...graph, nodes: new Map([...graph.nodes, [node, graph.nodes.get(node) ?? null]]) };
}

/** Names the node that was written last. */
export function nameLast(graph: Graph, uid: string): Graph {
  const [written] = [...graph.nodes.keys()].slice(-1);
  return { ...graph, nodes: new Map(graph.nodes).set(written!, uid) };
}

/**
 * Everything that two streams are made of.
 *
 * @throws EngineError `invalid` where they belong to different pipelines, or name one node differently.
 */
export function meet(left: Graph, right: Graph): Graph {
  if (left.home !== right.home) {
    throw new EngineError(
      'invalid',
      `streams of the pipelines '${left.home.name}' and '${right.home.name}' cannot meet: start both with .from of one pipeline(…)`,
      { code: 'pipelines-differ' },
    );
  }
  const nodes = new Map(left.nodes);
  for (const [node, name] of right.nodes) {
    const known = nodes.get(node) ?? null;
    if (known !== null && name !== null && known !== name) {
      throw new EngineError(
        'invalid',
        `one operator is called '${known}' and '${name}': give it one name, before its stream branches`,
        { code: 'names-differ' },
      );
    }
    nodes.set(node, known ?? name);
  }
  return { ...left, nodes };
}

/** The nodes as a plan has them. */
export function listNodes({ nodes }: Graph): readonly PlanNode[] {
  const counts = new Map<string, number>();
  const uids = new Map<DraftNode, string>();
  const lateSinks = new Map<DraftNode, string>();
  for (const [node, name] of nodes) {
    const { kind } = node.body;
    const position = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, position);
    const uid = name ?? uidOf(node.body, position);
    uids.set(node, uid);
    const { lateOf } = node;
    if (lateOf !== null && !lateSinks.has(lateOf)) lateSinks.set(lateOf, uid);
  }
  return [...nodes.keys()].map((node) => {
    const { body } = node;
    const late = mayBeLate(body.kind) ? { lateSink: lateSinks.get(node) ?? null } : {};
    const inputs = node.inputs.map((input) => uids.get(input));
    // A node is written with as many inputs as its kind has.
    return { ...body, uid: uids.get(node), inputs, ...late } as unknown as PlanNode;
  });
}

/** A node and those in front of it, nearest first; what stands before a node for which `ends` is true is left out. */
export function pathTo(
  node: DraftNode,
  ends: (node: DraftNode) => boolean = () => false,
): readonly DraftNode[] {
  const found = new Set<DraftNode>();
  const waiting = [node];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (found.has(next)) continue;
    found.add(next);
    if (!ends(next)) waiting.push(...next.inputs);
  }
  return [...found];
}

const LATE_KINDS: ReadonlySet<PlanNode['kind']> = new Set([
  'aggregate',
  'reduce',
  'deduplicate',
  'join',
  'process',
]);

/** Whether rows can be late for an operator, and go to a sink of their own. */
export function mayBeLate(kind: PlanNode['kind']): boolean {
  return LATE_KINDS.has(kind);
}

function uidOf(body: NodeBody, position: number): string {
  switch (body.kind) {
    case 'kinesis-source':
      return `kinesis-${body.name}`;
    case 'dynamodb-sink':
      return `dynamodb-${body.name}`;
    case 's3-sink':
      return `s3-${body.name}`;
    case 'foreach-batch-sink':
      return `foreach-batch-${body.name}`;
    case 'noop-sink':
      return `noop-${position}`;
    default:
      return `${body.kind}-${position}`;
  }
}
