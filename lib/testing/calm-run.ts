// What a run without faults says before any fault strikes: its rows, what will not be compared, and
// whether there is anything to compare at all.

import { EngineError } from '../model/errors.ts';
import type { ObservedRun } from './observed-run.ts';
import { DEAD_LETTERS_UID } from './outputs.ts';
import { allOutputsOf, finalOutputsOf } from './reference.ts';

export const LATE_NOTE =
  'some events come later than the watermark allows, and cuts decide which of them are late: results of different cuts were not compared';

export const effectsNote = (uid: string) =>
  `what the function of '${uid}' does was not compared: give simulate a function that makes the pipeline with a stand-in of what '${uid}' writes to, and returns { pipeline, effects: () => what the stand-in holds }`;

type Letter = Readonly<Record<'reason' | 'detail', string>>;

const lettersOf = (run: ObservedRun) =>
  (finalOutputsOf(run).rows.get(DEAD_LETTERS_UID) ?? []) as readonly Letter[];

export function deadLetterNotes(run: ObservedRun): readonly string[] {
  const letters = lettersOf(run);
  const reasons = [...new Set(letters.map(({ reason }) => reason))].map((each) => {
    const same = letters.filter(({ reason }) => reason === each);
    return `${same.length} for ${each}, the first because ${same[0]!.detail}`;
  });
  if (reasons.length === 0) return [];
  return [
    `without any fault there are dead letters, which are in outputs['${DEAD_LETTERS_UID}']: ${reasons.join('; ')}`,
  ];
}

/** A simulation in which nothing comes out would pass, whatever the pipeline does. */
export function refuseIdleEvents(run: ObservedRun): void {
  const { dead, in: read, filtered, late, applied } = run.counts;
  const [letter] = lettersOf(run);
  if (letter !== undefined && dead === read) {
    throw new EngineError(
      'invalid',
      `nothing can be simulated: each of the ${read} events is a dead letter, the first for ${letter.reason}: ${letter.detail}`,
    );
  }
  const isShown = run.logs.some((passes) =>
    passes.some(({ outputs }) => outputs.some(({ role }) => role !== 'dead-letters')),
  );
  // What goes to no sink, or is late and goes to none, leaves no row.
  const isUnseen = late > 0 || run.plan.nodes.some(({ kind }) => kind === 'noop-sink');
  if (isShown || isUnseen) return;
  const parts = [
    ...(filtered > 0 ? [`${filtered} filtered out`] : []),
    ...(dead > 0 ? [`${dead} dead letters`] : []),
    ...(applied > 0
      ? [
          `${applied} kept for results that are not due yet, such as windows that no later event ends`,
        ]
      : []),
  ];
  throw new EngineError(
    'invalid',
    `nothing can be simulated: no event reaches a sink (of ${read}: ${parts.join(', ')}): simulate events that do`,
  );
}

/** Rows of a run by sink, also for sinks that got none. */
export function outputsOf(run: ObservedRun): Readonly<Record<string, readonly unknown[]>> {
  const { tables, rows } = allOutputsOf(run);
  return Object.fromEntries([
    ...run.plan.nodes
      .filter(({ kind }) => STORING_KINDS.has(kind))
      .map(({ uid }) => [uid, []] as const),
    ...[...tables].map(([uid, items]) => [uid, [...items.values()]] as const),
    ...rows,
  ]);
}

const STORING_KINDS: ReadonlySet<string> = new Set([
  'dynamodb-sink',
  's3-sink',
  'foreach-batch-sink',
]);
