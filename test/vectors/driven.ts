// How steps of a structured vector are taken by a driven pipeline, and what it shows.

import type { Driver } from '../../lib/testing/index.ts';
import { type Batch, isEmpty } from './cuts.ts';
import { emitsEmptyGlobal, reads, rowOf, type StructuredForm } from './forms.ts';
import { SINK } from './plan-structured.ts';
import { type Step, unknown, type Value } from './vector.ts';

export async function takeStep(
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

export function rowsOf(run: Driver): readonly Value[] {
  return run.output<{ readonly row: Value }>(SINK).map(({ row }) => row);
}

export function expectNothingDead(run: Driver): void {
  const [letter] = run.deadLetters();
  if (letter === undefined) return;
  throw new Error(`a row was set aside: ${JSON.stringify(letter)}`);
}

/** The records of a step, as rows. */
export function batchOf(form: StructuredForm, { input = [] }: Step): Batch {
  const sources = Object.keys(form.sources);
  const bySource = Array.isArray(input) ? { [sources[0]!]: input } : input;
  const used = Object.entries(bySource as Readonly<Record<string, readonly Value[]>>).filter(
    ([name]) => {
      if (form.sources[name] === undefined) unknown('a source', name);
      return reads(form.root, name);
    },
  );
  return Object.fromEntries(
    used.map(([name, rows]) => [
      name,
      rows.map((row) => rowOf(form.sources[name]!.columns, row as readonly Value[])),
    ]),
  );
}
