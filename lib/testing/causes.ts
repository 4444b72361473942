// Why a run went wrong, found by trying: the same batches are computed again with one thing about the
// process changed at a time, and what user code is given is compared before and after it ran.

import { BY_ARRIVAL, type Plan, type PlanNode } from '../plan/plan.ts';
import type { AmbientSource } from './ambient.ts';
import { committedBatches, effectsOfBatches, type FunctionBatch, isSameEffect } from './effects.ts';
import { AskedLog, type Handover, type ObservedRun } from './observed-run.ts';
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
    | 'older-after-newer'
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
    case 'rejected': {
      const { sinkUid } = finding.rejection;
      return [{ kind: 'not-awaited', where: sinkUid === null ? [] : [sinkUid] }];
    }
    case 'remembered':
      return [{ kind: 'state-outside', where: [] }];
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
  const batches = committedBatches(run);
  if (!isSameSet(batches, handovers)) return [{ kind: 'engine', where: [] }];
  const unawaited = handovers.filter(
    ({ outcome, pendingCount }) => outcome === 'done' && pendingCount > 0,
  );
  if (unawaited.length > 0) return [{ kind: 'not-awaited', where: sinksOf(unawaited) }];
  const shownBy = async (some: readonly FunctionBatch[], ...other: AmbientSource[]) =>
    (await effectsOfBatches(simulated, run, some, other))?.shown;
  const once = await shownBy(batches);
  if (!isSameEffect(once, await shownBy(batches))) return [{ kind: 'state-outside', where: [] }];
  const causes: Cause[] = [];
  for (const kind of ['chance', 'clock'] as const) {
    if (isSameEffect(once, await shownBy(batches, kind))) continue;
    causes.push({ kind, where: placesOf(kind, asked) });
  }
  const repeated = handovers.filter(
    ({ batchId }, index) => handovers.findIndex((each) => each.batchId === batchId) < index,
  );
  const changes = async (some: readonly FunctionBatch[], from = once) =>
    !isSameEffect(from, await shownBy(some));
  const where = [...sinksOf(repeated), ...placesOf('chance', asked), ...placesOf('clock', asked)];
  let isIdempotent = true;
  for (const batch of batches) {
    if (!isIdempotent || !repeated.some(({ batchId }) => batchId === batch.batchId)) continue;
    // Alone, so that nothing but the repeat can make a difference.
    isIdempotent = !(await changes([batch, batch], await shownBy([batch])));
  }
  const orders = [handovers, inOrderOfEnd(handovers)].filter(hasOlderAfterNewer);
  const isOutOfOrder = async () => {
    for (const order of orders) if (await changes(order)) return true;
    return false;
  };
  if (!isIdempotent) causes.push({ kind: 'not-idempotent', where });
  else if (await isOutOfOrder()) {
    causes.push({ kind: 'older-after-newer', where: sinksOf(repeated) });
  } else if (repeated.some(({ batchId }) => isCutOrOverlapped(batchId, handovers))) {
    causes.push({ kind: 'not-idempotent', where });
  }
  return causes.length > 0 ? causes : [{ kind: 'state-outside', where: [] }];
}

const sinksOf = (some: readonly FunctionBatch[]): readonly string[] => [
  ...new Set(some.map(({ sinkUid }) => sinkUid)),
];

/** Whether functions were given all that was committed, and nothing else. */
function isSameSet(committed: readonly FunctionBatch[], handedOver: readonly FunctionBatch[]) {
  const textsOf = (some: readonly FunctionBatch[]) =>
    new Set(some.map(({ batchId, rows }) => `${batchId} ${rows}`));
  const [left, right] = [textsOf(committed), textsOf(handedOver)];
  return left.size === right.size && [...left].every((text) => right.has(text));
}

/** Whether a batch stands behind one of the same shard and sink with a higher number. */
function hasOlderAfterNewer(batches: readonly FunctionBatch[]): boolean {
  const newest = new Map<string, number>();
  return batches.some(({ batchId }) => {
    const end = batchId.lastIndexOf('-');
    const [shard, number] = [batchId.slice(0, end), Number(batchId.slice(end + 1))];
    const before = newest.get(shard) ?? 0;
    newest.set(shard, Math.max(before, number));
    return number < before;
  });
}

const inOrderOfEnd = (handovers: readonly Handover[]): readonly Handover[] =>
  handovers
    .filter(({ ended }) => ended < Number.POSITIVE_INFINITY)
    .sort((left, right) => left.ended - right.ended);

/** Whether a batch was left half done, or came again while the function was still at work on it. */
function isCutOrOverlapped(id: string, handovers: readonly Handover[]): boolean {
  const same = handovers.filter(({ batchId }) => batchId === id);
  return same.some(
    ({ outcome, ended }, index) =>
      outcome !== 'done' || same.slice(index + 1).some(({ began }) => began < ended),
  );
}

function orderCause({ plan }: ObservedRun, dependsOnOrder: boolean): Cause {
  const where = plan.nodes.flatMap((node) => {
    if (node.kind === 'reduce') return [`.reduce of '${node.uid}'`];
    if (node.kind !== 'aggregate') return [];
    return Object.entries(node.aggregates).flatMap(([name, { kind }]) =>
      kind === 'custom'
        ? [`aggregator '${name}'`]
        : BY_ARRIVAL.has(kind)
          ? [`${kind} of '${name}'`]
          : [],
    );
  });
  return { kind: dependsOnOrder ? 'order-of-arrival' : 'cut-into-batches', where };
}

const keyedOperators = ({ nodes }: Plan) =>
  nodes.flatMap(({ kind, uid }) => (kind === 'aggregate' || kind === 'reduce' ? [uid] : []));
