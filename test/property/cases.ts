// How many cases a law is tried on. The cases are the same at every run, so that a run says something
// about a change and not about luck. Ten times as many, and others each time:
//
//   npx vitest run --mode thorough --testTimeout 0 test/property test/fuzz
//
// A failure prints its seed, its path and the shrunk case: put the first two beside `numRuns` to see
// it again.

const meta = import.meta as ImportMeta & { readonly env: { readonly MODE: string } };

/** Whether this run is the long one. */
export const THOROUGH = meta.env.MODE === 'thorough';

const CASES = 1_000;
const SEED = 20_260;

/** The parameters of `fc.assert` for `count` cases. */
export const cases = (count = CASES) =>
  THOROUGH ? { numRuns: 10 * count } : { numRuns: count, seed: SEED };
