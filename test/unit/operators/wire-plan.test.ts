import { describe, expect, test } from 'vitest';
import { Pass } from '../../../lib/operators/pass.ts';
import { wirePlan } from '../../../lib/operators/wire-plan.ts';
import type { AggregateNode, MapNode, Plan, PlanNode } from '../../../lib/plan/plan.ts';

const source: PlanNode = {
  kind: 'kinesis-source',
  uid: 'source',
  inputs: [],
  name: 'events',
  schema: null,
  partitionedBy: null,
};
const watermark = (uid: string, input: string): PlanNode => ({
  kind: 'watermark',
  uid,
  inputs: [input],
  time: { kind: 'field', field: 'at' },
  unit: 'milliseconds',
  delayMs: 0,
  maxAheadMs: 0,
});
const keyed = (uid: string, input: string, windowed = false): AggregateNode => ({
  kind: 'aggregate',
  uid,
  inputs: [input],
  key: { fields: ['k'], selectors: [{ kind: 'field', field: 'k' }] },
  window: windowed ? { sizeMs: 10, slideMs: 10 } : null,
  aggregates: { n: { kind: 'count', input: null, decimalScale: null } },
  lateSink: null,
});
const mapping = (kind: MapNode['kind'], uid: string, input: string): MapNode => ({
  kind,
  uid,
  inputs: [input],
  apply: (event) => event,
});
const sink = (uid: string, input: string, mode: 'append' | 'update' = 'update'): PlanNode => ({
  kind: 'noop-sink',
  uid,
  inputs: [input],
  mode,
});
const planOf = (...nodes: readonly PlanNode[]): Plan => ({
  name: 'p',
  hash: '0',
  nodes: [source, ...nodes],
});
const wire = (...nodes: readonly PlanNode[]) =>
  wirePlan(planOf(...nodes), new Pass(), () => () => {});

describe('a plan that cannot run is refused when it is wired', () => {
  test.each([
    ['windows without event time', [keyed('a', 'source', true), sink('s', 'a')], /no event time/],
    [
      'two watermarks',
      [watermark('w', 'source'), watermark('v', 'w'), sink('s', 'v')],
      /more than one/,
    ],
    [
      'a watermark behind a key',
      [keyed('a', 'source'), watermark('w', 'a'), sink('s', 'w')],
      /behind/,
    ],
    [
      'a key behind a key',
      [keyed('a', 'source'), keyed('b', 'a'), sink('s', 'b')],
      /split the pipeline/,
    ],
  ] as const)('%s', (_, nodes, message) => {
    expect(() => wire(...nodes)).toThrow(message);
  });
});

describe('what one record did is noted only where it may have to be undone', () => {
  test.each([
    ['a straight line', [mapping('map', 'm', 'source'), keyed('a', 'm'), sink('s', 'a')], false],
    [
      'operators behind the key',
      [keyed('a', 'source'), mapping('flat-map', 'm', 'a'), sink('s', 'm')],
      false,
    ],
    ['a flatMap', [mapping('flat-map', 'm', 'source'), keyed('a', 'm'), sink('s', 'a')], true],
    [
      'two ways out of the source',
      [sink('t', 'source'), keyed('a', 'source'), sink('s', 'a')],
      true,
    ],
    [
      'two ways further down',
      [mapping('map', 'm', 'source'), sink('t', 'm'), keyed('a', 'm'), sink('s', 'a')],
      true,
    ],
  ] as const)('%s', (_, nodes, undoable) => {
    expect(wire(...nodes).undoable).toBe(undoable);
  });
});

test('operators behind a key are wired only towards sinks of the mode', () => {
  const { keyed: operators } = wire(
    keyed('a', 'source'),
    mapping('map', 'm', 'a'),
    sink('u', 'm', 'update'),
  );
  const { pushes } = operators[0]!;
  expect([pushes.append, pushes.complete]).toEqual([null, null]);
  expect(pushes.update).not.toBeNull();
});
