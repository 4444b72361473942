// What a run of a user's pipeline must have given, and the first thing that is otherwise. Most telling
// comes first: rows that a second computation does not give explain all that follows from them.

import type { AloneDifference } from './alone.ts';
import { committedBatches, effectDifference, effectsOfBatches, isSameEffect } from './effects.ts';
import { AskedLog, type Handover, type ObservedRun, type Rejection } from './observed-run.ts';
import {
  collectOutputs,
  DEAD_LETTERS_UID,
  decimalFieldsOf,
  differenceOf,
  type FinalOutputs,
  type RowDifference,
} from './outputs.ts';
import {
  AMBIENT_SOURCES,
  committedOutputsOf,
  differenceFromRun,
  type ReplayDifference,
  replayRun,
} from './replay.ts';
import type { Simulated } from './subject.ts';
import type { Violation } from './world/world.ts';

/** What is wrong with a run. */
export type Finding =
  /** A function never takes its rows. */
  | { readonly kind: 'stuck'; readonly handover: Handover }
  /** A promise that nobody awaits is rejected. */
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  /** An event that is computed again gives something else. */
  | { readonly kind: 'remembered'; readonly difference: AloneDifference }
  /** A batch that is computed again gives something else. */
  | { readonly kind: 'replay'; readonly difference: ReplayDifference }
  /** The pipeline's own sinks show something else than if each batch came once. */
  | { readonly kind: 'effects'; readonly expected: unknown; readonly actual: unknown }
  /** Results depend on the order of arrival or on the cut into batches. */
  | { readonly kind: 'order'; readonly difference: RowDifference }
  /** Results depend on the number of shards. */
  | { readonly kind: 'shards'; readonly difference: RowDifference }
  /** A promise of the engine is broken. */
  | { readonly kind: 'invariant'; readonly violation: Violation };

export interface Expected {
  readonly outputs: FinalOutputs;
  /** How far numbers may differ, relative to the larger one: sums of doubles know an order. */
  readonly tolerance: number;
}

/** The first thing that is wrong with a run; `null` when nothing is. */
export async function findingIn(
  simulated: Simulated,
  run: ObservedRun,
  expected: Expected | null,
): Promise<Finding | null> {
  const { violations } = run.result;
  const stuck = run.handovers.at(-1);
  if (violations.some(({ invariant }) => invariant === 'I10') && stuck?.outcome !== 'done') {
    if (stuck !== undefined) return { kind: 'stuck', handover: stuck };
  }
  const [rejection] = run.rejections;
  if (rejection !== undefined) return { kind: 'rejected', rejection };
  const asked = new AskedLog();
  const replay = replayRun(simulated, run, { other: AMBIENT_SOURCES, asked });
  const difference = differenceFromRun(run, replay);
  if (difference !== null) return { kind: 'replay', difference };
  const effects = await effectsFinding(simulated, run);
  if (effects !== null) return effects;
  const [violation] = violations;
  if (violation !== undefined) return { kind: 'invariant', violation };
  return expected === null ? null : orderFinding(run, expected);
}

/** What a run has given in the end. */
export function finalOutputsOf(run: ObservedRun): FinalOutputs {
  const changing = run.plan.nodes.flatMap((node) =>
    node.kind === 'foreach-batch-sink' && node.mode !== 'append' ? [node.uid] : [],
  );
  return collect(run, new Set(changing));
}

/** The same, with all rows of functions that get changed rows again and again, which cuts decide. */
export const allOutputsOf = (run: ObservedRun): FinalOutputs => collect(run, new Set());

function collect(run: ObservedRun, changing: ReadonlySet<string>): FinalOutputs {
  const outputs = run.logs.flatMap((passes) =>
    passes.flatMap((pass) => committedOutputsOf(pass.outputs)),
  );
  return collectOutputs(outputs, changing, decimalFieldsOf(run.plan));
}

async function effectsFinding(simulated: Simulated, run: ObservedRun): Promise<Finding | null> {
  if (run.effects === null) return null;
  const calm = await effectsOfBatches(simulated, run, committedBatches(run));
  if (calm === null || isSameEffect(calm.shown, run.effects.shown)) return null;
  return { kind: 'effects', ...effectDifference(calm.shown, run.effects.shown) };
}

const SET_ASIDE = new Set(['poison', 'too-much-state']);

interface DeadLetter {
  readonly reason: string;
  readonly event: string;
}

const lettersIn = ({ rows }: FinalOutputs) =>
  (rows.get(DEAD_LETTERS_UID) ?? []) as readonly DeadLetter[];

const isSetAside = ({ reason }: DeadLetter) => SET_ASIDE.has(reason);

/** Texts of the events that the engine itself set aside: what is expected of a run is expected without them. */
export const setAsideIn = (run: ObservedRun): readonly string[] =>
  lettersIn(finalOutputsOf(run))
    .filter(isSetAside)
    .map(({ event }) => event);

/** What a run has given, but for what it set aside. */
function comparableOutputsOf(run: ObservedRun): FinalOutputs {
  const outputs = finalOutputsOf(run);
  const letters = lettersIn(outputs);
  if (!letters.some(isSetAside)) return outputs;
  const { rows } = withoutDeadLetters(outputs);
  const left = letters.filter((letter) => !isSetAside(letter));
  const lettersLeft = left.length === 0 ? [] : [[DEAD_LETTERS_UID, left] as const];
  return { ...outputs, rows: new Map([...rows, ...lettersLeft]) };
}

function orderFinding(run: ObservedRun, { outputs, tolerance }: Expected): Finding | null {
  const actual = comparableOutputsOf(run);
  // Result rows that no sink could take are set aside as often as batches emit them.
  const ofRecords = lettersIn(finalOutputsOf(run)).length === run.counts.dead;
  const difference = differenceOf(
    ofRecords ? outputs : withoutDeadLetters(outputs),
    ofRecords ? actual : withoutDeadLetters(actual),
    tolerance,
  );
  return difference === null ? null : { kind: 'order', difference };
}

function withoutDeadLetters({ tables, rows }: FinalOutputs): FinalOutputs {
  return { tables, rows: new Map([...rows].filter(([uid]) => uid !== DEAD_LETTERS_UID)) };
}

/** Whether tables and dead letters are those of another number of shards; windows close shard by shard. */
export function shardsFinding(
  run: ObservedRun,
  { outputs: other, tolerance }: Expected,
): Finding | null {
  const actual = comparableOutputsOf(run);
  const letters = (outputs: FinalOutputs): FinalOutputs => ({
    tables: new Map(),
    rows: new Map([...outputs.rows].filter(([uid]) => uid === DEAD_LETTERS_UID)),
  });
  const tables = (outputs: FinalOutputs): FinalOutputs => ({ ...outputs, rows: new Map() });
  const difference =
    differenceOf(letters(other), letters(actual), 0) ??
    differenceOf(tables(other), tables(actual), tolerance);
  return difference === null ? null : { kind: 'shards', difference };
}
