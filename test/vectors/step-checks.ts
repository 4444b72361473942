// What steps of a structured vector expect, compared with a driven pipeline.

import type { Driver } from '../../lib/testing/index.ts';
import { expectRows, expectSame } from './compare.ts';
import { expectNothingDead } from './driven.ts';
import { isSessionUpdate, type StructuredForm } from './forms.ts';
import { SINK, type StructuredPlan } from './plan-structured.ts';
import type { Step, Value, Vector } from './vector.ts';

export interface StepCheck {
  readonly what: string;
  readonly run: Driver;
  readonly plan: StructuredPlan;
  readonly vector: Vector;
  readonly before: Look;
  readonly during: number | null;
  /** Whether the vector's engine has forgotten by now how far each of its sources had come. */
  readonly forgets: boolean;
  readonly rows: readonly Value[];
}

/** What a run has come to, to see what a step adds. */
export interface Look {
  readonly late: number;
  readonly reached: number;
  readonly emitted: number;
}

export function lookAt(run: Driver, { reached }: StructuredPlan): Look {
  let count = 0;
  for (const each of reached.values()) count += each;
  return { late: run.late(), reached: count, emitted: run.rows(SINK).length };
}

export async function checkStep(step: Step, check: StepCheck): Promise<Look> {
  const { what, run, plan, vector, before, rows } = check;
  const inSeconds = (ms: number | null) => (ms ?? 0) / 1_000;
  expectNothingDead(run);
  const { expectOutput, expectWatermark, expectWatermarkDuringBatch } = step;
  const isChanged = isSessionUpdate(vector.semantics as unknown as StructuredForm);
  if (expectOutput !== undefined && !isChanged) {
    const ordered = step.ordered ?? vector.ordered ?? false;
    expectRows({ what: `${what}: rows`, actual: rows, expected: expectOutput, ordered });
  }
  if (expectWatermark !== undefined) {
    const actual = inSeconds(run.watermark());
    // We remember how far each source has come, so that a restart loses nothing of it.
    const isAhead = check.forgets && actual > expectWatermark;
    expectSame(`${what}: watermark`, isAhead ? expectWatermark : actual, expectWatermark);
  }
  if (expectWatermarkDuringBatch !== undefined) {
    expectSame(
      `${what}: watermark during the batch`,
      inSeconds(check.during),
      expectWatermarkDuringBatch,
    );
  }
  await checkState(step, check);
  const now = lookAt(run, plan);
  const late = now.late - before.late;
  if (typeof step.expectDroppedLate === 'number') {
    expectSame(`${what}: late rows`, late, step.expectDroppedLate);
  }
  if (step.expectLate !== undefined) expectSame(`${what}: late rows`, late, step.expectLate);
  if (step.expectDuplicates !== undefined) {
    const duplicates = now.reached - before.reached - late - (now.emitted - before.emitted);
    expectSame(`${what}: duplicates`, duplicates, step.expectDuplicates);
  }
  if (step.expectBatchId !== undefined) {
    expectSame(`${what}: batch id`, run.batchCount() - 1, step.expectBatchId);
  }
  return now;
}

async function checkState(step: Step, { what, run, plan }: StepCheck): Promise<void> {
  const { expectStateRows, expectState, expectLeftState, expectRightState } = step;
  if (expectStateRows !== undefined) {
    const counts = await run.stateRows();
    const actual = plan.stateful.map((uid) => counts[uid] ?? 0);
    const expected = typeof expectStateRows === 'number' ? [expectStateRows] : expectStateRows;
    expectSame(`${what}: rows of state`, actual, expected);
  }
  if (expectState !== undefined) {
    const state = await run.state();
    const actual = state.map(({ key, value }) => [...key, value]);
    expectRows({ what: `${what}: state`, actual, expected: expectState });
  }
  for (const [side, expected] of [expectLeftState, expectRightState].entries()) {
    if (expected === undefined) continue;
    // The rows of a join are told apart by the last bit of their part.
    const rows = (await run.state()).filter(({ part }) => Math.abs(part % 2) === side);
    const count = typeof expected === 'number' ? expected : expected.length;
    expectSame(`${what}: rows of side ${side}`, rows.length, count);
  }
}
