// Which output mode rows can have, by what stands in front of a sink: the table of Spark.

import { isAggregation, isSink, type PlanNode, type SinkNode } from '../plan.ts';
import type { AggregationNode, PlanDraft, PlanProblem } from './plan-problem.ts';
import { aggregationsBefore, isSource, isStateful, isTimed, upstreamOf } from './plan-problem.ts';

/** What keeps a sink from taking the rows in front of it in its mode. */
export function modeProblems(plan: PlanDraft, sink: SinkNode): PlanProblem[] {
  if (sink.kind === 's3-sink' && sink.mode !== 'append') {
    return [
      {
        code: 's3-append-only',
        message: `'${sink.uid}' is in mode ${sink.mode}, but files never change: use mode append, or a dynamodb table`,
      },
    ];
  }
  const groups = upstreamOf(plan, sink).find(isOneRowPerCall);
  if (groups !== undefined && sink.mode !== 'update') {
    return [
      {
        code: 'map-groups-update-only',
        message: `'${sink.uid}' is in mode ${sink.mode}, but '${groups.uid}' gives updates: use mode update, or .flatMapGroupsWithState`,
      },
    ];
  }
  switch (sink.mode) {
    case 'append':
      return aggregationsBefore(plan, sink).flatMap((node) => appendProblems(plan, sink, node));
    case 'update':
      return updateProblems(plan, sink);
    case 'complete':
      return completeProblems(plan, sink);
    default:
      // A mode that does not exist is named by the rules for options.
      return [];
  }
}

/** Behind an aggregation an operator with state takes final rows: there must be some. */
export function chainProblems(plan: PlanDraft): PlanProblem[] {
  return plan.nodes
    .filter((node) => isStateful(node) && !limitsTable(plan, node))
    .flatMap((node) => {
      const groups = upstreamOf(plan, node).find(isOneRowPerCall);
      if (groups !== undefined) {
        return [
          {
            code: 'map-groups-not-last',
            message: `'${node.uid}' stands behind '${groups.uid}', whose rows are updates: use .flatMapGroupsWithState`,
          },
        ];
      }
      return aggregationsBefore(plan, node)
        .filter((before) => !isEverFinal(plan, before))
        .map((before) => ({
          code: 'chain-not-final',
          message: `'${node.uid}' takes the final rows of '${before.uid}', but without a watermark and a window none ever is: declare .withWatermark(…) and put .window(…) before '${before.uid}'`,
        }));
    });
}

/** Whether a limit cuts the table of all results, which comes anew with each batch. */
function limitsTable(plan: PlanDraft, node: PlanNode): boolean {
  const sinks = plan.nodes.filter((each) => isSink(each) && upstreamOf(plan, each).includes(node));
  return node.kind === 'limit' && sinks.every((each) => 'mode' in each && each.mode === 'complete');
}

function appendProblems(
  plan: PlanDraft,
  sink: SinkNode,
  aggregation: AggregationNode,
): PlanProblem[] {
  if (isEverFinal(plan, aggregation)) return [];
  const groups = `'${sink.uid}' appends the groups of '${aggregation.uid}'`;
  if (!isTimed(plan, aggregation)) {
    return [
      {
        code: 'append-without-watermark',
        message: `${groups}, but without a watermark no group is ever final: declare .withWatermark(…) before .keyBy, or use mode update`,
      },
    ];
  }
  return [
    {
      code: 'append-without-window',
      message: `${groups}, but without a window no group is ever final: put .window(…) after .keyBy, or use mode update`,
    },
  ];
}

function isEverFinal(plan: PlanDraft, node: AggregationNode): boolean {
  if (node.window === null) return false;
  return node.window.kind === 'count' || isTimed(plan, node);
}

function updateProblems(plan: PlanDraft, sink: SinkNode): PlanProblem[] {
  const upstream = upstreamOf(plan, sink);
  const chained = chainedIn(plan, upstream);
  if (chained !== undefined) return [behindChain(sink, chained)];
  const problems: PlanProblem[] = [];
  for (const node of upstream) {
    if (node.kind === 'join') {
      problems.push({
        code: 'update-of-join',
        message: `'${sink.uid}' is in mode update, but pairs of '${node.uid}' never change: use mode append`,
      });
    } else if (node.kind === 'limit') {
      problems.push({
        code: 'update-of-limit',
        message: `'${sink.uid}' is in mode update, but rows behind '${node.uid}' never change: use mode append`,
      });
    } else if (isAggregation(node) && node.window?.kind === 'session') {
      problems.push({
        code: 'update-mode-unsupported-for-session',
        message: `'${sink.uid}' is in mode update, which cannot take back a session of '${node.uid}' that grew: use mode append`,
      });
    } else if (isAggregation(node) && node.window?.kind === 'count') {
      problems.push(fullWindowsOnly(sink, node));
    }
  }
  return problems;
}

function completeProblems(plan: PlanDraft, sink: SinkNode): PlanProblem[] {
  const upstream = upstreamOf(plan, sink);
  const aggregations = upstream.filter(isAggregation);
  if (aggregations.length === 0) {
    return [
      {
        code: 'complete-without-aggregation',
        message: `'${sink.uid}' is in mode complete, but without an aggregation there is no table of all results: use mode append`,
      },
    ];
  }
  const chained = chainedIn(
    plan,
    // A limit behind an aggregation cuts its table.
    upstream.filter(({ kind }) => kind !== 'limit'),
  );
  if (chained !== undefined) return [behindChain(sink, chained)];
  const keepsRows = (node: PlanNode) => isStateful(node) && node.kind !== 'limit';
  const [direct] = upstreamOf(plan, sink, keepsRows).filter(isAggregation);
  const untabled = upstreamOf(plan, sink, isAggregation).find(isSource);
  if (direct === undefined || untabled !== undefined) {
    return [
      {
        code: 'complete-of-events',
        message: `'${sink.uid}' is in mode complete, but takes rows that come from no aggregation: use mode append, or unite streams before they are aggregated`,
      },
    ];
  }
  const join = upstream.find(({ kind }) => kind === 'join');
  if (join !== undefined) {
    return [
      {
        code: 'complete-of-join',
        message: `'${sink.uid}' is in mode complete, but what follows '${join.uid}' takes its rows in mode append only: use mode append`,
      },
    ];
  }
  return direct.window?.kind === 'count' ? [fullWindowsOnly(sink, direct)] : [];
}

/** The first operator with state that has an aggregation in front of it. */
function chainedIn(plan: PlanDraft, nodes: readonly PlanNode[]): PlanNode | undefined {
  return nodes
    .filter(isStateful)
    .find((node) => upstreamOf(plan, node).some((each) => isAggregation(each)));
}

function behindChain(sink: SinkNode, chained: PlanNode): PlanProblem {
  return {
    code: 'chain-append-only',
    message: `'${sink.uid}' is in mode ${sink.mode}, but '${chained.uid}' stands behind an aggregation and takes its final rows only, which mode append gives: use mode append`,
  };
}

function fullWindowsOnly(sink: SinkNode, node: AggregationNode): PlanProblem {
  return {
    code: 'count-window-append-only',
    message: `'${sink.uid}' is in mode ${sink.mode}, but a window of '${node.uid}' comes out when it is full, and once: use mode append`,
  };
}

function isOneRowPerCall(node: PlanNode): boolean {
  return node.kind === 'map-groups' && !node.flat;
}
