// Checks the checkers: every planted bug has to be caught, and how many seeds that took is shown.

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundleRunner } from './bundle.ts';
import type { PlantedBug } from './planted/planted-bug.ts';
import type { Part, PartResult } from './run-part.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface CanaryResult {
  readonly name: string;
  readonly what: string;
  /** Trials that caught it. */
  readonly caughtCount: number;
  readonly trialCount: number;
  /** Seeds until it was caught, the median of all trials. */
  readonly medianSeeds: number;
  /** What gave it away first. */
  readonly firstViolation: string;
}

/** One lucky trial is not enough: a bug counts as caught when most of its trials caught it. */
export const isCaught = ({ caughtCount, trialCount }: CanaryResult): boolean =>
  caughtCount > trialCount / 2;

/** Seeds for all trials of one bug: the seed budget of a commit. */
const SEEDS_PER_BUG = 2_000;

const FOLDER = join(import.meta.dirname, 'planted');

/** Names of all planted bugs, that of their files. */
export const plantedNames = (): readonly string[] =>
  readdirSync(FOLDER)
    .map((file) => basename(file, '.ts'))
    .filter((name) => name !== 'planted-bug')
    .sort();

/** Plants one bug and runs seeds until it shows; each trial begins at another seed. */
export async function runCanary(
  pool: WorkerPool,
  name: string,
  trialCount: number,
): Promise<CanaryResult> {
  const { planted } = (await import(join(FOLDER, `${name}.ts`))) as { planted: PlantedBug };
  const bundlePath = await bundleRunner(`planted-${name}`, planted.edits);
  const scenarioNames = Object.keys(SCENARIOS);
  const only = planted.scenarioNames ?? scenarioNames;
  const seeds = Math.floor(SEEDS_PER_BUG / trialCount);
  const trials = Array.from({ length: trialCount }, (_, trial): Part => {
    const from = trial * seeds;
    return { mode: 'random', from, to: from + seeds, scenarioNames, only, untilCaught: true };
  });
  const results = await pool.runTogether(bundlePath, trials);
  const caught = results.filter(({ failures }) => failures.length > 0);
  const violation = caught[0]?.failures[0]?.violations[0];
  return {
    name,
    what: planted.what,
    caughtCount: caught.length,
    trialCount,
    medianSeeds: medianOf(results.map((result, trial) => seedsTaken(result, trial * seeds))),
    firstViolation: violation === undefined ? '' : `${violation.invariant}: ${violation.what}`,
  };
}

/** Seeds of a commit's campaign up to the failing one; those of scenarios that were left out count. */
const seedsTaken = ({ failures: [failure] }: PartResult, from: number) =>
  failure === undefined ? Number.POSITIVE_INFINITY : failure.index - from + 1;

const medianOf = (numbers: readonly number[]) =>
  [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)]!;
