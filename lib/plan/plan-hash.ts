// The hash of a plan covers exactly what stored state depends on: the source and its partitioning,
// event time, and of each keyed operator its uid, key, window and aggregates. Sinks,
// stateless operators, the allowed lateness and the text of functions are not in it: they may change
// and state stays good, since a watermark never goes back.

import type { AggregateSpec, KeySpec, PlanNode, Selector, WindowSpec } from './plan.ts';

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
    default:
      return undefined;
  }
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
