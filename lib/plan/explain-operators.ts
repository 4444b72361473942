// What operators besides aggregations do, as text.

import { formatDuration } from '../time/duration.ts';
import { keyTexts, selectorText, unitText, windowText } from './explain-text.ts';
import type {
  BatchWindowNode,
  DeduplicateNode,
  JoinNode,
  PlanNode,
  ProcessNode,
  StaticJoinNode,
  TimeBound,
} from './plan.ts';

/** The lines of a node that is no source, mapping, watermark, aggregation or sink. */
export function operatorLines(node: PlanNode): readonly string[] {
  switch (node.kind) {
    case 'processing-time':
      return ['event time is the clock of the batch, and so is the watermark: no row is late'];
    case 'event-time':
      return [
        `event time is ${selectorText(node.time)}, in ${unitText(node.unit)}; the watermark stays`,
      ];
    case 'union':
      return [`all rows of ${node.inputs.join(' and ')}`];
    case 'limit':
      return [`hands on the first ${node.count} rows`, 'state: how many there were, for ever'];
    case 'sample':
      return [
        `keeps the rows of a share of ${node.rate} of all keys, by the hash of ${keyOf(node)}`,
      ];
    case 'deduplicate':
      return deduplicateLines(node);
    case 'join':
      return joinLines(node);
    case 'static-join':
      return staticJoinLines(node);
    case 'map-groups':
      return [
        `calls your function for each ${keyOf(node)} of a batch, for ${node.flat ? 'any number of rows' : 'one row'}`,
        `state: what your function keeps for each ${keyOf(node)}`,
        ...(node.timeout === 'none' ? [] : [`timeouts go by ${TIMEOUTS[node.timeout]}`]),
        ...(node.dropLate ? ['rows at or before the watermark are late and dropped'] : []),
      ];
    case 'map-with-state':
      return [
        `calls your function for each row, with the state of its ${keyOf(node)}`,
        node.timeoutMs === null
          ? `state: what your function keeps for each ${keyOf(node)}`
          : `state: what your function keeps for each ${keyOf(node)}, until ${formatDuration(node.timeoutMs)} without a row`,
      ];
    case 'update-state':
      return [
        `calls your function in each batch for each ${keyOf(node)} that has state or rows`,
        `state: what your function gives for each ${keyOf(node)}, until it gives undefined`,
      ];
    case 'process':
      return processLines(node);
    case 'transform-batch':
      return [
        node.inputs.length === 1
          ? 'puts any rows in place of those of a batch (your function)'
          : `makes rows of those of a batch from ${node.inputs.join(' and ')}`,
      ];
    case 'batch-window':
      return batchWindowLines(node);
    default:
      return [node.kind];
  }
}

const TIMEOUTS = {
  none: 'nothing',
  'event-time': 'the watermark',
  'processing-time': 'the clock of batches',
};

function keyOf({ key }: { readonly key: JoinNode['leftKey'] }): string {
  return keyTexts(key).join('') || 'row';
}

function deduplicateLines(node: DeduplicateNode): readonly string[] {
  const state = `state: one entry for each ${keyOf(node)}`;
  const forget =
    node.forget === 'never'
      ? 'kept for ever'
      : node.forget === 'time'
        ? 'dropped once the watermark passes its time'
        : `dropped once the watermark is ${formatDuration(node.forget)} past its time`;
  return [
    `hands on the first row of each ${keyOf(node)}`,
    `${state}, ${forget}`,
    `rows at or before the watermark, where there is one, are counted and ${lateText(node)}`,
  ];
}

function joinLines(node: JoinNode): readonly string[] {
  const [left, right] = node.inputs;
  const keys = [keyTexts(node.leftKey).join(''), keyTexts(node.rightKey).join('')];
  const what = node.type === 'semi' ? 'the left rows that have a match' : 'pairs of rows';
  return [
    `${node.type} join: ${what}, of ${left} by ${keys[0]} and ${right} by ${keys[1]}`,
    ...(node.nullSafe ? ['null equals null'] : []),
    ...(node.window === null ? [] : [`rows meet in the same of ${windowText(node.window)}`]),
    ...(node.within === null ? [] : [`right time - left time is ${boundText(node.within)}`]),
    node.window === null && node.within === null
      ? 'state: the rows of both sides, kept for ever'
      : 'state: the rows of both sides, dropped once the watermark says that no match can come',
    `late rows are counted and ${lateText(node)}`,
  ];
}

function boundText(within: TimeBound): string {
  const { lowerMs, lowerInclusive, upperMs, upperInclusive } = within;
  const lower = lowerMs === null ? [] : [`${lowerInclusive ? '>=' : '>'} ${signed(lowerMs)}`];
  const upper = upperMs === null ? [] : [`${upperInclusive ? '<=' : '<'} ${signed(upperMs)}`];
  return [...lower, ...upper].join(' and ') || 'any';
}

function signed(ms: number): string {
  return ms < 0 ? `-${formatDuration(-ms)}` : formatDuration(ms);
}

function staticJoinLines(node: StaticJoinNode): readonly string[] {
  const { kind, name } = node.table;
  const tables = { rows: 'rows in the pipeline', s3: 'an object of S3', dynamodb: 'DynamoDB' };
  return [
    `${node.type} join by ${keyOf(node)} with ${node.tableFields.join(', ')} of the table ${name} (${tables[kind]})`,
    ...(kind === 'rows'
      ? []
      : [`the table is read again once it is older than ${formatDuration(node.refreshMs)}`]),
  ];
}

function processLines(node: ProcessNode): readonly string[] {
  const parts = Object.entries(node.state).map(([name, { kind, ttlMs }]) =>
    ttlMs === null ? `${name} (${kind})` : `${name} (${kind}, for ${formatDuration(ttlMs)})`,
  );
  return [
    `calls your functions for each row, with the state of its ${keyOf(node)}`,
    `state for each ${keyOf(node)}: ${parts.join(', ') || 'none'}`,
    ...(node.timers === 'none' ? [] : [`timers go by ${TIMEOUTS[node.timers]}`]),
    ...(node.timers === 'event-time'
      ? [`rows at or before the watermark are counted and ${lateText(node)}`]
      : []),
  ];
}

function batchWindowLines(node: BatchWindowNode): readonly string[] {
  const window = `the batches of ${formatDuration(node.lengthMs)} every ${formatDuration(node.slideMs)}`;
  if (node.reduce === null) return [`all rows of ${window}`, 'state: these rows'];
  const each = keyTexts(node.key).map((text) => `, for each ${text}`);
  return [
    `combines the rows of ${window}${each.join('')} (your function)`,
    `state: one value for each batch${each.join('')}`,
    ...(node.inverse === null ? [] : ['what has left a window is taken off (your function)']),
  ];
}

function lateText({ lateSink }: { readonly lateSink?: string | null }): string {
  return lateSink === undefined || lateSink === null ? 'dropped' : `go to ${lateSink}`;
}
