// Wires `.aggregate` and `.reduce`: what is kept per group, in which windows, and where results go.

import { EngineError } from '../model/errors.ts';
import type { AggregateNode, ReduceNode } from '../plan/plan.ts';
import { compileAggregates, compileReduce } from './accumulation.ts';
import { emitResults, type ResultPushes } from './emission.ts';
import { createKeyReader } from './key.ts';
import { KeyedOperator } from './keyed-operator.ts';
import type { Push } from './pass.ts';
import type { StatefulOperator } from './stateful-operator.ts';
import type { OperatorContext } from './wire-plan.ts';

/** Where the rows of an aggregation go. */
export interface ResultTargets {
  readonly pushes: ResultPushes;
  /** Takes rows late for all their windows. */
  readonly late: Push;
}

export interface WiredAggregation {
  readonly operator: StatefulOperator;
  readonly push: Push;
  /** Whether a row can fail after it has touched state. */
  readonly mayFailLate: boolean;
}

export function createAggregation(
  node: AggregateNode | ReduceNode,
  context: OperatorContext,
  { pushes, late }: ResultTargets,
): WiredAggregation {
  const { uid, window } = node;
  const { pass, source, behindMs } = context;
  const accumulation = node.kind === 'reduce' ? compileReduce(node) : compileAggregates(node);
  if (window !== null && window.kind !== 'time') {
    throw new EngineError('invalid', `the windows of '${uid}' cannot run yet`);
  }
  const keyed = new KeyedOperator({
    uid,
    window,
    key: createKeyReader({ uid, key: node.key, source, pass }),
    accumulation,
    pass,
    behindMs,
    complete: pushes.complete !== null,
    late,
  });
  const operator: StatefulOperator = {
    uid,
    behindMs,
    begin: () => keyed.begin(),
    finishRows: () => {},
    close(watermarks) {
      emitResults({ operator: keyed, pushes, pass, ...watermarks });
      keyed.evict(watermarks.current);
    },
    countState: () => keyed.draft.state.rowCount(),
  };
  return { operator, push: keyed.push, mayFailLate: accumulation.mayFail };
}
