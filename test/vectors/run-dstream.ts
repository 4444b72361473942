// Runs a DStream vector: one step is one batch interval, and an interval without records is a batch
// without records.

import { type Driver, drive } from '../../lib/testing/index.ts';
import { expectRows, expectSame, isSame } from './compare.ts';
import {
  batchMsOf,
  type DStreamForm,
  dstreamPlan,
  SINK,
  STATE,
  sourcesOf,
} from './plan-dstream.ts';
import { onlyKnown, STEP_WORDS, type Step, unknown, type Value, type Vector } from './vector.ts';

export async function runDStream(vector: Vector): Promise<void> {
  await runIntervals(vector, { cold: false, twice: false });
  await runIntervals(vector, { cold: true, twice: false });
  await runIntervals(vector, { cold: false, twice: true });
}

async function runIntervals(
  vector: Vector,
  options: { readonly cold: boolean; readonly twice: boolean },
): Promise<void> {
  const form = vector.semantics as unknown as DStreamForm;
  const run = drive(dstreamPlan(vector), { startMs: 0 });
  const given: Value[][] = [];
  for (const [index, step] of vector.steps.entries()) {
    onlyKnown('a step', step, [...STEP_WORDS]);
    const what = `step ${index + 1}`;
    if (step.restart === true || step.fault !== undefined || options.cold) run.restart();
    // What the last batch was is not known to a driver that restarts: it comes again, to no effect.
    if (step.restart === true && index > 0) await run.redeliver();
    await takeStep(run, form, step);
    if (options.twice) await run.redeliver();
    const rows = rowsOf(run);
    given.push(rows);
    if (step.expectOutput !== undefined) {
      const ordered = step.ordered ?? vector.ordered ?? false;
      expectRows({ what, actual: rows, expected: step.expectOutput, ordered });
    } else if (form.op !== 'slice' && vector.expect === undefined && form.op !== 'mapWithState') {
      expectRows({ what, actual: rows, expected: [] });
    }
    await expectState(run, step, what);
    const [letter] = run.deadLetters();
    if (letter !== undefined) throw new Error(`a row was set aside: ${JSON.stringify(letter)}`);
  }
  checkWhole(vector, given);
}

async function takeStep(run: Driver, form: DStreamForm, { input = [] }: Step): Promise<void> {
  run.moveClock(batchMsOf(form));
  const [first] = sourcesOf(form);
  const bySource = Array.isArray(input) ? { [first!]: input } : input;
  const batch = Object.fromEntries(
    Object.entries(bySource as Readonly<Record<string, readonly Value[]>>).map(
      ([name, records]) => [name, records.map((x) => ({ x }))],
    ),
  );
  if (Object.values(batch).every((records) => records.length === 0)) await run.tick();
  else await run.push(batch);
}

async function expectState(run: Driver, step: Step, what: string): Promise<void> {
  if (step.expectState === undefined) return;
  const rows = await run.state(STATE);
  const actual = rows.map(({ key, value }) => [...key, value]);
  expectRows({ what: `${what}: state`, actual, expected: step.expectState });
}

/** What is expected of all steps together. */
function checkWhole({ expect = {} }: Vector, given: readonly (readonly Value[])[]): void {
  const all = given.flat();
  for (const [name, expected] of Object.entries(expect)) {
    switch (name) {
      case 'setOfOutputs': {
        const distinct = all.filter(
          (row, index) => all.findIndex((other) => isSame(row, other)) === index,
        );
        expectRows({ what: 'set of outputs', actual: distinct, expected: expected as Value[] });
        break;
      }
      case 'slices':
        for (const [fromMs, toMs, rows] of expected as [number, number, Value[]][]) {
          const records = all as readonly (readonly [number, Value])[];
          const actual = records.filter(([at]) => fromMs <= at && at <= toMs).map(([, x]) => x);
          expectSame(`slice from ${fromMs} to ${toMs}`, actual, rows);
        }
        break;
      // Shards are the partitions here, and no operator moves records between them.
      case 'partitionsPerBatch':
        break;
      default:
        unknown('what is expected in all', name);
    }
  }
}

const rowsOf = (run: Driver): Value[] =>
  run.output<{ readonly row: Value }>(SINK).map(({ row }) => row);
