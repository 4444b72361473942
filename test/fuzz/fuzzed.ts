import { expect, test } from 'vitest';
import { THOROUGH } from '../property/cases.ts';
import { type FuzzTarget, fuzz } from './fuzz.ts';

const CASES = 10_000;
const SEED = 20_261;

/** One test per target; a target that never refuses or never reads anything would prove nothing. */
export function fuzzed(targets: readonly FuzzTarget[]): void {
  test.each(targets.map((target) => [target.name, target] as const))(
    'a damaged %s is read or refused, in time and without side effects',
    (_, target) => {
      const run = THOROUGH
        ? { seed: Math.floor(Math.random() * 2 ** 32), cases: 20 * CASES }
        : { seed: SEED, cases: CASES };
      const { read, refused } = fuzz(target, run);
      expect(read + refused).toBe(run.cases);
      expect(read).toBeGreaterThan(run.cases / 1_000);
    },
    600_000,
  );
}
