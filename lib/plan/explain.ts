// A plan as text, one block for each operator: its name, then what it does and why that is allowed.

import { formatDuration } from '../time/duration.ts';
import { operatorLines } from './explain-operators.ts';
import { aggregateText, keyTexts, selectorText, unitText, windowText } from './explain-text.ts';
import type {
  AggregateNode,
  OperatorNode,
  Plan,
  PlanNode,
  ReduceNode,
  SinkNode,
  SourceNode,
  WatermarkNode,
} from './plan.ts';
import { isOperator } from './plan.ts';

/** Prints a plan readably; ends with a line feed. */
export function explainPlan(plan: Plan): string {
  const blocks = plan.nodes.map((node) => ({ title: node.uid, lines: linesOf(plan, node) }));
  const width = Math.max(...blocks.map(({ title }) => title.length)) + 2;
  const text = blocks.map(({ title, lines }) =>
    lines.map((line, index) => `${(index === 0 ? title : '').padEnd(width)}${line}`).join('\n'),
  );
  return `${[`pipeline ${plan.name}, plan ${plan.hash}`, ...text].join('\n\n')}\n`;
}

function linesOf(plan: Plan, node: PlanNode): readonly string[] {
  switch (node.kind) {
    case 'kinesis-source':
      return sourceLines(node);
    case 'map':
      return ['puts one row in place of each (your function)'];
    case 'flat-map':
      return ['puts any number of rows in place of each (your function)'];
    case 'filter':
      return ['keeps the rows that your function accepts'];
    case 'watermark':
      return watermarkLines(plan, node);
    case 'aggregate':
    case 'reduce':
      return groupLines(plan, node);
    case 'dynamodb-sink':
    case 's3-sink':
    case 'foreach-batch-sink':
    case 'noop-sink':
      return sinkLines(plan, node);
    default:
      return operatorLines(node);
  }
}

function sourceLines(node: SourceNode): readonly string[] {
  const events =
    node.schema === null
      ? 'any JSON value is an event'
      : `events are checked by a schema (${node.schema['~standard'].vendor}); what it rejects is a dead letter`;
  const key =
    node.partitionedByFunction !== undefined ? 'a function' : node.partitionedBy?.join(', ');
  return [
    `reads the Kinesis stream ${node.name}`,
    events,
    ...(key === undefined
      ? []
      : [
          `partitioned by ${key}: each key sits in the shard that owns its MD5, else it is a dead letter`,
        ]),
  ];
}

function watermarkLines(plan: Plan, node: WatermarkNode): readonly string[] {
  const scope = plan.inOneTask ? 'of all shards' : 'per shard';
  return [
    `event time is ${selectorText(node.time)}, in ${unitText(node.unit)}`,
    `watermark = newest event time - ${formatDuration(node.delayMs)}, ${scope}, never backwards`,
    `an event more than ${formatDuration(node.maxAheadMs)} ahead of its arrival is a dead letter`,
    ...(node.idleTimeoutMs === null
      ? []
      : [`after ${formatDuration(node.idleTimeoutMs)} without a row it holds no other back`]),
    ...(node.startMs === null
      ? ['it begins before all times, so that those before 1970 count']
      : []),
  ];
}

function groupLines(plan: Plan, node: AggregateNode | ReduceNode): readonly string[] {
  const groups = [
    ...keyTexts(node.key),
    ...(node.window === null ? [] : [windowText(node.window)]),
  ];
  const computes =
    node.kind === 'reduce'
      ? ['combines the rows of a group into one (your function)']
      : Object.entries(node.aggregates).map(([name, spec]) => `${name} = ${aggregateText(spec)}`);
  return [
    groups.length === 0 ? 'makes one group of all rows' : `groups by ${groups.join(' and ')}`,
    ...computes,
    stateText(plan, node),
    ...latenessText(node),
    ...lateText(plan, node),
  ];
}

function stateText(plan: Plan, { key, window }: AggregateNode | ReduceNode): string {
  const entry = (...each: readonly string[]) => {
    const parts = [...keyTexts(key), ...each];
    return `state: one entry${parts.length === 0 ? '' : ` for each ${parts.join(' and ')}`}`;
  };
  if (window === null) return `${entry()}, kept for ever`;
  if (window.kind === 'count') return entry('window that is not full');
  const what = window.kind === 'session' ? 'session' : 'window';
  if (isComplete(plan)) return `${entry(what)}, kept for ever (mode complete)`;
  return `${entry(`open ${what}`)}, dropped once the watermark reaches the ${what}'s end`;
}

function latenessText({ allowedLatenessMs }: AggregateNode | ReduceNode): readonly string[] {
  if (allowedLatenessMs === 0) return [];
  return [
    `a closed window is kept for ${formatDuration(allowedLatenessMs)} more, and comes out again with each late row`,
  ];
}

function lateText(plan: Plan, node: AggregateNode | ReduceNode): readonly string[] {
  if (node.window === null || node.window.kind === 'count') return [];
  if (isComplete(plan) && node.window.kind === 'time')
    return ['no row is late: mode complete takes them all'];
  return [
    `rows late for all their windows are counted and ${node.lateSink === null ? 'dropped' : `go to ${node.lateSink}`}`,
  ];
}

function isComplete(plan: Plan): boolean {
  return plan.nodes.some((node) => 'mode' in node && node.mode === 'complete');
}

function sinkLines(plan: Plan, node: SinkNode): readonly string[] {
  if (node.inputs.length === 0) return [`late rows, ${placeText(node)}`];
  return [
    `takes ${node.inputs[0]} in mode ${node.mode}, ${placeText(node)}`,
    `allowed: ${reasonText(node, giverOf(plan, node))}`,
  ];
}

/** The operator with state whose rows come to a node as they are, if there is one. */
function giverOf(plan: Plan, node: PlanNode): OperatorNode | undefined {
  const uids: readonly string[] = node.inputs;
  for (const input of plan.nodes.filter(({ uid }) => uids.includes(uid))) {
    const hasState = isOperator(input) && input.kind !== 'transform-batch';
    const giver = hasState ? input : giverOf(plan, input);
    if (giver !== undefined) return giver;
  }
  return undefined;
}

function placeText(node: SinkNode): string {
  switch (node.kind) {
    case 'dynamodb-sink': {
      const key = [...node.keyFields, ...(node.windowed ? ['windowStart'] : [])].join(', ');
      return `one item of table ${node.name} for each ${key}`;
    }
    case 's3-sink':
      return node.partitionBy === 'none'
        ? `NDJSON files of ${node.name}`
        : `NDJSON files of ${node.name} in a folder for each ${node.partitionBy} (UTC)`;
    case 'foreach-batch-sink':
      return 'given to your function batch by batch, at least once';
    case 'noop-sink':
      return 'and drops them';
  }
}

function reasonText(node: SinkNode, giver: OperatorNode | undefined): string {
  const table =
    node.kind === 'dynamodb-sink'
      ? "; an item's key determines the shard, so one task writes it"
      : '';
  switch (node.mode) {
    case 'append':
      return `${finalText(giver)}${table}`;
    case 'update':
      return `${updateText(giver)}${table}`;
    case 'complete':
      return `the aggregation keeps all its groups, and all come out with each batch${table}`;
  }
}

function finalText(giver: OperatorNode | undefined): string {
  if (giver?.kind !== 'aggregate' && giver?.kind !== 'reduce') {
    return 'each row is final as it comes and comes out once';
  }
  return giver.window?.kind === 'count'
    ? 'a window is final when it is full, and its row comes out once'
    : 'the watermark closes each window, so its row is final and comes out once';
}

function updateText(giver: OperatorNode | undefined): string {
  switch (giver?.kind) {
    case 'aggregate':
    case 'reduce':
      return 'the groups that a batch changed come out with their new values';
    case 'map-groups':
    case 'update-state':
      return 'each call gives the newest rows of its key';
    default:
      return 'rows without groups never change, so this is append';
  }
}
