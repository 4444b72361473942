// Joins: rows that met no other come out once none can come any more, which takes watermarks and a
// bound on the times of a pair.

import type { JoinNode, TimeBound } from '../plan.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { isTimed } from './plan-problem.ts';

export function joinProblems(plan: PlanDraft): PlanProblem[] {
  return plan.nodes
    .filter((node) => node.kind === 'join')
    .flatMap((node) => [...boundProblems(plan, node), ...outerProblems(plan, node)]);
}

function boundProblems(plan: PlanDraft, node: JoinNode): PlanProblem[] {
  const problems: PlanProblem[] = [];
  if (isEmpty(node.within)) {
    problems.push({
      code: 'join-bound-empty',
      message: `no times lie within the bounds of '${node.uid}': let 'from' be less than 'to', or equal with both inclusive`,
    });
  }
  if (isBounded(node) && !isTimed(plan, node)) {
    problems.push({
      code: 'join-without-watermark',
      message: `'${node.uid}' goes by event time, but not all of its rows have one: declare .withWatermark(…) on both sides`,
    });
  }
  return problems;
}

function outerProblems(plan: PlanDraft, node: JoinNode): PlanProblem[] {
  if (node.type === 'inner') return [];
  if (!isTimed(plan, node) && !isBounded(node)) {
    return [
      {
        code: 'outer-join-without-watermark',
        message: `'${node.uid}' is a ${node.type} join, but without a watermark on both sides a match may always come: declare .withWatermark(…) on both, and give it within or a window`,
      },
    ];
  }
  const missing = missingBound(node);
  if (missing === null) return [];
  return [
    {
      code: 'outer-join-without-bound',
      message: `'${node.uid}' is a ${node.type} join, but ${missing}: give it within or a window`,
    },
  ];
}

/** Why rows of the side that is kept never come out; `null`: they do. */
function missingBound({ type, within, window }: JoinNode): string | null {
  if (window !== null) return null;
  const endsLeft = within !== null && within.upperMs !== null;
  const endsRight = within !== null && within.lowerMs !== null;
  switch (type) {
    case 'left':
    case 'semi':
      return endsLeft ? null : "a right row may match however late it is, without a bound 'to'";
    case 'right':
      return endsRight ? null : "a left row may match however late it is, without a bound 'from'";
    default:
      return endsLeft || endsRight ? null : 'a row of either side may match however late it is';
  }
}

function isBounded({ within, window }: JoinNode): boolean {
  return within !== null || window !== null;
}

function isEmpty(within: TimeBound | null): boolean {
  if (within === null || within.lowerMs === null || within.upperMs === null) return false;
  const { lowerMs, lowerInclusive, upperMs, upperInclusive } = within;
  return lowerMs > upperMs || (lowerMs === upperMs && !(lowerInclusive && upperInclusive));
}
