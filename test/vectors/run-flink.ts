// Runs a Flink vector: records one at a time, then the watermark or the clock that a step gives.
//
// A window of Flink fires when the watermark reaches its last millisecond, ours when it reaches its end;
// a row of a join is late below the watermark there, at it here. So a watermark is handed on a
// millisecond later or earlier.

import { type Driver, drive, type PushedEvents } from '../../lib/testing/index.ts';
import { expectRows, expectSame } from './compare.ts';
import { type FlinkForm, flinkPlan, LATE_SINK, SINK } from './plan-flink.ts';
import { onlyKnown, STEP_WORDS, type Step, type Value, type Vector } from './vector.ts';

export async function runFlink(vector: Vector): Promise<void> {
  const form = vector.semantics as unknown as FlinkForm;
  for (const cold of [false, true]) {
    const { pipeline, watermarkShiftMs } = flinkPlan(vector.semantics);
    const startMs = form.startTime ?? 0;
    const run = drive(pipeline, { startMs });
    let clockMs = startMs;
    for (const [index, step] of vector.steps.entries()) {
      onlyKnown('a step', step, [...STEP_WORDS]);
      const what = `step ${index + 1}`;
      if (step.snapshotRestoreBefore === true || step.restart === true || cold) run.restart();
      const lateBefore = run.late();
      for (const batch of recordsOf(form, step)) await run.push(batch);
      const { advanceWatermark, advanceProcessingTime } = step;
      if (advanceWatermark !== undefined) {
        await run.advanceWatermark(advanceWatermark + watermarkShiftMs);
      }
      if (advanceProcessingTime !== undefined) {
        await run.advanceTime(advanceProcessingTime - clockMs);
        clockMs = advanceProcessingTime;
      }
      checkStep(run, step, { what, lateBefore });
    }
  }
}

function checkStep(
  run: Driver,
  step: Step,
  { what, lateBefore }: { readonly what: string; readonly lateBefore: number },
): void {
  const [letter] = run.deadLetters();
  if (letter !== undefined) throw new Error(`a row was set aside: ${JSON.stringify(letter)}`);
  const rows = run.output<{ readonly row: Value }>(SINK).map(({ row }) => row);
  // A step without a word about output gives out what it likes: the next ones show it.
  if (step.expectOutput !== undefined) {
    const ordered = step.ordered ?? false;
    expectRows({ what, actual: rows, expected: step.expectOutput, ordered });
  }
  const { expectDroppedLate, expectLate } = step;
  if (typeof expectDroppedLate === 'number') {
    expectSame(`${what}: late rows`, run.late() - lateBefore, expectDroppedLate);
  }
  if (typeof expectLate === 'number') {
    expectSame(`${what}: late rows`, run.late() - lateBefore, expectLate);
  } else if (expectLate !== undefined) {
    const late = run.output<{ readonly row: Value }>(LATE_SINK).map(({ row }) => row);
    expectRows({ what: `${what}: late rows`, actual: late, expected: expectLate });
  }
}

/** Records of a step, one per batch; two streams take turns. */
function recordsOf(form: FlinkForm, { input = [] }: Step): readonly PushedEvents[] {
  if (Array.isArray(input)) {
    return (input as readonly (readonly Value[])[]).map(([k, v, t]) => ({ in: [{ k, v, t }] }));
  }
  const { left = [], right = [] } = input as Readonly<Record<string, readonly Value[]>>;
  if (form.join === undefined) throw new Error('two inputs need a join');
  const rounds = Math.max(left.length, right.length);
  return Array.from({ length: rounds }, (_, round) => round).flatMap((round) => [
    ...recordAt('left', left, round),
    ...recordAt('right', right, round),
  ]);
}

const recordAt = (source: string, times: readonly Value[], round: number): PushedEvents[] =>
  round < times.length ? [{ [source]: [{ k: 'key', t: times[round] }] }] : [];
