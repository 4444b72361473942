// Wires `.aggregate` and `.reduce`: what is kept per group, in which windows, and where results go.

import { EngineError } from '../model/errors.ts';
import type {
  AggregateNode,
  CountWindowSpec,
  ReduceNode,
  SessionWindowSpec,
} from '../plan/plan.ts';
import { type Accumulation, compileAggregates, compileReduce } from './accumulation.ts';
import { CountWindowOperator } from './count-window-operator.ts';
import { emitResults, type ResultPushes } from './emission.ts';
import { countRows } from './kept-rows.ts';
import { createKeyReader, type KeyReader } from './key.ts';
import { KeyedOperator } from './keyed-operator.ts';
import type { Push } from './pass.ts';
import { closeSessions } from './session-emission.ts';
import { gapOf } from './session-gap.ts';
import { SessionOperator } from './session-operator.ts';
import type { OperatorContext, StatefulOperator } from './stateful-operator.ts';

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

/** An aggregation with all that its operators have in common. */
interface Parts extends ResultTargets {
  readonly node: AggregateNode | ReduceNode;
  readonly context: OperatorContext;
  readonly key: KeyReader;
  readonly accumulation: Accumulation;
}

export function createAggregation(
  node: AggregateNode | ReduceNode,
  context: OperatorContext,
  targets: ResultTargets,
): WiredAggregation {
  const { pass, source } = context;
  const parts: Parts = {
    ...targets,
    node,
    context,
    key: createKeyReader({ uid: node.uid, key: node.key, source, pass }),
    accumulation: node.kind === 'reduce' ? compileReduce(node) : compileAggregates(node),
  };
  const { window } = node;
  if (window?.kind === 'session') return overSessions(parts, window);
  if (window?.kind === 'count') return overRows(parts, window);
  const { uid, allowedLatenessMs } = node;
  const { pushes, accumulation } = parts;
  const { behindMs } = context;
  const keyed = new KeyedOperator({
    ...parts,
    uid,
    window,
    pass,
    behindMs,
    allowedLatenessMs,
    complete: pushes.complete !== null,
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
    countState: (watermarks) => keyed.countGroups(watermarks),
  };
  return { operator, push: keyed.push, mayFailLate: accumulation.mayFail };
}

function overSessions(parts: Parts, window: SessionWindowSpec): WiredAggregation {
  const { context, node, pushes, accumulation } = parts;
  const { uid, allowedLatenessMs } = node;
  const { pass, behindMs } = context;
  const sessions = new SessionOperator({
    ...parts,
    uid,
    pass,
    behindMs,
    allowedLatenessMs,
    gap: gapOf(window, uid),
    complete: pushes.complete !== null,
  });
  const operator: StatefulOperator = {
    uid,
    behindMs,
    begin: () => sessions.begin(),
    finishRows: () => {},
    close: ({ current }) => closeSessions({ operator: sessions, pushes, pass }, current),
    countState: () => countRows(sessions.draft),
  };
  return { operator, push: sessions.push, mayFailLate: accumulation.mayFail };
}

function overRows(parts: Parts, window: CountWindowSpec): WiredAggregation {
  const { context, node, pushes } = parts;
  const { uid } = node;
  if (pushes.complete !== null) {
    throw new EngineError(
      'invalid',
      `the windows of '${uid}' are gone once they are complete; use mode append or update`,
    );
  }
  const windows = new CountWindowOperator({ ...parts, uid, window, pass: context.pass });
  const operator: StatefulOperator = {
    uid,
    behindMs: context.behindMs,
    begin: () => windows.begin(),
    finishRows: () => {},
    close: () => {},
    countState: () => windows.countState(),
  };
  // A window comes out with the row that completes it, and can fail on its way.
  return { operator, push: windows.push, mayFailLate: true };
}
