// The hash of a plan covers exactly what stored state depends on: the sources and their partitioning,
// event time, and of each operator with state its uid, key and what its state means. Sinks,
// stateless operators, the allowed lateness and the text of functions are not in it: they may change
// and state stays good, since a watermark never goes back.

import type {
  AggregateSpec,
  KeySpec,
  OperatorNode,
  PlanNode,
  Selector,
  WindowSpec,
} from './plan.ts';
import { isOperator } from './plan.ts';

/** Digest of `describeState`: 64-bit FNV-1a as 16 hex digits. */
export function hashPlan(nodes: readonly PlanNode[]): string {
  return fnv1a64(describeState(nodes));
}

/** Canonical JSON of what stored state depends on: equal for plans whose state is interchangeable. */
export function describeState(nodes: readonly PlanNode[]): string {
  return JSON.stringify(nodes.map(describeNode).filter((described) => described !== undefined));
}

function describeNode(node: PlanNode): unknown {
  switch (node.kind) {
    case 'kinesis-source':
      return [
        node.kind,
        node.name,
        node.partitionedByFunction === undefined ? node.partitionedBy : 'function',
      ];
    case 'watermark':
      return [node.kind, describeSelector(node.time), node.unit];
    case 'aggregate':
      return [
        node.kind,
        node.uid,
        describeKey(node.key),
        node.window && describeWindow(node.window),
        Object.entries(node.aggregates).map(([name, spec]) => [name, ...describeAggregate(spec)]),
      ];
    case 'reduce':
      return [
        node.kind,
        node.uid,
        describeKey(node.key),
        node.window && describeWindow(node.window),
      ];
    case 'processing-time':
      return [node.kind];
    case 'event-time':
      return [node.kind, describeSelector(node.time), node.unit];
    default:
      return isOperator(node) ? describeOperator(node) : undefined;
  }
}

/** Lengths after which something is forgotten are left out: with others, state is good as well. */
function describeOperator(
  node: Exclude<OperatorNode, { kind: 'aggregate' | 'reduce' }>,
): readonly unknown[] | undefined {
  switch (node.kind) {
    case 'deduplicate':
      return [...describeKeyed(node), typeof node.forget === 'number' ? 'within' : node.forget];
    case 'limit':
      return [node.kind, node.uid];
    case 'join':
      return [
        node.kind,
        node.uid,
        node.type,
        describeKey(node.leftKey),
        describeKey(node.rightKey),
        node.nullSafe,
        node.within && Object.values(node.within),
        node.window && describeWindow(node.window),
      ];
    case 'map-groups':
      return [...describeKeyed(node), node.timeout];
    case 'map-with-state':
      return [...describeKeyed(node), node.timeoutMs === null ? 'kept' : 'timeout'];
    case 'update-state':
      return describeKeyed(node);
    case 'process':
      return [
        ...describeKeyed(node),
        Object.entries(node.state).map(([name, { kind, ttlMs }]) => [name, kind, ttlMs !== null]),
        node.timers,
      ];
    case 'batch-window':
      return [
        ...describeKeyed(node),
        node.lengthMs,
        node.slideMs,
        node.value && describeSelector(node.value),
        node.reduce === null ? 'rows' : 'reduced',
        node.inverse === null ? 'again' : 'inverse',
      ];
    case 'transform-batch':
      return undefined;
  }
}

function describeKeyed(node: {
  readonly kind: string;
  readonly uid: string;
  readonly key: KeySpec;
}): readonly unknown[] {
  return [node.kind, node.uid, describeKey(node.key)];
}

function describeWindow(window: WindowSpec): unknown {
  switch (window.kind) {
    case 'time':
      return [window.sizeMs, window.slideMs];
    case 'session':
      return ['session', typeof window.gap === 'number' ? window.gap : 'function'];
    case 'count':
      return ['count', window.size, window.slide];
  }
}

function describeKey(key: KeySpec): unknown {
  return key.fields.map((field, index) => [field, describeSelector(key.selectors[index]!)]);
}

function describeAggregate(spec: AggregateSpec): readonly unknown[] {
  if (spec.kind === 'custom') return [spec.kind];
  const input = spec.input && describeSelector(spec.input);
  return [spec.kind, input, spec.decimalScale, ...describeParameters(spec)];
}

function describeParameters(spec: AggregateSpec): readonly unknown[] {
  switch (spec.kind) {
    case 'topK':
      return [spec.k, spec.by && describeSelector(spec.by)];
    case 'approxCountDistinct':
      return [spec.relativeError];
    case 'approxPercentile':
      return [spec.percentages, spec.accuracy];
    default:
      return [];
  }
}

function describeSelector(selector: Selector): readonly string[] {
  return selector.kind === 'field' ? ['field', selector.field] : ['function'];
}

/** FNV-1a over the UTF-8 of `text`, as 16 hex digits; it tells plans apart and resists no attacker. */
export function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}
