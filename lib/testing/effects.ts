// What a pipeline's own sinks show when they are given batches one by one, in a process to which nothing
// happens. What they should show is that of each committed batch handed over once; commits say which
// these are, because handovers would not tell what the engine forgot to hand over.

import { isDeepStrictEqual } from 'node:util';
import { quiet } from '../adapters/system/quiet.ts';
import { type Ambience, type AmbientSource, runInside } from './ambient.ts';
import { chanceOf } from './faults/chance.ts';
import type { CommittedPass, ObservedRun } from './observed-run.ts';
import { differenceInAnyOrder } from './outputs.ts';
import { createInstance, functionSinksOf, type Simulated } from './subject.ts';
import { Scheduler } from './world/scheduler.ts';

/** Attempts per batch: a function may refuse rows for a while. */
const ATTEMPTS = 5;
const STEPS_MAX = 10_000;
const OTHER_CLOCK_MS = 8_652_345_678;

/** Rows for one function, as JSON. */
export interface FunctionBatch {
  readonly sinkUid: string;
  readonly batchId: string;
  readonly rows: string;
}

/** All committed batches for functions, each once, in an order in which the run may have handed them over. */
export function committedBatches({ logs, handovers }: ObservedRun): readonly FunctionBatch[] {
  const places = new Map<string, number>();
  for (const [place, { batchId }] of handovers.entries()) {
    if (!places.has(batchId)) places.set(batchId, place);
  }
  return logs
    .flatMap((passes) => {
      // What was never handed over would have come after the batch before it.
      let place = -1;
      return passes.flatMap(functionBatches).map((batch) => {
        place = Math.max(place, places.get(batch.batchId) ?? place);
        return { place, batch };
      });
    })
    .sort((left, right) => left.place - right.place)
    .map(({ batch }) => batch);
}

const functionBatches = ({ outputs }: CommittedPass): readonly FunctionBatch[] =>
  outputs.flatMap(({ sinkUid, target, bytes }) => {
    if (target.kind !== 'function') return [];
    const lines = Buffer.from(bytes).toString('utf8').trimEnd().split('\n');
    const rows = JSON.stringify(JSON.parse(`[${lines.join(',')}]`));
    return [{ sinkUid, batchId: target.batchId, rows }];
  });

/**
 * What `effects` shows when these batches are handed over one after the other, in a process with
 * another clock or other random values; `null` when that does not end.
 */
export async function effectsOfBatches(
  simulated: Simulated,
  run: ObservedRun,
  batches: readonly FunctionBatch[],
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
    startedMs: scheduler.nowMs,
    draw: () => chance.below(2 ** 32),
    after: (delayMs, happen) => scheduler.after(delayMs, () => runInside(ambience, happen)),
    locale: undefined,
    sandbox: -1,
    asked: () => {},
    rejected: () => {},
  };
  const sinks = new Map(functionSinksOf(plan).map((sink) => [sink.uid, sink]));
  for (const { sinkUid, batchId, rows } of batches) {
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
