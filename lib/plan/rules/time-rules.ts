// Event time: a watermark in front of whatever goes by one, and not behind an aggregation.

import { isClock, isOperator, type PlanNode } from '../plan.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { hasTime, isTimed, upstreamOf } from './plan-problem.ts';

export function timeProblems(plan: PlanDraft): PlanProblem[] {
  return plan.nodes.flatMap((node) => [
    ...(isClock(node) ? clockProblems(plan, node) : []),
    ...untimed(plan, node),
  ]);
}

/** Whether rows leave an operator when those of the batch have all come, and not with their record. */
function givesOutLater(node: PlanNode): boolean {
  return isOperator(node) && node.kind !== 'deduplicate' && node.kind !== 'limit';
}

function clockProblems(plan: PlanDraft, node: PlanNode): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const before = upstreamOf(plan, node).find(givesOutLater);
  if (before !== undefined) {
    problems.push({
      code: 'watermark-after-groups',
      message: `'${node.uid}' stands behind '${before.uid}', whose rows come out too late to move a watermark: put .withWatermark before it, and .eventTime behind it to choose another time`,
    });
  }
  if (node.kind === 'watermark' && node.maxAheadMs === 0) {
    problems.push({
      code: 'max-ahead-zero',
      message: `maxAhead of '${node.uid}' is zero, but clocks differ: allow at least some seconds`,
    });
  }
  if (node.kind === 'watermark' && node.idleTimeoutMs === 0) {
    problems.push({
      code: 'idle-timeout-zero',
      message: `idleTimeout of '${node.uid}' is zero, so that it would hold no other watermark back: allow at least some seconds`,
    });
  }
  return problems;
}

/** What goes by event time although rows come to it that have none. */
function untimed(plan: PlanDraft, node: PlanNode): PlanProblem[] {
  if (isTimed(plan, node)) return [];
  switch (node.kind) {
    case 'aggregate':
    case 'reduce':
      if (node.window === null || node.window.kind === 'count' || hasTime(plan, node)) return [];
      return [
        {
          code: 'window-without-watermark',
          message: `the windows of '${node.uid}' have no event time: declare .withWatermark(…) before .keyBy`,
        },
      ];
    case 'deduplicate':
      if (node.forget === 'never') return [];
      return [
        {
          code: 'dedup-without-watermark',
          message: `'${node.uid}' forgets keys by the watermark, but none is declared on all its rows: put .withWatermark(…) before it`,
        },
      ];
    case 'map-groups':
      return node.timeout === 'event-time' ? [timeoutProblem(node)] : [];
    case 'process':
      return node.timers === 'event-time' ? [timeoutProblem(node)] : [];
    default:
      return [];
  }
}

function timeoutProblem({ uid }: PlanNode): PlanProblem {
  return {
    code: 'timeout-without-watermark',
    message: `timeouts of '${uid}' go by the watermark, but none is declared on all its rows: put .withWatermark(…) before it, or let them go by 'processing-time'`,
  };
}
