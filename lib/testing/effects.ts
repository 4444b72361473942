// What a pipeline's own sinks should show: each committed batch handed over once, in the order in which
// a run first did, in a process to which nothing happens.

import { isDeepStrictEqual } from 'node:util';
import { quiet } from '../adapters/system/quiet.ts';
import { type Ambience, type AmbientSource, runInside } from './ambient.ts';
import { chanceOf } from './chance.ts';
import type { Handover, ObservedRun } from './observed-run.ts';
import { differenceInAnyOrder } from './outputs.ts';
import { Scheduler } from './scheduler.ts';
import { createInstance, functionSinksOf, type Simulated } from './subject.ts';

/** Attempts per batch: a function may refuse rows for a while. */
const ATTEMPTS = 5;
const STEPS_MAX = 10_000;
const OTHER_CLOCK_MS = 8_652_345_678;

/**
 * What `effects` shows when every batch of a run is handed over once, in a process with another clock
 * or other random values; `null` when that does not end.
 */
export async function effectsOfCalmRun(
  simulated: Simulated,
  run: ObservedRun,
  other: readonly AmbientSource[] = [],
): Promise<{ readonly shown: unknown } | null> {
  const { plan, effects } = createInstance(simulated);
  if (effects === null) return null;
  const scheduler = new Scheduler({
    startMs: run.result.world.startMs + (other.includes('clock') ? OTHER_CLOCK_MS : 0),
    chance: chanceOf(1, 'effects'),
    quiet,
  });
  const chance = chanceOf(other.includes('chance') ? 2 : 1, 'effects ambience');
  const ambience: Ambience = {
    nowMs: () => scheduler.nowMs,
    draw: () => chance.below(2 ** 32),
    after: (delayMs, happen) => scheduler.after(delayMs, () => runInside(ambience, happen)),
    locale: undefined,
    sandbox: -1,
    asked: () => {},
  };
  const sinks = new Map(functionSinksOf(plan).map((sink) => [sink.uid, sink]));
  for (const { sinkUid, batchId, rows } of firstHandovers(run.handovers)) {
    const call = async () => {
      const context = { signal: new AbortController().signal };
      await sinks.get(sinkUid)!.apply(JSON.parse(rows) as never[], batchId, context);
    };
    if (!(await succeeds(scheduler, () => runInside(ambience, call)))) return null;
  }
  for (let step = 0; scheduler.nextMs() !== null && step < STEPS_MAX; step += 1) {
    await scheduler.step();
  }
  return { shown: await effects() };
}

/** Whether two views of the same sinks are equal; arrays in no order. */
export const isSameEffect = (left: unknown, right: unknown): boolean =>
  isDeepStrictEqual(unordered(left), unordered(right));

/** The first parts in which two views differ, for a report. */
export function effectDifference(
  expected: unknown,
  actual: unknown,
): { readonly expected: unknown; readonly actual: unknown } {
  const [mine, theirs] = [plain(expected), plain(actual)];
  if (Array.isArray(mine) && Array.isArray(theirs)) {
    return differenceInAnyOrder(mine, theirs, 0) ?? { expected: mine, actual: theirs };
  }
  if (!isRecord(mine) || !isRecord(theirs)) return { expected: mine, actual: theirs };
  const name = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].find(
    (each) => !isSameEffect(mine[each], theirs[each]),
  );
  if (name === undefined) return { expected: mine, actual: theirs };
  return { expected: { [name]: mine[name] }, actual: { [name]: theirs[name] } };
}

function firstHandovers(handovers: readonly Handover[]): readonly Handover[] {
  const seen = new Set<string>();
  return handovers.filter(({ batchId }) => {
    const isFirst = !seen.has(batchId);
    seen.add(batchId);
    return isFirst;
  });
}

async function succeeds(scheduler: Scheduler, call: () => Promise<void>): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    let outcome: 'running' | 'done' | 'failed' = 'running';
    call().then(
      () => {
        outcome = 'done';
      },
      () => {
        outcome = 'failed';
      },
    );
    const isRunning = () => outcome === 'running';
    await quiet();
    for (let step = 0; isRunning() && scheduler.nextMs() !== null && step < STEPS_MAX; step += 1) {
      await scheduler.step();
    }
    if (isRunning()) return false;
    if (outcome === ('done' as string)) return true;
  }
  return false;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Maps and sets as what they hold, so that their members can be told. */
function plain(value: unknown): unknown {
  if (value instanceof Set) return [...value];
  if (!(value instanceof Map)) return value;
  const entries = [...value].map(([key, member]) => [
    typeof key === 'string' ? key : JSON.stringify(key),
    member,
  ]);
  return Object.fromEntries(entries);
}

function unordered(value: unknown): unknown {
  const inside = plain(value);
  if (Array.isArray(inside)) {
    return inside
      .map(unordered)
      .map((member) => ({ member, text: JSON.stringify(member) ?? '' }))
      .sort((left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0))
      .map(({ member }) => member);
  }
  if (!isRecord(inside) || Object.getPrototypeOf(inside) !== Object.prototype) return inside;
  const names = Object.keys(inside).sort();
  return Object.fromEntries(names.map((name) => [name, unordered(inside[name])]));
}
