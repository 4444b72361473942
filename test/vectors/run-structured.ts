// Runs a structured vector: as its steps say, and, where its result must not depend on it, in other
// cuts, over several shards, from cold starts and with every batch delivered twice.

import { type Driver, drive } from '../../lib/testing/index.ts';
import { expectRows, expectSame, isSame } from './compare.ts';
import { type Batch, drawFrom, finer, isEmpty, singles, whole } from './cuts.ts';
import {
  IN_ONE_TASK,
  isTable,
  type NodeForm,
  type PlanVariant,
  rowOf,
  SINK,
  type StructuredForm,
  type StructuredPlan,
  structuredPlan,
} from './plan-structured.ts';
import { placeOf, type Sharding, shardingOf } from './sharding.ts';
import { onlyKnown, STEP_WORDS, type Step, unknown, type Value, type Vector } from './vector.ts';

const CUTS = 25;
const SHARD_COUNTS = [2, 4];
/** A hundred days: no window closes before the end of a run that is held back so long. */
const HELD_BACK_SECONDS = 8_640_000;

/** What a run gave out, batch by batch. */
interface Emitted {
  /** Where the batch ran: tables of shards are apart. */
  readonly shard: number;
  readonly rows: readonly Value[];
}

export async function runStructured(vector: Vector): Promise<void> {
  for (const step of vector.steps) onlyKnown('a step', step, [...STEP_WORDS]);
  const form = vector.semantics as unknown as StructuredForm;
  const steps = vector.steps.map((step) => batchOf(form, step));
  const watermarkMs = await runAsGiven(vector, form);
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
  check('with cold starts', await run(steps, { cold: true }));
  check('with every batch delivered twice', await run(steps, { twice: true }));
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
async function runAsGiven(vector: Vector, form: StructuredForm): Promise<number | null> {
  const plan = structuredPlan(vector.semantics);
  const run = drive(plan.pipeline, startOf(form));
  const emitted: Emitted[] = [];
  const given: (readonly Value[])[] = [];
  let before = lookAt(run, plan);
  let forgets = false;
  for (const [index, step] of vector.steps.entries()) {
    const what = `step ${index + 1}`;
    if (step.restart === true || form.trigger !== undefined) run.restart();
    if (step.snapshotRestoreBefore === true) run.restart();
    const { advanceProcessingTime: seconds } = step;
    const during = run.watermark();
    forgets ||= step.perSourceWatermarkLost === true;
    if (step.replayOfStep === undefined) {
      await takeStep(run, form, { batch: batchOf(form, step), seconds });
    } else {
      await run.redeliver();
    }
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
  checkFinal(vector, 'as given', emitted);
  return run.watermark();
}

/** Steps are named by their place, counted from 0. */
const replayed = (step: Step) => step.replayOfStep!;

async function takeStep(
  run: Driver,
  form: StructuredForm,
  step: { readonly batch: Batch; readonly seconds: number | undefined },
): Promise<void> {
  const { batch, seconds } = step;
  const before = run.watermark();
  if (seconds !== undefined && isEmpty(batch)) {
    await run.advanceTime(seconds * 1_000);
    return;
  }
  if (seconds !== undefined) run.moveClock(seconds * 1_000);
  if (isEmpty(batch)) await run.tick();
  else await run.push(batch);
  // A moved watermark is followed by a batch without data, in which such a row comes out again.
  const repeats = form.mode === 'update' && emitsEmptyGlobal(form.root);
  const hasMoved = (run.watermark() ?? 0) > (before ?? 0);
  if (repeats && hasMoved && form.noDataBatches !== false) await run.tick();
}

interface StepCheck {
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
interface Look {
  readonly late: number;
  readonly reached: number;
  readonly emitted: number;
}

function lookAt(run: Driver, { reached }: StructuredPlan): Look {
  let count = 0;
  for (const each of reached.values()) count += each;
  return { late: run.late(), reached: count, emitted: run.rows(SINK).length };
}

async function checkStep(step: Step, check: StepCheck): Promise<Look> {
  const { what, run, plan, vector, before, rows } = check;
  const inSeconds = (ms: number | null) => (ms ?? 0) / 1_000;
  expectNothingDead(run);
  const { expectOutput, expectWatermark, expectWatermarkDuringBatch } = step;
  if (expectOutput !== undefined) {
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
  if (typeof step.expectDroppedLate === 'number' && countsRows(vector)) {
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

/** Aggregates count groups that were late, after adding up; only others count rows. */
function countsRows({ semantics }: Vector): boolean {
  const { root } = semantics as unknown as StructuredForm;
  return !hasOperator(root, 'agg');
}

/** How a vector's input is cut and run. */
interface Cut {
  readonly batches: readonly Batch[];
  readonly variant: PlanVariant;
  readonly cold: boolean;
  readonly twice: boolean;
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
  const run = drive(pipeline, { ...startOf(form), shards });
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
    if (cut.twice === true && !isEmpty(batch)) {
      await run.redeliver();
      expectRows({ what: 'a second delivery', actual: rowsOf(run), expected: [] });
    }
    if (cut.cold === true) run.restart();
  }
  if (watermarkMs !== null && (form.mode !== 'complete' || !isTable(form))) {
    await run.advanceWatermark(watermarkMs);
    collect(0);
  }
  expectNothingDead(run);
  return emitted;
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

function checkFinal(vector: Vector, what: string, emitted: readonly Emitted[]): void {
  const { final } = vector;
  if (final === undefined) return;
  const actual = finalRows(final.meaning, emitted, vector.keyColumns);
  expectRows({ what: `final rows, ${what}`, actual, expected: final.rows });
}

function finalRows(
  meaning: string,
  emitted: readonly Emitted[],
  keyColumns: number | undefined,
): readonly Value[] {
  const all = emitted.flatMap(({ rows }) => rows);
  if (meaning === 'multiset of all rows emitted') return all;
  if (meaning === 'last full table') {
    const tables = new Map(
      emitted.filter(({ rows }) => rows.length > 0).map(({ shard, rows }) => [shard, rows]),
    );
    return [...tables.values()].flat();
  }
  const match = /^last row per key \(first (\d+|undefined) columns\)$/.exec(meaning);
  if (match === null) return unknown('a meaning of final rows', meaning);
  const columns = match[1] === 'undefined' ? (keyColumns ?? 1) : Number(match[1]);
  const keyOf = (row: Value) => (row as readonly Value[]).slice(0, columns);
  const last: Value[] = [];
  for (const row of all) {
    const place = last.findIndex((other) => isSame(keyOf(other), keyOf(row)));
    if (place < 0) last.push(row);
    else last[place] = row;
  }
  return last;
}

function rowsOf(run: Driver): readonly Value[] {
  return run.output<{ readonly row: Value }>(SINK).map(({ row }) => row);
}

function expectNothingDead(run: Driver): void {
  const [letter] = run.deadLetters();
  if (letter === undefined) return;
  throw new Error(`a row was set aside: ${JSON.stringify(letter)}`);
}

/** Time in vectors begins at 0 where it is the clock's. */
const startOf = (_form: StructuredForm) => ({});

function batchOf(form: StructuredForm, { input = [] }: Step): Batch {
  const sources = Object.keys(form.sources);
  const bySource = Array.isArray(input) ? { [sources[0]!]: input } : input;
  return Object.fromEntries(
    Object.entries(bySource as Readonly<Record<string, readonly Value[]>>).map(([name, rows]) => {
      const source = form.sources[name];
      if (source === undefined) return unknown('a source', name);
      return [name, rows.map((row) => rowOf(source.columns, row as readonly Value[]))];
    }),
  );
}

function hasOperator(node: NodeForm, op: string): boolean {
  return node.op === op || childrenOf(node).some((child) => hasOperator(child, op));
}

function emitsEmptyGlobal(node: NodeForm): boolean {
  return node['emitEmptyGlobal'] === true || childrenOf(node).some(emitsEmptyGlobal);
}

function childrenOf(node: NodeForm): readonly NodeForm[] {
  const { in: input, inputs = [], left, right } = node;
  return [input, ...inputs, left, right].filter((child) => child !== undefined);
}
