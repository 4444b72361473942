import { expect, test } from 'vitest';
import { PlanGraph } from '../../../lib/operators/plan-graph.ts';
import { PLAN_DEFAULTS, type PlanNode } from '../../../lib/plan/plan.ts';

const source: PlanNode = {
  kind: 'kinesis-source',
  uid: 'source',
  inputs: [],
  name: 'events',
  schema: null,
  partitionedBy: null,
};

test('a stream that is united with itself again and again is looked at once for each node', () => {
  const depth = 40;
  const unions = Array.from({ length: depth }, (_, level): PlanNode => {
    const input = level === 0 ? 'source' : `union-${level - 1}`;
    return { kind: 'union', uid: `union-${level}`, inputs: [input, input] };
  });
  const graph = new PlanGraph({
    ...PLAN_DEFAULTS,
    name: 'p',
    hash: '0',
    nodes: [source, ...unions],
  });
  expect(graph.upstreamOf(`union-${depth - 1}`)).toHaveLength(depth);
  expect(graph.behindMs(`union-${depth - 1}`)).toBe(0);
  expect(graph.leadsTo(source, ({ uid }) => uid === `union-${depth - 1}`)).toBe(true);
  expect(graph.leadsTo(unions.at(-1)!, ({ kind }) => kind === 'union')).toBe(false);
});
