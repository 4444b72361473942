// Which sink takes which rows, for plans that no compiler has seen.

import { isAggregation, isClock, isSink, type PlanNode, type SinkNode } from '../plan.ts';
import { chainProblems, modeProblems } from './mode-rules.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { isLateSink, quote, upstreamOf } from './plan-problem.ts';

export function outputProblems(plan: PlanDraft): PlanProblem[] {
  const sinks = plan.nodes.filter(isSink).filter((node) => !isLateSink(node));
  return [
    ...(sinks.length === 0 ? [NO_SINK] : []),
    ...sinks.flatMap((sink) => [...modeProblems(plan, sink), ...tableProblems(plan, sink)]),
    ...chainProblems(plan),
    ...mixedModes(plan, sinks),
    ...lateSinks(plan, sinks),
  ];
}

const NO_SINK: PlanProblem = {
  code: 'sink-missing',
  message:
    "the results go nowhere: add .to(…), such as .to(dynamodb('results'), { mode: 'update' })",
};

/** Operators that hand rows on as they are, so that a row still names its item. */
const PRESERVING: ReadonlySet<PlanNode['kind']> = new Set([
  'filter',
  'sample',
  'event-time',
  'deduplicate',
  'limit',
]);

/** An upsert must find its item by the group's key, which also determines the task that writes it. */
function tableProblems(plan: PlanDraft, sink: SinkNode): PlanProblem[] {
  if (sink.kind !== 'dynamodb-sink') return [];
  const upstream = upstreamOf(plan, sink, namesItems);
  const named = upstream.find(namesItems);
  if (named === undefined || sink.keyFields.length === 0) {
    return [
      {
        code: 'table-without-key',
        message: `'${sink.uid}' is a table, but its rows have no key that names an item: aggregate them by a key, or use s3`,
      },
    ];
  }
  const changed = upstream.find((node) => !namesItems(node) && !PRESERVING.has(node.kind));
  if (changed !== undefined) {
    return [
      {
        code: 'table-key-lost',
        message: `'${sink.uid}' is a table, but '${changed.uid}' may change the key that names its items: put .to(dynamodb(…)) before it`,
      },
    ];
  }
  if (!isAggregation(named) || named.window?.kind !== 'session' || sink.mode === 'append')
    return [];
  return [
    {
      code: 'table-of-growing-sessions',
      message: `'${sink.uid}' is a table, but a session of '${named.uid}' that grows would leave its former item behind: use mode append`,
    },
  ];
}

/** Whether rows carry the key that names them. */
function namesItems(node: PlanNode): boolean {
  return isAggregation(node) || node.kind === 'update-state';
}

/** Complete mode keeps every window for ever and lets late rows in, which the other modes must not. */
function mixedModes(plan: PlanDraft, sinks: readonly SinkNode[]): PlanProblem[] {
  return plan.nodes.filter(isAggregation).flatMap((keyed) => {
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
    const late = plan.nodes.find((node) => 'lateSink' in node && node.lateSink === sink.uid);
    if (late === undefined) {
      problems.push({
        code: 'late-sink-unused',
        message: `no rows can reach '${sink.uid}': put one .onLate directly after .aggregate, .reduce, .dropDuplicates, .join or .process`,
      });
    } else {
      problems.push(...neverLate(plan, { sink, late, sinks }));
    }
    return problems;
  });
}

function neverLate(
  plan: PlanDraft,
  {
    sink,
    late,
    sinks,
  }: { readonly sink: SinkNode; readonly late: PlanNode; readonly sinks: readonly SinkNode[] },
): PlanProblem[] {
  const never = `no row of '${late.uid}' is ever late for '${sink.uid}'`;
  if (isAggregation(late) && (late.window === null || late.window.kind === 'count')) {
    return [
      {
        code: 'late-without-window',
        message: `${never}: rows are late for windows of time, so put .window(…) after .keyBy or leave .onLate out`,
      },
    ];
  }
  if (!upstreamOf(plan, late).some(isClock)) {
    return [
      {
        code: 'late-without-watermark',
        message: `${never}: rows are late by a watermark, so declare .withWatermark(…) before it or leave .onLate out`,
      },
    ];
  }
  const isSession = isAggregation(late) && late.window?.kind === 'session';
  const isComplete = sinks.some(
    (each) => each.mode === 'complete' && upstreamOf(plan, each).includes(late),
  );
  if (!isAggregation(late) || isSession || !isComplete) return [];
  return [
    {
      code: 'late-in-complete',
      message: `${never}: mode complete takes late rows, so leave .onLate out`,
    },
  ];
}
