// Why a run went wrong, found by trying: the same batches are computed again with one thing about the
// process changed at a time, and what user code is given is compared before and after it ran.

import type { Plan, PlanNode } from '../plan/plan.ts';
import type { AmbientSource } from './ambient.ts';
import { effectsOfCalmRun, isSameEffect } from './effects.ts';
import { AskedLog, type ObservedRun } from './observed-run.ts';
import type { Finding } from './reference.ts';
import { AMBIENT_SOURCES, differenceBetween, replayRun } from './replay.ts';
import { createInstance, type Simulated } from './subject.ts';

/** What a finding is owed to; `where` names code or operators. */
export interface Cause {
  readonly kind:
    | AmbientSource
    | 'state-outside'
    | 'changed-in-place'
    | 'shared-zero'
    | 'not-idempotent'
    | 'not-awaited'
    | 'never-done'
    | 'order-of-arrival'
    | 'cut-into-batches'
    | 'key-changed'
    | 'engine';
  readonly where: readonly string[];
}

/** The causes of a finding, the most certain first. */
export async function causesOf(
  simulated: Simulated,
  run: ObservedRun,
  finding: Finding,
  dependsOnOrder: boolean,
): Promise<readonly Cause[]> {
  switch (finding.kind) {
    case 'replay':
      return replayCauses(simulated, run);
    case 'effects':
      return effectCauses(simulated, run);
    case 'stuck':
      return [{ kind: 'never-done', where: [finding.handover.sinkUid] }];
    case 'order':
      return [orderCause(run, dependsOnOrder)];
    case 'shards':
      return [{ kind: 'key-changed', where: keyedOperators(run.plan) }];
    case 'invariant':
      return [{ kind: 'engine', where: [] }];
  }
}

function replayCauses(simulated: Simulated, run: ObservedRun): readonly Cause[] {
  const asked = new AskedLog();
  const replay = (other: readonly AmbientSource[], draws = 2) =>
    replayRun(simulated, run, { other, asked, draws });
  const [first, second] = [replay([]), replay([])];
  const isRepeatable = differenceBetween(run, first, second) === null;
  const sources = isRepeatable
    ? AMBIENT_SOURCES.filter((source) =>
        VARIANTS[source].some(
          (draws) => differenceBetween(run, first, replay([source], draws)) !== null,
        ),
      )
    : [];
  if (sources.length > 0) {
    return sources.map((kind) => ({ kind, where: placesOf(kind, [...run.asked, ...asked.list]) }));
  }
  return [...inPlaceCauses(simulated, run), { kind: 'state-outside', where: [] }];
}

/** One other draw may by chance lead to the same: a few do not. */
const VARIANTS: Readonly<Record<AmbientSource, readonly number[]>> = {
  clock: [2],
  chance: [2, 3, 4, 5, 6, 7, 8, 9],
  zone: [2],
  locale: [2],
  environment: [2],
};

const placesOf = (kind: AmbientSource, asked: ObservedRun['asked']): readonly string[] => [
  ...new Set(
    asked
      .filter(({ source }) => source === kind)
      .map(({ name, place }) => (place === null ? name : `${name} at ${place}`)),
  ),
];

/** Whether user code changes what it is given, or gives what it has given before. */
function inPlaceCauses(simulated: Simulated, run: ObservedRun): readonly Cause[] {
  const changing = new Set<string>();
  const watch = (plan: Plan): Plan => ({
    ...plan,
    nodes: plan.nodes.map((node) => watched(node, (name) => changing.add(name))),
  });
  const { plan } = createInstance(simulated);
  const shared = sharedZeros(plan);
  const pipeline = { name: plan.name, plan: () => watch(plan), explain: () => '' };
  replayRun(() => pipeline, run, { other: [], asked: new AskedLog() });
  return [
    ...(shared.length > 0 ? [{ kind: 'shared-zero', where: shared } as const] : []),
    ...(changing.size > 0 ? [{ kind: 'changed-in-place', where: [...changing] } as const] : []),
  ];
}

type AnyFunction = (...values: never[]) => unknown;

function watched(node: PlanNode, changes: (name: string) => void): PlanNode {
  const watch = <Code extends AnyFunction>(code: Code, name: string): Code =>
    ((...values: never[]) => {
      const before = JSON.stringify(values);
      const result = code(...values);
      if (JSON.stringify(values) !== before) changes(name);
      return result;
    }) as Code;
  switch (node.kind) {
    case 'reduce':
      return { ...node, reduce: watch(node.reduce, `.reduce of '${node.uid}'`) };
    case 'aggregate': {
      const specs = Object.entries(node.aggregates).map(([name, spec]) => {
        if (spec.kind !== 'custom') return [name, spec] as const;
        const add = watch(spec.add, `add of '${name}'`);
        return [name, { ...spec, add, result: watch(spec.result, `result of '${name}'`) }] as const;
      });
      return { ...node, aggregates: Object.fromEntries(specs) };
    }
    default:
      return node;
  }
}

function sharedZeros({ nodes }: Plan): readonly string[] {
  return nodes.flatMap((node) =>
    node.kind === 'aggregate'
      ? Object.entries(node.aggregates).flatMap(([name, spec]) => {
          if (spec.kind !== 'custom') return [];
          const [one, other] = [spec.zero(), spec.zero()];
          return typeof one === 'object' && one !== null && one === other
            ? [`zero of '${name}'`]
            : [];
        })
      : [],
  );
}

async function effectCauses(simulated: Simulated, run: ObservedRun): Promise<readonly Cause[]> {
  const { handovers, asked } = run;
  const sinks = (some: ObservedRun['handovers']) => [
    ...new Set(some.map(({ sinkUid }) => sinkUid)),
  ];
  const unawaited = handovers.filter(
    ({ outcome, pendingCount }) => outcome === 'done' && pendingCount > 0,
  );
  if (unawaited.length > 0) return [{ kind: 'not-awaited', where: sinks(unawaited) }];
  const calm = async (...other: AmbientSource[]) =>
    (await effectsOfCalmRun(simulated, run, other))?.shown;
  const first = await calm();
  if (!isSameEffect(first, await calm())) return [{ kind: 'state-outside', where: [] }];
  const causes: Cause[] = [];
  for (const kind of ['chance', 'clock'] as const) {
    if (isSameEffect(first, await calm(kind))) continue;
    causes.push({ kind, where: placesOf(kind, asked) });
  }
  const repeated = handovers.filter(
    ({ batchId }, index) => handovers.findIndex((each) => each.batchId === batchId) < index,
  );
  if (repeated.length > 0) {
    const where = [...sinks(repeated), ...placesOf('chance', asked), ...placesOf('clock', asked)];
    causes.push({ kind: 'not-idempotent', where });
  }
  return causes.length > 0 ? causes : [{ kind: 'state-outside', where: [] }];
}

function orderCause({ plan }: ObservedRun, dependsOnOrder: boolean): Cause {
  const where = plan.nodes.flatMap((node) => {
    if (node.kind === 'reduce') return [`.reduce of '${node.uid}'`];
    if (node.kind !== 'aggregate') return [];
    return Object.entries(node.aggregates).flatMap(([name, { kind }]) =>
      kind === 'custom'
        ? [`aggregator '${name}'`]
        : ['first', 'last'].includes(kind)
          ? [`${kind} of '${name}'`]
          : [],
    );
  });
  return { kind: dependsOnOrder ? 'order-of-arrival' : 'cut-into-batches', where };
}

const keyedOperators = ({ nodes }: Plan) =>
  nodes.flatMap(({ kind, uid }) => (kind === 'aggregate' || kind === 'reduce' ? [uid] : []));
