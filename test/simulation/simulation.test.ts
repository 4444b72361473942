// The campaigns of a commit: every planted bug is caught, the engine holds under two thousand seeds
// and under every fault at every call, and what failed once does not fail again.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCampaign } from './campaign.ts';
import { isCaught, plantedNames, runCanary } from './canaries.ts';
import type { Mode } from './plans.ts';
import { regressionPaths } from './recorded.ts';
import { replay } from './replay.ts';
import { missedCells, missedStates } from './reporter.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';
import { WorkerPool } from './worker-pool.ts';

const SEEDS = 2_000;
const CAMPAIGN_MS = 600_000;

// One worker leaves the other processor to the rest of the tests.
let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(1);
});
afterAll(() => pool.end());

const campaign = (mode: Mode, count?: number) =>
  runCampaign({
    mode,
    pool,
    first: 0,
    scenarioNames: Object.keys(SCENARIOS),
    ...(count === undefined ? {} : { count }),
    onProgress: () => undefined,
  });

describe('the engine', () => {
  test(
    `holds under ${SEEDS} random fault plans, each of which gives one trace`,
    async () => {
      const result = await campaign('random', SEEDS);
      expect(result.failures).toEqual([]);
      expect(result.unequal).toEqual([]);
      expect(missedStates(result)).toEqual([]);
      expect(missedCells(result)).toEqual([]);
      expect(result.rerunCount).toBe(SEEDS / 20);
    },
    CAMPAIGN_MS,
  );

  test(
    'holds under every kind of fault at every call',
    async () => {
      const result = await campaign('exhaustive');
      expect(result.failures).toEqual([]);
      expect(result.unequal).toEqual([]);
    },
    CAMPAIGN_MS,
  );

  test(
    'comes to its end when its sandboxes die after ever more calls',
    async () => {
      const result = await campaign('walk');
      expect(result.failures).toEqual([]);
    },
    CAMPAIGN_MS,
  );

  test.each(regressionPaths())('holds where it failed once: %s', async (path) => {
    expect((await replay(path)).violations).toEqual([]);
  });
});

describe('a planted bug is caught', () => {
  test.each(plantedNames())(
    '%s',
    async (name) => {
      const canary = await runCanary(pool, name, 1);
      expect(canary).toSatisfy(isCaught);
    },
    CAMPAIGN_MS,
  );
});
