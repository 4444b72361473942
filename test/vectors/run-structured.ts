// Runs a structured vector: as its steps say, and, where its result must not depend on it, in other
// cuts, over several shards, from cold starts and with every batch delivered twice.

import { type Driver, drive } from '../../lib/testing/index.ts';
import { expectRows } from './compare.ts';
import { type Batch, drawFrom, finer, isEmpty, singles, whole } from './cuts.ts';
import { batchOf, expectNothingDead, rowsOf, takeStep } from './driven.ts';
import { checkFinal, type Emitted } from './final-rows.ts';
import { hasOperator, isSessionUpdate, isTable, type StructuredForm } from './forms.ts';
import { IN_ONE_TASK, type PlanVariant, structuredPlan } from './plan-structured.ts';
import { placeOf, type Sharding, shardingOf } from './sharding.ts';
import { checkStep, lookAt } from './step-checks.ts';
import { onlyKnown, STEP_WORDS, type Step, type Value, type Vector } from './vector.ts';

const CUTS = 25;
const SHARD_COUNTS = [2, 4];
/** A hundred days: no window closes before the end of a run that is held back so long. */
const HELD_BACK_SECONDS = 8_640_000;

export async function runStructured(vector: Vector): Promise<void> {
  for (const step of vector.steps) onlyKnown('a step', step, [...STEP_WORDS]);
  const form = vector.semantics as unknown as StructuredForm;
  const steps = vector.steps.map((step) => batchOf(form, step));
  const watermarkMs = await runAsGiven(vector, form, { cold: false, twice: false });
  // No start of a sandbox and no second delivery changes anything, whatever the plan is.
  await runAsGiven(vector, form, { cold: true, twice: false });
  await runAsGiven(vector, form, { cold: false, twice: true });
  if (vector.class === 'STEP') {
    await runWithoutNoDataBatchesOff(vector, form, steps);
    return;
  }
  const isFinal = vector.class === 'FINAL';
  const check = (what: string, emitted: readonly Emitted[]) => checkFinal(vector, what, emitted);
  const run = (batches: readonly Batch[], options: Partial<Cut> = {}) =>
    runCut(vector, { batches, ...options });
  check('one record per batch', await run(singles(steps)));
  for (let seed = 1; seed <= CUTS; seed += 1) {
    check(`cut ${seed}`, await run(finer(steps, drawFrom(seed))));
  }
  if (!isFinal) return;
  check('all at once', await run(whole(steps)));
  if (watermarkMs !== null && !hasOperator(form.root, 'dedupWithin')) {
    const variant = { ...IN_ONE_TASK, extraDelay: HELD_BACK_SECONDS };
    check('with the watermark held back', await run(steps, { variant, watermarkMs }));
  }
  const sharding = shardingOf(form);
  for (const shards of sharding === null ? [] : SHARD_COUNTS) {
    check(`over ${shards} shards`, await run(steps, { sharding, shards, watermarkMs }));
  }
}

/** One step is one batch; everything that steps expect is compared. Gives the last watermark. */
async function runAsGiven(
  vector: Vector,
  form: StructuredForm,
  options: { readonly cold: boolean; readonly twice: boolean },
): Promise<number | null> {
  const plan = structuredPlan(vector.semantics);
  const run = drive(plan.pipeline);
  const emitted: Emitted[] = [];
  const given: (readonly Value[])[] = [];
  let before = lookAt(run, plan);
  let forgets = false;
  for (const [index, step] of vector.steps.entries()) {
    const what = `step ${index + 1}`;
    if (step.restart === true || form.trigger !== undefined || options.cold) run.restart();
    if (step.snapshotRestoreBefore === true) run.restart();
    const { advanceProcessingTime: seconds } = step;
    const during = run.watermark();
    forgets ||= step.perSourceWatermarkLost === true;
    if (step.replayOfStep === undefined) {
      await takeStep(run, form, { batch: batchOf(form, step), seconds });
    } else {
      await run.redeliver();
    }
    if (options.twice) await run.redeliver();
    const rows = rowsOf(run);
    emitted.push({ shard: 0, rows });
    given.push(step.replayOfStep === undefined ? rows : given[replayed(step)]!);
    if (step.replayOfStep !== undefined) expectRows({ what, actual: rows, expected: [] });
    before = await checkStep(step, {
      what,
      run,
      plan,
      vector,
      before,
      during,
      forgets,
      rows: given[index]!,
    });
  }
  if (isSessionUpdate(form)) emitted.push(await drained(run));
  checkFinal(vector, 'as given', emitted);
  return run.watermark();
}

/** Steps are named by their place, counted from 0. */
const replayed = (step: Step) => step.replayOfStep!;

/** How a vector's input is cut and run. */
interface Cut {
  readonly batches: readonly Batch[];
  readonly variant: PlanVariant;
  readonly sharding: Sharding | null;
  readonly shards: number;
  /** Given at the end, where the records alone do not bring the watermark so far. */
  readonly watermarkMs: number | null;
}

async function runCut(
  vector: Vector,
  cut: Partial<Cut> & Pick<Cut, 'batches'>,
): Promise<readonly Emitted[]> {
  const form = vector.semantics as unknown as StructuredForm;
  const { batches, sharding = null, shards = 1, watermarkMs = null } = cut;
  const variant = sharding === null ? (cut.variant ?? IN_ONE_TASK) : sharding.variant;
  const { pipeline } = structuredPlan(vector.semantics, variant);
  const run = drive(pipeline, { shards });
  const emitted: Emitted[] = [];
  const collect = (shard: number) => emitted.push({ shard, rows: rowsOf(run) });
  for (const batch of batches) {
    if (sharding !== null) {
      for (const [shard, part] of spread(batch, { sharding, shards }).entries()) {
        if (isEmpty(part)) continue;
        await run.push(part, { shard });
        collect(shard);
      }
      continue;
    }
    await takeStep(run, form, { batch, seconds: undefined });
    collect(0);
  }
  if (watermarkMs !== null && (form.mode !== 'complete' || !isTable(form))) {
    await run.advanceWatermark(watermarkMs);
    collect(0);
  }
  if (isSessionUpdate(form)) emitted.push(await drained(run));
  expectNothingDead(run);
  return emitted;
}

/** What is still open at the end. */
async function drained(run: Driver): Promise<Emitted> {
  await run.drain();
  return { shard: 0, rows: rowsOf(run) };
}

/** The parts of a batch by shard. */
function spread(
  batch: Batch,
  { sharding, shards }: { readonly sharding: Sharding; readonly shards: number },
): readonly Batch[] {
  const parts: Record<string, unknown[]>[] = Array.from({ length: shards }, () => ({}));
  for (const [source, rows] of Object.entries(batch)) {
    for (const row of rows) {
      const part = parts[placeOf(row, { sharding, shards })]!;
      part[source] = [...(part[source] ?? []), row];
    }
  }
  return parts;
}

/** Where per-step rows hold without batches without data only, the rest holds with them. */
async function runWithoutNoDataBatchesOff(
  vector: Vector,
  form: StructuredForm,
  steps: readonly Batch[],
): Promise<void> {
  const { finalAfterFlush: expected } = vector;
  if (expected === undefined) return;
  const { noDataBatches: _, trigger: __, ...semantics } = form;
  const plain = { ...vector, semantics };
  for (const [what, batches] of [
    ['as given', steps],
    ['one record per batch', singles(steps)],
    ['all at once', whole(steps)],
  ] as const) {
    const emitted = await runCut(plain, { batches });
    const actual = emitted.flatMap(({ rows }) => rows);
    expectRows({ what: `final rows with batches without data, ${what}`, actual, expected });
  }
}
