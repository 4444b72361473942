import { expect, test } from 'vitest';
import { drawFrom } from './cuts.ts';
import { hasOperator } from './forms.ts';
import { randomCase } from './random-plan.ts';
import { Reference } from './reference.ts';
import { runStructured } from './run-structured.ts';
import type { Step, Vector } from './vector.ts';

const SEEDS = Number(process.env['VECTORS_SEEDS'] ?? 200);

/** A random plan, with what a naive evaluation of it gives, as a vector. */
function vectorOf(seed: number): Vector {
  const { form, steps } = randomCase(drawFrom(seed));
  const reference = new Reference(form);
  const hasWatermark = Object.values(form.sources).some(({ eventTime }) => eventTime !== undefined);
  return {
    id: String(seed),
    class: 'STEP',
    semantics: JSON.parse(JSON.stringify(form)) as Vector['semantics'],
    steps: steps.map((input): Step => {
      const { rows, state, watermark, dropped } = reference.step(input);
      const counts = state.flatMap((count) => (count === null ? [] : [count]));
      return {
        input,
        expectOutput: rows,
        ...(hasWatermark ? { expectWatermark: watermark } : {}),
        ...(counts.length < state.length ? {} : { expectStateRows: counts }),
        ...(hasOperator(form.root, 'agg') ? {} : { expectDroppedLate: dropped }),
      };
    }),
  };
}

const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

test.each(seeds)(
  'random plan %i gives what a naive evaluation gives, batch by batch',
  async (seed) => {
    await runStructured(vectorOf(seed));
  },
);

test('random plans give out rows', () => {
  const counts = seeds.map((seed) =>
    vectorOf(seed).steps.reduce((sum, { expectOutput }) => sum + expectOutput!.length, 0),
  );
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(SEEDS / 2);
});
