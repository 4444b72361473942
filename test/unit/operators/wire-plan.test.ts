import { describe, expect, test } from 'vitest';
import { wirePlan } from '../../../lib/operators/wire-plan.ts';
import {
  type AggregateNode,
  type MapNode,
  PLAN_DEFAULTS,
  type Plan,
  type PlanNode,
} from '../../../lib/plan/plan.ts';
import { aPass } from '../../support/passes.ts';

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
  idleTimeoutMs: null,
  startMs: 0,
});
const keyed = (uid: string, input: string, windowed = false): AggregateNode => ({
  kind: 'aggregate',
  uid,
  inputs: [input],
  key: { fields: ['k'], selectors: [{ kind: 'field', field: 'k' }] },
  window: windowed ? { kind: 'time', sizeMs: 10, slideMs: 10 } : null,
  aggregates: { n: { kind: 'count', input: null, decimalScale: null } },
  allowedLatenessMs: 0,
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
  ...PLAN_DEFAULTS,
  nodes: [source, ...nodes],
});
const wire = (...nodes: readonly PlanNode[]) => wirePlan(planOf(...nodes), aPass(), () => () => {});

describe('a plan that cannot run is refused when it is wired', () => {
  test.each([
    ['windows without event time', [keyed('a', 'source', true), sink('s', 'a')], /no event time/],
    [
      'a watermark behind a key',
      [keyed('a', 'source'), watermark('w', 'a'), sink('s', 'w')],
      /behind/,
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

test('of two watermarks on one way the later one counts', () => {
  const pass = aPass();
  const plan = planOf(watermark('w', 'source'), watermark('v', 'w'), sink('s', 'v'));
  wirePlan(plan, pass, () => () => {});
  expect(pass.clocks.map(({ uid }) => uid)).toEqual(['v']);
});
