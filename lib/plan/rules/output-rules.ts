// Which sink takes which rows in which output mode, for plans that no compiler has seen.

import { isSink, type SinkNode } from '../plan.ts';
import type { KeyedNode, PlanDraft, PlanProblem } from './plan-problem.ts';
import { isKeyedNode, isLateSink, quote, upstreamOf } from './plan-problem.ts';

export function outputProblems(plan: PlanDraft): PlanProblem[] {
  const sinks = plan.nodes.filter(isSink).filter((node) => !isLateSink(node));
  return [
    ...(sinks.length === 0 ? [NO_SINK] : []),
    ...sinks.flatMap((sink) => [...modeProblems(plan, sink), ...tableProblems(plan, sink)]),
    ...mixedModes(plan, sinks),
    ...lateSinks(plan, sinks),
  ];
}

const NO_SINK: PlanProblem = {
  code: 'sink-missing',
  message:
    "the results go nowhere: add .to(…), such as .to(dynamodb('results'), { mode: 'update' })",
};

function modeProblems(plan: PlanDraft, sink: SinkNode): PlanProblem[] {
  const keyed = upstreamOf(plan, sink).find(isKeyedNode);
  if (sink.kind === 's3-sink' && sink.mode !== 'append') {
    return [
      {
        code: 's3-append-only',
        message: `'${sink.uid}' is in mode ${sink.mode}, but files never change: use mode append, or a dynamodb table`,
      },
    ];
  }
  switch (sink.mode) {
    case 'append':
      return keyed === undefined ? [] : appendProblems(plan, { sink, keyed });
    case 'complete':
      if (keyed !== undefined) return [];
      return [
        {
          code: 'complete-without-aggregation',
          message: `'${sink.uid}' is in mode complete, but without an aggregation there is no table of all results: use mode append`,
        },
      ];
    default:
      // Update needs nothing more; a mode that does not exist is named by the rules for options.
      return [];
  }
}

function appendProblems(
  plan: PlanDraft,
  { sink, keyed }: { readonly sink: SinkNode; readonly keyed: KeyedNode },
): PlanProblem[] {
  if (
    !upstreamOf(plan, keyed).some(
      (node) => node.kind === 'watermark' || node.kind === 'processing-time',
    )
  ) {
    return [
      {
        code: 'append-without-watermark',
        message: `'${sink.uid}' appends the groups of '${keyed.uid}', but without a watermark no group is ever final: declare .withWatermark(…) before .keyBy, or use mode update`,
      },
    ];
  }
  if (keyed.window !== null) return [];
  return [
    {
      code: 'append-without-window',
      message: `'${sink.uid}' appends the groups of '${keyed.uid}', but without a window no group is ever final: put .window(…) after .keyBy, or use mode update`,
    },
  ];
}

/** An upsert must find its item by the group's key, which also determines the shard that writes it. */
function tableProblems(plan: PlanDraft, sink: SinkNode): PlanProblem[] {
  if (sink.kind !== 'dynamodb-sink') return [];
  const upstream = upstreamOf(plan, sink);
  const keyedAt = upstream.findIndex(isKeyedNode);
  if (keyedAt === -1) {
    return [
      {
        code: 'table-without-key',
        message: `'${sink.uid}' is a table, but its rows have no key that names an item: aggregate them by a key, or use s3`,
      },
    ];
  }
  const changed = upstream
    .slice(0, keyedAt)
    .find((node) => node.kind === 'map' || node.kind === 'flat-map');
  if (changed === undefined) return [];
  return [
    {
      code: 'table-key-lost',
      message: `'${sink.uid}' is a table, but '${changed.uid}' may change the key that names its items: put .to(dynamodb(…)) before it`,
    },
  ];
}

/** Complete mode keeps every window for ever and lets late rows in, which the other modes must not. */
function mixedModes(plan: PlanDraft, sinks: readonly SinkNode[]): PlanProblem[] {
  return plan.nodes.filter(isKeyedNode).flatMap((keyed) => {
    const fed = sinks.filter((sink) => upstreamOf(plan, sink).includes(keyed));
    const complete = fed.filter((sink) => sink.mode === 'complete').map((sink) => sink.uid);
    const others = fed.filter((sink) => sink.mode !== 'complete').map((sink) => sink.uid);
    if (complete.length === 0 || others.length === 0) return [];
    return {
      code: 'complete-mixed',
      message: `'${keyed.uid}' feeds ${quote(complete)} in mode complete, which keeps every window and takes late rows, and ${quote(others)} in another mode: use complete for all or for none`,
    };
  });
}

function lateSinks(plan: PlanDraft, sinks: readonly SinkNode[]): PlanProblem[] {
  return plan.nodes.filter(isLateSink).flatMap((sink) => {
    const problems: PlanProblem[] = [];
    if (sink.kind !== 's3-sink' && sink.kind !== 'foreach-batch-sink') {
      problems.push({
        code: 'late-sink-not-s3',
        message: `late rows have no key and cannot go to '${sink.uid}': use .onLate(s3(…)) or .onLate(foreachBatch(…))`,
      });
    }
    const keyed = plan.nodes.filter(isKeyedNode).find((node) => node.lateSink === sink.uid);
    if (keyed === undefined) {
      problems.push({
        code: 'late-sink-unused',
        message: `no rows can reach '${sink.uid}': put one .onLate directly after .aggregate or .reduce`,
      });
    } else if (keyed.window === null) {
      problems.push({
        code: 'late-without-window',
        message: `no row of '${keyed.uid}' is ever late for '${sink.uid}': rows are late for windows, so put .window(…) after .keyBy or leave .onLate out`,
      });
    } else if (
      sinks.some((each) => each.mode === 'complete' && upstreamOf(plan, each).includes(keyed))
    ) {
      problems.push({
        code: 'late-in-complete',
        message: `no row of '${keyed.uid}' is ever late for '${sink.uid}': mode complete takes late rows, so leave .onLate out`,
      });
    }
    return problems;
  });
}
