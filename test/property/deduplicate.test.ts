import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeduplicateNode } from '../../lib/plan/plan.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { PassDrive } from '../support/passes.ts';
import { keyOf, restart, straightPlan, watermark } from '../support/straight-plan.ts';
import { cases } from './cases.ts';

interface Row {
  readonly k: string | null;
  readonly at: number;
  readonly n: number;
}

const DELAY_MS = 20_000;
const FORGETS: readonly DeduplicateNode['forget'][] = ['never', 'time', 7_000, DELAY_MS, 45_000];

/** Rows that are at most `backMs` behind the newest before them. */
const rowsBehind = (backMs: number) =>
  fc
    .array(
      fc.record({
        step: fc.integer({ min: 0, max: 8 }),
        back: fc.integer({ min: 0, max: Math.floor(backMs / 1_000) }),
        k: fc.constantFrom('a', '', null),
      }),
      { minLength: 1, maxLength: 30 },
    )
    .map((steps) => {
      let newest = 30_000;
      return steps.map(({ step, back, k }, n): Row => {
        const at = newest + 1_000 * (step - back);
        newest = Math.max(newest, at);
        return { k, at, n };
      });
    });

const cuts = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 8 });
const forgets = fc.constantFrom(...FORGETS);

function cut(rows: readonly Row[], lengths: readonly number[]): Row[][] {
  const batches: Row[][] = [];
  for (let from = 0; from < rows.length; from += batches.at(-1)!.length) {
    batches.push(rows.slice(from, from + lengths[batches.length % lengths.length]!));
  }
  return batches;
}

const planOf = (forget: DeduplicateNode['forget']) =>
  straightPlan(watermark(DELAY_MS), {
    kind: 'deduplicate',
    uid: 'dedup',
    key: keyOf(...keyFields(forget)),
    forget,
  });

const keyFields = (forget: DeduplicateNode['forget']) => (forget === 'time' ? ['k', 'at'] : ['k']);

/** The same by a list of the rows that passed: each counts until the watermark has outlived it. */
function naive(batches: readonly Row[][], forget: DeduplicateNode['forget']) {
  const passed: Row[] = [];
  let watermarkMs = 0;
  let late = 0;
  for (const batch of batches) {
    for (const row of batch) {
      if (row.at <= watermarkMs) {
        late += 1;
        continue;
      }
      const isKnown = passed.some(
        ({ k, at }) =>
          k === row.k &&
          (forget === 'never' || (forget === 'time' ? at === row.at : at + forget > watermarkMs)),
      );
      if (!isKnown) passed.push(row);
    }
    watermarkMs = Math.max(watermarkMs, ...batch.map(({ at }) => at - DELAY_MS));
  }
  return { passed, late };
}

test('rows pass as by a naive evaluation of the same batches, cold or from deltas', () => {
  fc.assert(
    fc.property(rowsBehind(2 * DELAY_MS), cuts, forgets, (rows, lengths, forget) => {
      const drive = new PassDrive(planOf(forget));
      const folded = KeyedState.empty();
      const passed: unknown[] = [];
      let late = 0;
      const batches = cut(rows, lengths);
      for (const batch of batches) {
        const { rows: given, result, delta } = drive.push(batch);
        passed.push(...(given['out'] ?? []));
        late += result.counts.late;
        folded.applyDelta(delta);
        expect(folded.encodeSegments()).toEqual(drive.state.encodeSegments());
        restart(drive);
      }
      expect({ passed, late }).toEqual(naive(batches, forget));
    }),
    cases(300),
  );
});

test('where no row is late, the cut decides nothing about keys that time alone forgets', () => {
  fc.assert(
    fc.property(
      rowsBehind(DELAY_MS - 1_000),
      cuts,
      fc.constantFrom('never', 'time'),
      (rows, lengths, forget) => {
        const drive = new PassDrive(planOf(forget));
        const passed = cut(rows, lengths).flatMap((batch) => drive.push(batch).rows['out'] ?? []);
        expect(passed).toEqual(naive([[...rows]], forget).passed);
      },
    ),
    cases(300),
  );
});
