// A plan as text, one block for each operator: its name, then what it does and why that is allowed.

import { formatDuration } from '../time/duration.ts';
import type {
  AggregateNode,
  AggregateSpec,
  KeySpec,
  Plan,
  PlanNode,
  ReduceNode,
  Selector,
  SinkNode,
  SourceNode,
  WatermarkNode,
  WindowSpec,
} from './plan.ts';

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
      return watermarkLines(node);
    case 'aggregate':
    case 'reduce':
      return groupLines(plan, node);
    case 'dynamodb-sink':
    case 's3-sink':
    case 'foreach-batch-sink':
    case 'noop-sink':
      return sinkLines(plan, node);
    default:
      return [node.kind];
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

function watermarkLines(node: WatermarkNode): readonly string[] {
  const unit = node.unit === 'iso' ? 'ISO 8601 text' : node.unit;
  return [
    `event time is ${selectorText(node.time)}, in ${unit}`,
    `watermark = newest event time - ${formatDuration(node.delayMs)}, per shard, never backwards`,
    `an event more than ${formatDuration(node.maxAheadMs)} ahead of its arrival is a dead letter`,
  ];
}

function groupLines(plan: Plan, node: AggregateNode | ReduceNode): readonly string[] {
  const key = keyText(node.key);
  const groups =
    node.window === null ? `groups by ${key}` : `groups by ${key} and ${windowText(node.window)}`;
  const computes =
    node.kind === 'reduce'
      ? ['combines the rows of a group into one (your function)']
      : Object.entries(node.aggregates).map(([name, spec]) => `${name} = ${aggregateText(spec)}`);
  return [groups, ...computes, stateText(plan, node), ...lateText(plan, node)];
}

function stateText(plan: Plan, node: AggregateNode | ReduceNode): string {
  const key = keyText(node.key);
  if (node.window === null) return `state: one entry for each ${key}, kept for ever`;
  if (isComplete(plan))
    return `state: one entry for each ${key} and window, kept for ever (mode complete)`;
  return `state: one entry for each ${key} and open window, dropped once the watermark reaches the window's end`;
}

function lateText(plan: Plan, node: AggregateNode | ReduceNode): readonly string[] {
  if (node.window === null) return [];
  if (isComplete(plan)) return ['no row is late: mode complete takes them all'];
  return [
    node.lateSink === null
      ? 'rows late for all their windows are counted and dropped'
      : `rows late for all their windows are counted and go to ${node.lateSink}`,
  ];
}

function isComplete(plan: Plan): boolean {
  return plan.nodes.some((node) => 'mode' in node && node.mode === 'complete');
}

function windowText(window: WindowSpec): string {
  if (window.kind === 'session') return 'sessions';
  if (window.kind === 'count') return `windows of ${window.size} rows`;
  const { sizeMs, slideMs } = window;
  return sizeMs === slideMs
    ? `windows of ${formatDuration(sizeMs)}`
    : `windows of ${formatDuration(sizeMs)} every ${formatDuration(slideMs)}`;
}

function keyText(key: KeySpec): string {
  const byFunction = key.selectors.some((selector) => selector.kind === 'function');
  return byFunction ? 'key (your function)' : key.fields.join(', ');
}

function aggregateText(spec: AggregateSpec): string {
  if (spec.kind === 'custom') return 'your aggregator';
  const input = spec.input === null ? '' : selectorText(spec.input);
  const exact = spec.decimalScale === null ? '' : `, exact with ${spec.decimalScale} digits`;
  return `${spec.kind}(${[`${input}${exact}`, ...parameterTexts(spec)].join(', ')})`;
}

function parameterTexts(spec: AggregateSpec): readonly string[] {
  switch (spec.kind) {
    case 'topK':
      return [String(spec.k), ...(spec.by === null ? [] : [`by ${selectorText(spec.by)}`])];
    case 'approxCountDistinct':
      return [`relative error ${spec.relativeError}`];
    case 'approxPercentile':
      return [JSON.stringify(spec.percentages), `accuracy ${spec.accuracy}`];
    default:
      return [];
  }
}

function selectorText(selector: Selector): string {
  return selector.kind === 'field' ? selector.field : 'your function';
}

function sinkLines(plan: Plan, node: SinkNode): readonly string[] {
  if (node.inputs.length === 0) return [`late rows, ${placeText(node)}`];
  return [
    `takes ${node.inputs[0]} in mode ${node.mode}, ${placeText(node)}`,
    `allowed: ${reasonText(node, feedsOnGroups(plan, node))}`,
  ];
}

function feedsOnGroups(plan: Plan, node: PlanNode): boolean {
  const [input] = node.inputs.map((uid) => plan.nodes.find((each) => each.uid === uid));
  if (input === undefined) return false;
  return input.kind === 'aggregate' || input.kind === 'reduce' || feedsOnGroups(plan, input);
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

function reasonText(node: SinkNode, grouped: boolean): string {
  const table =
    node.kind === 'dynamodb-sink'
      ? "; an item's key determines the shard, so one task writes it"
      : '';
  switch (node.mode) {
    case 'append':
      return grouped
        ? `the watermark closes each window, so its row is final and comes out once${table}`
        : 'each row is final as it comes and comes out once';
    case 'update':
      return grouped
        ? `the groups that a batch changed come out with their new values${table}`
        : 'rows without groups never change, so this is append';
    case 'complete':
      return `the aggregation keeps all its groups, and all come out with each batch${table}`;
  }
}
